"""MinLGAN: a GAN whose generator keeps away from the normal images, and its discriminator.

Wang, Zhang, Liu: "Anomaly Detection via Minimum Likelihood Generative Adversarial Networks", ICPR
2018. Known from its abstract only: a minimum likelihood regularisation makes the generator produce
more anomalies and keeps it from converging to the normal images, so that the discriminator goes on
learning to tell them apart; an ensemble of anomaly scores makes the discriminator more stable.

All else is ours. The generator minimises its adversarial loss + lambda E log p(G(z)), p being a
kernel density of the batch's normal images in the discriminator's features. Those are scaled to
length 1: the bandwidth then means the same throughout a training, and the log density has a least
value, which a generator that ran from it could not pass. For the ensemble, scores are by an average
of the discriminator's weights over the steps, and can add the density among the fit normals.
"""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Draw, Loss, Phase, Stage
from models.hyperparameters import Value
from models.losses.adversarial import deception, discrimination
from models.losses.density import soft_minimum, squared_distances
from models.networks.dense import discriminator, generator

_MOST_KNOWN = 1024
"""Fit normals that an image's density is of."""


class MinlGan(Detector):
    """Networks: `generator`, `discriminator`, the latter without batch statistics.

    Fitted: `known` [Q, D], features of fit normals.
    """

    def __init__(self, structure: Mapping[str, Value], channels: int, size: int):
        super().__init__(structure, channels, size)
        self.noise = Draw(name="noise", shape=(self.number("latent"),))
        self.prior = self.noise

    @override
    def networks(self) -> dict[str, nn.Module]:
        width = self.number("width")
        return {
            "generator": generator(self.number("latent"), self.channels, width, self.size),
            "discriminator": discriminator(self.channels, width, self.size, norm=False),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        judging = Phase(
            name="discriminator",
            trains=("discriminator",),
            loss=self._discriminator_loss,
            optimizer=Adam(learning_rate="discriminator_lr", beta1="beta1"),
        )
        generating = Phase(
            name="generator",
            trains=("generator",),
            loss=self._generator_loss,
            optimizer=Adam(learning_rate="generator_lr", beta1="beta1"),
            every=self.number("discriminator_steps"),
        )
        return (
            Stage(
                phases=(judging, generating),
                draws=(self.noise,),
                forward=self._forward,
                average="average",
            ),
        )

    def _forward(self, model: Model, batch: Batch) -> Tensors:
        return {"generated": self.generate(model, batch.draws["noise"])}

    def _discriminator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        _, real = model("discriminator", batch.images)
        _, fake = model("discriminator", shared["generated"].detach())
        loss = discrimination(self.word("adversarial"), real, fake)
        return Loss(loss, {"discriminator": loss})

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        known, _ = self._seen(model, batch.images)
        features, logits = self._seen(model, shared["generated"])
        terms = {
            "adversarial": deception(self.word("adversarial"), logits),
            "likelihood": -self._improbability(model, features, known).mean(),
        }
        return Loss.weighted(terms, model.settings)

    def _seen(self, model: Model, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features of length 1 [N, D], and logits of being normal [N]."""
        features, logits = model("discriminator", images)
        return F.normalize(features.float().flatten(1)), logits

    def _improbability(self, model: Model, features: Tensor, known: Tensor) -> Tensor:
        """-log of the kernel density of known features [N], up to a constant; at least 0."""
        bandwidth = model.settings["bandwidth"]
        nearest = soft_minimum(squared_distances(features, known), bandwidth)
        return nearest.float() / (2 * bandwidth.square())

    @override
    def fit(self, model: Model, normals: FitView) -> Tensors:
        few = FitView(normals.images(limit=_MOST_KNOWN))
        return {"known": few.map(lambda images: self._seen(model, images)[0])}

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        features, logits = self._seen(model, images)
        density = self._improbability(model, features, model.fitted["known"])
        return {"logit": -logits, "density": density}

    @override
    def generate(self, model: Model, noise: Tensor) -> Tensor:
        images: Tensor = model("generator", noise)
        return images


DETECTOR = MinlGan
