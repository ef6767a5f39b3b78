"""The two-discriminator U-Net GAN: losses of each phase, and the parts of its score.

Kim, Jeong, Choi, Seo: "GAN-based anomaly detection in imbalance problems", ECCV workshops 2020.
The generator remakes normal images well and known anomalies badly; one discriminator judges each
kind. Differs from the paper: normals and anomalies pass the generator in one batch, since separate
ones let BatchNorm give the label away; the discriminators have a head for the whole image too.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.augmentation import DRAW, augmented
from models.detectors.base import Detector
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Loss, Phase, Stage
from models.detectors.two_discriminator_gan.losses import (
    adversarial,
    anomaly_between_class,
    discrimination,
)
from models.losses.errors import patch_errors, per_image, region_errors, worst_patches
from models.networks.convolutional import (
    ACTIVATIONS,
    Decoder,
    Encoder,
    initialise_dcgan,
    pyramid_widths,
)
from models.networks.patch_discriminator import PatchDiscriminator


class TwoDiscriminatorGan(Detector):
    """Networks: `encoder`, `decoder`, `normal_discriminator`, `anomaly_discriminator`."""

    skips = True
    """Whether the decoder sees the features of every level of the encoder, or the last alone."""

    @override
    def networks(self) -> dict[str, nn.Module]:
        width, head = self.number("width"), self.word("discriminator_head")
        widths = pyramid_widths(width, self.size)
        encoding, decoding = ACTIVATIONS[self.word("activation")]
        judge = (self.channels, width, self.size, head)
        networks: dict[str, nn.Module] = {
            "encoder": Encoder(self.channels, widths, encoding),
            "decoder": Decoder(self.channels, widths, decoding, self.skips),
            "normal_discriminator": PatchDiscriminator(*judge),
            "anomaly_discriminator": PatchDiscriminator(*judge),
        }
        if self.word("initialisation") == "dcgan":
            for network in networks.values():
                initialise_dcgan(network)
        return networks

    @override
    def stages(self) -> tuple[Stage, ...]:
        # Both discriminators share a phase: their parameters are disjoint and Adam works on each
        # number alone, so this is the same as an optimizer for each.
        discriminators = Phase(
            name="discriminators",
            trains=("normal_discriminator", "anomaly_discriminator"),
            loss=self._discriminator_loss,
            optimizer=Adam(learning_rate="discriminator_lr", beta1="beta1"),
        )
        generator = Phase(
            name="generator",
            trains=("encoder", "decoder"),
            loss=self._generator_loss,
            optimizer=Adam(learning_rate="generator_lr", beta1="beta1"),
            every=self.number("discriminator_steps"),
        )
        phases = (discriminators, generator)
        return (Stage(phases=phases, forward=self._forward, draws=(DRAW,)),)

    def _forward(self, model: Model, batch: Batch) -> Tensors:
        images = augmented(batch.images, batch.draws[DRAW.name], self.word("augmentation"))
        features = model("encoder", images)
        return {"images": images, "latent": features[-1], "remade": model("decoder", features)}

    def _discriminator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        images, remade = shared["images"], shared["remade"].detach()
        normal = discrimination(
            model("normal_discriminator", batch.normals(images)),
            model("normal_discriminator", batch.normals(remade)),
        )
        anomaly = discrimination(
            model("anomaly_discriminator", batch.anomalies(images)),
            model("anomaly_discriminator", batch.anomalies(remade)),
        )
        terms = {"normal_discriminator": normal, "anomaly_discriminator": anomaly}
        return Loss(normal + anomaly, terms)

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        remade = shared["remade"]
        error = (shared["images"] - remade).abs()
        patches = patch_errors(batch.normals(error))
        # The whole mixed batch is encoded again, so its statistics are those of the first pass.
        again = model("encoder", remade, update_statistics=False)[-1]
        terms = {
            "reconstruction": batch.normals(error).mean(),
            "patch": worst_patches(patches, model.settings["patch_n"]).mean(),
            "encoder": batch.normals(shared["latent"] - again).abs().mean(),
            "normal_adversarial": adversarial(
                model("normal_discriminator", batch.normals(remade)), 1.0
            ),
            "anomaly_adversarial": adversarial(
                model("anomaly_discriminator", batch.anomalies(remade)), 0.0
            ),
            "abc": anomaly_between_class(batch.anomalies(error)),
        }
        return Loss.weighted(terms, model.settings)

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        features = model("encoder", images)
        remade = model("decoder", features)
        difference = images - remade
        patches = patch_errors(difference.abs())
        parts = {
            "error": per_image(difference.abs()),
            "squared_error": per_image(difference.square()),
            "patch": worst_patches(patches, model.settings["patch_n"]),
            "worst_patch": patches.amax(1),
            "latent": per_image((features[-1] - model("encoder", remade)[-1]).abs()),
        }
        # Where an error lies tells as well: 0.1 to 0.4 points of AUROC for the mixture.
        for place, region in enumerate(region_errors(difference.abs()).unbind(1), start=1):
            parts[f"region_{place}"] = region
        for kind, sign in (("normal", -1.0), ("anomaly", 1.0)):
            for seen, shown in (("image", images), ("reconstruction", remade)):
                heads = model(f"{kind}_discriminator", shown)
                parts[f"{kind}_discriminator_{seen}"] = sign * _verdict(heads)
        return parts

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        remade: Tensor = model("decoder", model("encoder", images))
        return remade


def _verdict(heads: Sequence[Tensor]) -> Tensor:
    """Mean logit of each head, added up [N]: logits, since probabilities saturate."""
    means = [per_image(logits) for logits in heads]
    return sum(means[1:], means[0])


DETECTOR = TwoDiscriminatorGan
