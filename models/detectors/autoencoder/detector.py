"""A convolutional autoencoder without skips, trained on normal images alone.

The baseline of "Anomaly Detection on FashionMNIST", a student project after Kim et al. (2020). Its
published threshold is the final mean training loss, the error over the fit normals. That lies
near the median error of normals, so it rejects about half of them.
"""

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Loss, Phase, Stage
from models.losses.errors import reconstruction_parts
from models.losses.similarity import reconstruction_loss
from models.networks.convolutional import ACTIVATIONS, Decoder, Encoder, pyramid_widths


class Autoencoder(Detector):
    """Networks: `encoder`, `decoder`."""

    @override
    def networks(self) -> dict[str, nn.Module]:
        widths = pyramid_widths(self.number("width"), self.size)
        encoding, decoding = ACTIVATIONS[self.word("activation")]
        return {
            "encoder": Encoder(self.channels, widths, encoding),
            "decoder": Decoder(self.channels, widths, decoding, skips=False),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        phase = Phase(
            name="autoencoder",
            trains=("encoder", "decoder"),
            loss=self._loss,
            optimizer=Adam(beta1="beta1"),
        )
        return (Stage(phases=(phase,)),)

    def _loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        remade = self.reconstruct(model, batch.images)
        error = reconstruction_loss(self.word("loss"), batch.images, remade, black=-1.0)
        return Loss(error, {"reconstruction": error})

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        return reconstruction_parts(images - self.reconstruct(model, images))

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        remade: Tensor = model("decoder", model("encoder", images))
        return remade


DETECTOR = Autoencoder
