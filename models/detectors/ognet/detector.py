"""OGNet: the discriminator of a GAN that remakes images, made a judge of reconstructions.

Zaheer, Lee, Astrid, Lee: "Old is gold: redefining the adversarially learned one-class classifier
training paradigm", CVPR 2020. Two stages train a denoising autoencoder against a discriminator,
and what it was after the first is kept: the old generator. In the last, the discriminator alone
learns: good are images and their reconstructions; bad are the old generator's, and pseudo
anomalies, which the generator makes of the mean of two of those. The score is its logit of the
reconstruction, in all stages; before the last that is ALOCC's (Sabokrou et al., CVPR 2018).

Differs from the paper, whose training code is not released: strided pyramids in place of 5 x 5
convolutions for patches of 45 x 45; the first and the last stage take a share of the epochs, not a
few epochs and a few steps; the weights of the losses are not checked against the paper; what one
discriminator step sees passes it in one batch, so batch statistics give nothing away.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.ognet.networks import Generator
from models.detectors.stage import Adam, Batch, Draw, Loss, Phase, Stage
from models.losses.adversarial import bce, deception, discrimination
from models.losses.errors import reconstruction_parts
from models.networks.latent import Critic

_GOOD, _BAD = 0.0, 1.0
"""Targets of the discriminator: the paper's, so that its output rises with what is anomalous."""


class OgNet(Detector):
    """Networks: `generator`, `old_generator`, `discriminator`."""

    @override
    def networks(self) -> dict[str, nn.Module]:
        width = self.number("width")
        made = (self.channels, width, self.size, self.word("activation"))
        return {
            "generator": Generator(*made),
            "old_generator": Generator(*made),
            "discriminator": Critic(self.channels, width, self.size),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        discriminator = Phase(
            name="discriminator",
            trains=("discriminator",),
            loss=self._discriminator_loss,
            optimizer=Adam(learning_rate="discriminator_lr", beta1="beta1"),
        )
        generator = Phase(
            name="generator",
            trains=("generator",),
            loss=self._generator_loss,
            optimizer=Adam(learning_rate="generator_lr", beta1="beta1"),
            every=self.number("discriminator_steps"),
        )
        judge = replace(discriminator, name="judge", loss=self._judge_loss)
        early = Stage(
            name="early",
            phases=(discriminator, generator),
            draws=(Draw(name="noise", shape=(self.channels, self.size, self.size)),),
            forward=self._denoised,
        )
        return (
            early,
            replace(early, name="refinement", begin=self._keep_generator),
            Stage(name="discrimination", phases=(judge,), forward=self._examples),
        )

    def _denoised(self, model: Model, batch: Batch) -> Tensors:
        noise = model.settings["noise"] * batch.draws["noise"]
        return {"remade": model("generator", batch.images + noise)}

    def _discriminator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        real, fake = _logits(model, batch.images, shared["remade"].detach())
        loss = discrimination(self.word("adversarial"), -real, -fake)
        return Loss(loss, {"discriminator": loss})

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        _, fake = _logits(model, batch.images, shared["remade"])
        terms = {
            "adversarial": deception(self.word("adversarial"), -fake),
            "reconstruction": (batch.images - shared["remade"]).square().mean(),
        }
        return Loss.weighted(terms, model.settings)

    def _keep_generator(self, model: Model, normals: FitView) -> Tensors:
        return model.copied("generator", into="old_generator")

    def _examples(self, model: Model, batch: Batch) -> Tensors:
        old = model("old_generator", batch.images, as_scored=True)
        mixed = (old + old.roll(1, 0)) / 2
        return {
            "remade": model("generator", batch.images, as_scored=True),
            "old": old,
            "pseudo": model("generator", mixed, as_scored=True),
        }

    def _judge_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        image, remade, old, pseudo = _logits(
            model, batch.images, shared["remade"], shared["old"], shared["pseudo"]
        )
        terms = {
            "image": bce(image, _GOOD),
            "remade": bce(remade, _GOOD),
            "old": bce(old, _BAD),
            "pseudo": bce(pseudo, _BAD),
        }
        alpha, beta = model.settings["alpha"], model.settings["beta"]
        good = alpha * terms["image"] + (1 - alpha) * terms["remade"]
        bad = beta * terms["old"] + (1 - beta) * terms["pseudo"]
        return Loss(good + bad, terms)

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        remade = self.reconstruct(model, images)
        (verdict,) = _logits(model, remade)
        return {"discriminator": verdict, **reconstruction_parts(images - remade)}

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        remade: Tensor = model("generator", images)
        return remade


def _logits(model: Model, *images: Tensor) -> tuple[Tensor, ...]:
    """The discriminator's logits of equal numbers of images, which pass it together."""
    logits: Tensor = model("discriminator", torch.cat(images))[1]
    return logits.chunk(len(images))


DETECTOR = OgNet
