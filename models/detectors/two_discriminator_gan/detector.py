"""The two-discriminator U-Net GAN: losses of each phase, and the parts of its score.

Kim, Jeong, Choi, Seo: "GAN-based anomaly detection in imbalance problems", ECCV workshops 2020.
The generator remakes normal images well and known anomalies badly; one discriminator judges each
kind. Differs from the paper: normals and anomalies pass the generator in one batch, since separate
ones let BatchNorm give the label away; the discriminators have a head for the whole image too.
"""

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Batch, Detector, Loss, Networks, Phase, Tensors
from models.detectors.convolutional import (
    ACTIVATIONS,
    Decoder,
    Encoder,
    initialise_dcgan,
    pyramid_widths,
)
from models.detectors.errors import patch_errors, per_image, region_errors, worst_patches
from models.detectors.two_discriminator_gan.losses import (
    adversarial,
    anomaly_between_class,
    discrimination,
)
from models.detectors.two_discriminator_gan.networks import Discriminator
from models.hyperparameters import Value


class TwoDiscriminatorGan(Detector):
    """Networks: `encoder`, `decoder`, `normal_discriminator`, `anomaly_discriminator`."""

    def __init__(self) -> None:
        # Both discriminators share a phase: their parameters are disjoint and Adam works on each
        # number alone, so this is the same as an optimizer for each.
        self.phases = (
            Phase(
                name="discriminators",
                trains=("normal_discriminator", "anomaly_discriminator"),
                loss=_discriminator_loss,
                learning_rate="discriminator_lr",
                beta1="beta1",
            ),
            Phase(
                name="generator",
                trains=("encoder", "decoder"),
                loss=_generator_loss,
                learning_rate="generator_lr",
                beta1="beta1",
            ),
        )

    @override
    def networks(
        self, structure: Mapping[str, Value], channels: int, size: int
    ) -> dict[str, nn.Module]:
        width, head = int(structure["width"]), str(structure["discriminator_head"])
        widths = pyramid_widths(width, size)
        encoding, decoding = ACTIVATIONS[str(structure["activation"])]
        networks: dict[str, nn.Module] = {
            "encoder": Encoder(channels, widths, encoding),
            "decoder": Decoder(channels, widths, decoding, skips=True),
            "normal_discriminator": Discriminator(channels, width, size, head),
            "anomaly_discriminator": Discriminator(channels, width, size, head),
        }
        if structure["initialisation"] == "dcgan":
            for network in networks.values():
                initialise_dcgan(network)
        return networks

    @override
    def forward(self, networks: Networks, batch: Batch) -> Tensors:
        features = _features(networks, batch.images)
        return {"latent": features[-1], "remade": _decoded(networks, features)}

    @override
    def score_parts(
        self, networks: Networks, images: Tensor, settings: Mapping[str, Tensor]
    ) -> Tensors:
        features = _features(networks, images)
        remade = _decoded(networks, features)
        difference = images - remade
        patches = patch_errors(difference.abs())
        parts = {
            "error": per_image(difference.abs()),
            "squared_error": per_image(difference.square()),
            "patch": worst_patches(patches, settings["patch_n"]),
            "worst_patch": patches.amax(1),
            "latent": per_image((features[-1] - _features(networks, remade)[-1]).abs()),
        }
        # Where an error lies tells as well: 0.1 to 0.4 points of AUROC for the mixture.
        for place, region in enumerate(region_errors(difference.abs()).unbind(1), start=1):
            parts[f"region_{place}"] = region
        for kind, sign in (("normal", -1.0), ("anomaly", 1.0)):
            for seen, shown in (("image", images), ("reconstruction", remade)):
                heads = _heads(networks, f"{kind}_discriminator", shown)
                parts[f"{kind}_discriminator_{seen}"] = sign * _verdict(heads)
        return parts

    @override
    def reconstruct(self, networks: Networks, images: Tensor) -> Tensor:
        return _decoded(networks, _features(networks, images))


def _discriminator_loss(networks: Networks, batch: Batch, shared: Tensors) -> Loss:
    remade = shared["remade"].detach()
    normal = discrimination(
        _heads(networks, "normal_discriminator", batch.normals(batch.images)),
        _heads(networks, "normal_discriminator", batch.normals(remade)),
    )
    anomaly = discrimination(
        _heads(networks, "anomaly_discriminator", batch.anomalies(batch.images)),
        _heads(networks, "anomaly_discriminator", batch.anomalies(remade)),
    )
    terms = {"normal_discriminator": normal, "anomaly_discriminator": anomaly}
    return Loss(normal + anomaly, terms)


def _generator_loss(networks: Networks, batch: Batch, shared: Tensors) -> Loss:
    remade, settings = shared["remade"], batch.hyperparameters
    error = (batch.images - remade).abs()
    patches = patch_errors(batch.normals(error))
    # The whole mixed batch is encoded again, so that its statistics are those of the first pass.
    again = _features(networks, remade, update_statistics=False)[-1]
    terms = {
        "reconstruction": batch.normals(error).mean(),
        "patch": worst_patches(patches, settings["patch_n"]).mean(),
        "encoder": batch.normals(shared["latent"] - again).abs().mean(),
        "normal_adversarial": adversarial(
            _heads(networks, "normal_discriminator", batch.normals(remade)), 1.0
        ),
        "anomaly_adversarial": adversarial(
            _heads(networks, "anomaly_discriminator", batch.anomalies(remade)), 0.0
        ),
        "abc": anomaly_between_class(batch.anomalies(error)),
    }
    weighted = [settings[f"{name}_weight"] * term for name, term in terms.items()]
    return Loss(sum(weighted[1:], weighted[0]), terms)


def _features(networks: Networks, images: Tensor, update_statistics: bool = True) -> list[Tensor]:
    return cast(list[Tensor], networks("encoder", images, update_statistics=update_statistics))


def _decoded(networks: Networks, features: list[Tensor]) -> Tensor:
    return cast(Tensor, networks("decoder", features))


def _heads(networks: Networks, name: str, images: Tensor) -> list[Tensor]:
    return cast(list[Tensor], networks(name, images))


def _verdict(heads: list[Tensor]) -> Tensor:
    """Mean logit of each head, added up [N]: logits, since probabilities saturate."""
    means = [per_image(logits) for logits in heads]
    return sum(means[1:], means[0])


DETECTOR = TwoDiscriminatorGan()
