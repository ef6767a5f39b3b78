"""FenceGAN: generated images enclose the normal ones, and the discriminator is the score.

Ngo, Winarto, Kou, Park, Akram, Lee: "Fence GAN: Towards Better Anomaly Detection", ICTAI 2019. The
generator is not to deceive the discriminator but to reach a fixed probability alpha of being real,
below that of the normals, with its images spread about: a fence around them. The discriminator
learns first alone, then against it. It sees real and generated images in two steps with one Adam.

Differs from the paper: one batch serves all steps of a training step; generated images have the
generator's batch statistics where the released code gives the discriminator those of its running
ones; the generator normalises before its activations, not after them; torch's own start in place of
N(0, 0.02); no dropout and no decay of the learning rate, which the paper has on CIFAR-10; above
32 x 32 the pyramids of `models.networks.latent`. The released code sets gamma to a variable that
its loss does not read; here it weights as in the paper's text.
"""

from collections.abc import Mapping

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Draw, Loss, Phase, Stage
from models.hyperparameters import Value
from models.losses.adversarial import to_target
from models.losses.dispersion import spread_about_mean
from models.networks.dense import discriminator, generator


class FenceGan(Detector):
    """Networks: `generator`, `discriminator`, the latter without batch statistics.

    The images that the discriminator learns from and the generator's own have noise of their own.
    """

    def __init__(self, structure: Mapping[str, Value], channels: int, size: int):
        super().__init__(structure, channels, size)
        self.prior = self._noise("generator_noise")

    def _noise(self, name: str) -> Draw:
        return Draw(name=name, shape=(self.number("latent"),))

    @override
    def networks(self) -> dict[str, nn.Module]:
        width = self.number("width")
        return {
            "generator": generator(self.number("latent"), self.channels, width, self.size),
            "discriminator": discriminator(self.channels, width, self.size, norm=False),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        judging = Adam(
            learning_rate="discriminator_lr",
            beta1="beta1",
            weight_decay="discriminator_weight_decay",
        )
        on_real, on_fake = (
            Phase(
                name=f"discriminator_{kind}",
                trains=("discriminator",),
                loss=loss,
                optimizer=judging,
                moments="discriminator",
            )
            for kind, loss in (("real", self._real_loss), ("fake", self._fake_loss))
        )
        fencing = Phase(
            name="generator",
            trains=("generator",),
            loss=self._generator_loss,
            optimizer=Adam(learning_rate="generator_lr", beta1="beta1"),
            every=self.number("discriminator_steps"),
        )
        draws = (self._noise("discriminator_noise"), self._noise("generator_noise"))
        return (
            Stage(name="pretraining", phases=(on_real, on_fake), draws=draws[:1]),
            Stage(name="training", phases=(on_real, on_fake, fencing), draws=draws),
        )

    def _real_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        real = to_target(self.word("adversarial"), self._logits(model, batch.images), 1.0)
        return Loss(real, {"real": real})

    def _fake_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        fake = self.generate(model, batch.draws["discriminator_noise"])
        terms = {"fake": to_target(self.word("adversarial"), self._logits(model, fake), 0.0)}
        return Loss.weighted(terms, model.settings)

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        fence = self.generate(model, batch.draws["generator_noise"])
        alpha = model.settings["encirclement_target"]
        terms = {
            "encirclement": to_target(self.word("adversarial"), self._logits(model, fence), alpha),
            "dispersion": 1 / spread_about_mean(fence),
        }
        return Loss.weighted(terms, model.settings)

    def _logits(self, model: Model, images: Tensor) -> Tensor:
        """Of being real [N]."""
        logits: Tensor = model("discriminator", images)[1]
        return logits

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        logits = self._logits(model, images)
        return {"logit": -logits, "probability": (-logits).sigmoid()}

    @override
    def generate(self, model: Model, noise: Tensor) -> Tensor:
        images: Tensor = model("generator", noise)
        return images


DETECTOR = FenceGan
