"""A GAN of dense layers that remakes images, with a discriminator each for normals and anomalies.

The lesser model of "Anomaly Detection on FashionMNIST" (Ahmed, student project, Sapienza): after
Kim et al. (2020), but a "traditional GAN instead of DCGAN", and every loss is a mean squared error.
Its notebook cannot be read: widths, weights and rates are ours, or another project's of the course.
Differs from what is known of them: minus the squared error of an anomaly, which has no lower bound,
is clipped at 1.
"""

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Loss, Phase, Stage
from models.detectors.two_discriminator_gan.losses import anomaly_between_class
from models.losses.adversarial import deception, discrimination
from models.losses.errors import per_image, reconstruction_parts
from models.networks.convolutional import leaky_relu
from models.networks.mlp import Mlp

_MOST_ERROR = 1.0
"""Of the squared error of an anomaly, of pixels in [-1, 1]: more of it is no gain."""


class TraditionalGan(Detector):
    """Networks: `generator`, `normal_discriminator`, `anomaly_discriminator`."""

    @override
    def networks(self) -> dict[str, nn.Module]:
        width, pixels = self.number("width"), self.channels * self.size**2
        down = (pixels, 8 * width, 4 * width)
        return {
            "generator": Mlp((*down, self.number("latent"), *reversed(down))),
            "normal_discriminator": Mlp((*down, 1), leaky_relu),
            "anomaly_discriminator": Mlp((*down, 1), leaky_relu),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        discriminators = Phase(
            name="discriminators",
            trains=("normal_discriminator", "anomaly_discriminator"),
            loss=self._discriminator_loss,
            optimizer=Adam(
                learning_rate="discriminator_lr", beta1="beta1", weight_decay="weight_decay"
            ),
        )
        generator = Phase(
            name="generator",
            trains=("generator",),
            loss=self._generator_loss,
            optimizer=Adam(
                learning_rate="generator_lr", beta1="beta1", weight_decay="weight_decay"
            ),
            every=self.number("discriminator_steps"),
        )
        return (Stage(phases=(discriminators, generator), forward=self._forward),)

    def _forward(self, model: Model, batch: Batch) -> Tensors:
        return {"remade": self.reconstruct(model, batch.images)}

    def _discriminator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        images, remade = batch.images, shared["remade"].detach()
        kind = self.word("adversarial")
        normal = discrimination(
            kind,
            _logits(model, "normal", batch.normals(images)),
            _logits(model, "normal", batch.normals(remade)),
        )
        anomaly = discrimination(
            kind,
            _logits(model, "anomaly", batch.anomalies(images)),
            _logits(model, "anomaly", batch.anomalies(remade)),
        )
        terms = {"normal_discriminator": normal, "anomaly_discriminator": anomaly}
        return Loss(normal + anomaly, terms)

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        remade, kind = shared["remade"], self.word("adversarial")
        squared = (batch.images - remade).square()
        normal = _logits(model, "normal", batch.normals(remade))
        anomaly = _logits(model, "anomaly", batch.anomalies(remade))
        terms = {
            "reconstruction": batch.normals(squared).mean(),
            "normal_adversarial": deception(kind, normal),
            # What passes for fake is what minus whose logit passes for real.
            "anomaly_adversarial": deception(kind, -anomaly),
            "anomaly": self._anomaly_loss(batch.anomalies(squared)),
        }
        return Loss.weighted(terms, model.settings)

    def _anomaly_loss(self, squared: Tensor) -> Tensor:
        if self.word("anomaly_loss") == "abc":
            return anomaly_between_class(squared)
        return -per_image(squared).clamp_max(_MOST_ERROR).mean()

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        parts = reconstruction_parts(images - self.reconstruct(model, images))
        parts["normal_discriminator"] = -_logits(model, "normal", images)
        parts["anomaly_discriminator"] = _logits(model, "anomaly", images)
        return parts

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        rows: Tensor = model("generator", images.flatten(1))
        return rows.tanh().view(images.shape)


def _logits(model: Model, kind: str, images: Tensor) -> Tensor:
    """What a discriminator says of each image [N]: above 0 is real."""
    logits: Tensor = model(f"{kind}_discriminator", images.flatten(1))
    return logits[:, 0]


DETECTOR = TraditionalGan
