"""A convolutional autoencoder without skips, trained with L1 on normal images alone.

The baseline of "Anomaly Detection on FashionMNIST", a student project after Kim et al. (2020). Its
published threshold is the final mean training loss, the error over the fit normals. That lies
near the median error of normals, so it rejects about half of them.
"""

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Batch, Detector, Loss, Networks, Phase, Tensors
from models.detectors.convolutional import ACTIVATIONS, Decoder, Encoder, pyramid_widths
from models.detectors.errors import patch_errors, per_image
from models.detectors.maps import smoothed
from models.hyperparameters import Value


class Autoencoder(Detector):
    """Networks: `encoder`, `decoder`."""

    def __init__(self) -> None:
        self.phases = (
            Phase(
                name="autoencoder",
                trains=("encoder", "decoder"),
                loss=_loss,
                learning_rate="learning_rate",
                beta1="beta1",
            ),
        )

    @override
    def networks(
        self, structure: Mapping[str, Value], channels: int, size: int
    ) -> dict[str, nn.Module]:
        widths = pyramid_widths(int(structure["width"]), size)
        encoding, decoding = ACTIVATIONS[str(structure["activation"])]
        return {
            "encoder": Encoder(channels, widths, encoding),
            "decoder": Decoder(channels, widths, decoding, skips=False),
        }

    @override
    def score_parts(
        self, networks: Networks, images: Tensor, settings: Mapping[str, Tensor]
    ) -> Tensors:
        difference = images - self.reconstruct(networks, images)
        return {
            "error": per_image(difference.abs()),
            "squared_error": per_image(difference.square()),
            "worst_patch": patch_errors(difference.abs()).amax(1),
            "map_peak": smoothed(difference.abs().mean(1)).flatten(1).amax(1),
        }

    @override
    def reconstruct(self, networks: Networks, images: Tensor) -> Tensor:
        return _remade(networks, images)


def _remade(networks: Networks, images: Tensor) -> Tensor:
    return cast(Tensor, networks("decoder", networks("encoder", images)))


def _loss(networks: Networks, batch: Batch, shared: Tensors) -> Loss:
    error = (batch.images - _remade(networks, batch.images)).abs().mean()
    return Loss(error, {"reconstruction": error})


DETECTOR = Autoencoder()
