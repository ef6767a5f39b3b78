"""AnoGAN: a GAN of normal images, and for each image a search for the nearest that it can make.

Schlegl, Seeböck, Waldstein, Schmidt-Erfurth, Langs: "Unsupervised Anomaly Detection with Generative
Adversarial Networks to Guide Marker Discovery", IPMI 2017. An image is anomalous as far as the
generator's nearest image is from it, in pixels (the residual loss) and in the discriminator's
features (the discrimination loss). The search minimises A(x) = (1 - lambda) sum |x - G(z)| +
lambda sum |f(x) - f(G(z))| over z. Networks and search are those of Zenati et al. (2018).

Differs from the paper: both sums are divided by the number of an image's values, which leaves their
ratio; lambda is tuned after the search, which keeps 0.1; all images are searched from the same
starts; images are scored by averaged weights; real and made images pass the discriminator together.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.anogan.hyperparameters import FEATURE_SHARE
from models.detectors.anogan.networks import Starts
from models.detectors.base import Detector
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Draw, Loss, LossFunction, Phase, Stage
from models.hyperparameters import Value
from models.losses.adversarial import deception, discrimination
from models.losses.errors import reconstruction_parts
from models.losses.gradients import latent_search
from models.networks.dense import discriminator, generator


def search_pace(done: float) -> float:
    """The factor of the search's step size, by the share of its steps that is done."""
    if done < 0.4:
        return 1.0
    return 0.1 if done < 0.6 else 0.05


class AnoGan(Detector):
    """Networks: `generator`, `discriminator`, and `starts`, which is not trained."""

    scored_per_epoch = 500
    scored_at_once = 16

    def __init__(self, structure: Mapping[str, Value], channels: int, size: int):
        super().__init__(structure, channels, size)
        self._noise = Draw(name="noise", shape=(self.number("latent"),))
        self.prior = self._noise

    @override
    def networks(self) -> dict[str, nn.Module]:
        latent, width = self.number("latent"), self.number("width")
        return {
            "generator": generator(latent, self.channels, width, self.size),
            "discriminator": discriminator(self.channels, width, self.size),
            "starts": Starts(self.number("restarts"), latent),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        every = self.number("discriminator_steps")
        phases = (
            self._phase("discriminator", self._discriminator_loss),
            self._phase("generator", self._generator_loss, every),
        )
        draws = (self._noise,)
        return (Stage(phases=phases, draws=draws, forward=self._forward, average="average"),)

    def _phase(self, network: str, loss: LossFunction, every: int = 1) -> Phase:
        optimizer = Adam(beta1="beta1")
        return Phase(name=network, trains=(network,), loss=loss, optimizer=optimizer, every=every)

    def _forward(self, model: Model, batch: Batch) -> Tensors:
        return {"made": model("generator", batch.draws["noise"])}

    def _discriminator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        real, fake = self._judged(model, batch.images, shared["made"].detach())
        loss = discrimination(self.word("adversarial"), real, fake)
        return Loss(loss, {"discriminator": loss})

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        _, fake = self._judged(model, batch.images, shared["made"])
        loss = deception(self.word("adversarial"), fake)
        return Loss(loss, {"generator": loss})

    def _judged(self, model: Model, real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N] of real and of made images, which pass together."""
        _, logits = model("discriminator", torch.cat([real, made]))
        return logits[: len(real)], logits[len(real) :]

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        remade = self.reconstruct(model, images)
        _, features = self._distances(model, images, self._features(model, images), remade)
        return {**reconstruction_parts(images - remade), "features": features}

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        remade: Tensor = model("generator", self._nearest(model, images))
        return remade

    def _nearest(self, model: Model, images: Tensor) -> Tensor:
        """The latent vectors [N, L] of the nearest images that were found."""
        starts = model("starts")
        restarts, latent = starts.shape
        shown = images.repeat_interleave(restarts, 0)
        seen = self._features(model, images).repeat_interleave(restarts, 0)

        def losses(vectors: Tensor) -> Tensor:
            made = model("generator", vectors)
            residual, features = self._distances(model, shown, seen, made)
            return (1 - FEATURE_SHARE) * residual + FEATURE_SHARE * features

        def rate(done: float) -> Tensor:
            return model.settings["search_rate"] * search_pace(done)

        found = latent_search(
            losses, starts.repeat(len(images), 1), self.number("search_steps"), rate
        )
        best = losses(found).view(-1, restarts).argmin(1)
        of_each = found.view(-1, restarts, latent)
        return of_each.gather(1, best[:, None, None].expand(-1, 1, latent))[:, 0]

    def _distances(
        self, model: Model, images: Tensor, features: Tensor, made: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Residual and discrimination loss [N] of images, whose features these are.

        Sums, as in the paper, divided by the number of an image's values: features too.
        """
        values = self.channels * self.size**2
        residual = (images - made).abs().flatten(1).sum(1) / values
        apart = (features - self._features(model, made)).abs().flatten(1).sum(1) / values
        return residual, apart

    def _features(self, model: Model, images: Tensor) -> Tensor:
        features: Tensor = model("discriminator", images)[0]
        return features

    @override
    def generate(self, model: Model, noise: Tensor) -> Tensor:
        made: Tensor = model("generator", noise)
        return made


DETECTOR = AnoGan
