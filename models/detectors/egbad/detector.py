"""EGBAD: a bidirectional GAN, with an encoder that learns the inverse of its generator.

Zenati, Foo, Lecouat, Manek, Chandrasekhar: "Efficient GAN-Based Anomaly Detection", ICLR workshops
2018. The discriminator tells pairs (x, E(x)) of normal images from pairs (G(z), z); generator and
encoder both deceive it, which makes E the inverse of G. An image is anomalous as far as G(E(x)) is
from it, in pixels and to the discriminator: in its features, or in what it takes the pair for.

Differs from the paper: both pairs pass the discriminator together, and all phases see the same
batch; sums of the score are divided by the number of an image's values, which leaves their ratio,
but the cross entropy weighs at every size as it does against the sum over a grey 32 x 32.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.egbad.networks import (
    JointDiscriminator,
    dropout_masks,
    dropped_shapes,
    encoder,
)
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Draw, Loss, LossFunction, Phase, Stage
from models.hyperparameters import Value
from models.losses.adversarial import deception, discrimination
from models.losses.errors import reconstruction_parts
from models.networks.dense import generator

_JUDGING, _DECEIVING = "judging", "deceiving"
"""What the discriminator's dropout is drawn for: its own step; those of the other two."""


class Egbad(Detector):
    """Networks: `encoder`, `generator`, `discriminator`."""

    def __init__(self, structure: Mapping[str, Value], channels: int, size: int):
        super().__init__(structure, channels, size)
        self._noise = Draw(name="noise", shape=(self.number("latent"),))
        self.prior = self._noise

    @override
    def networks(self) -> dict[str, nn.Module]:
        latent, width = self.number("latent"), self.number("width")
        return {
            "encoder": encoder(self.channels, width, self.size, latent),
            "generator": generator(latent, self.channels, width, self.size),
            "discriminator": JointDiscriminator(self.channels, width, self.size, latent),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        every = self.number("discriminator_steps")
        phases = (
            self._phase("discriminator", self._discriminator_loss),
            self._phase("generator", self._generator_loss, every),
            self._phase("encoder", self._encoder_loss, every),
        )
        # One row is an image's two pairs.
        drops = [
            Draw(name=f"{use}/{layer}", shape=(2, *shape), kind="uniform")
            for use in (_JUDGING, _DECEIVING)
            for layer, shape in dropped_shapes(self.number("width"), self.size).items()
        ]
        draws = (self._noise, *drops)
        return (Stage(phases=phases, draws=draws, forward=self._forward, average="average"),)

    def _phase(self, network: str, loss: LossFunction, every: int = 1) -> Phase:
        optimizer = Adam(beta1="beta1")
        return Phase(name=network, trains=(network,), loss=loss, optimizer=optimizer, every=every)

    def _forward(self, model: Model, batch: Batch) -> Tensors:
        return {
            "codes": model("encoder", batch.images),
            "made": model("generator", batch.draws["noise"]),
        }

    def _discriminator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        codes, made = shared["codes"].detach(), shared["made"].detach()
        real, fake = self._judged(model, batch, codes, made, _JUDGING)
        loss = discrimination(self.word("adversarial"), real, fake)
        return Loss(loss, {"discriminator": loss})

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        _, fake = self._judged(model, batch, shared["codes"].detach(), shared["made"], _DECEIVING)
        loss = deception(self.word("adversarial"), fake)
        return Loss(loss, {"generator": loss})

    def _encoder_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        codes = shared["codes"]
        real, _ = self._judged(model, batch, codes, shared["made"].detach(), _DECEIVING)
        remade = model("generator", codes)
        terms = {
            # The encoder's pairs are to pass for fake: each of these losses mirrors at 0.
            "encoder": deception(self.word("adversarial"), -real),
            "reconstruction": (batch.images - remade).abs().mean(),
        }
        return Loss.weighted(terms, model.settings)

    def _judged(
        self, model: Model, batch: Batch, codes: Tensor, made: Tensor, use: str
    ) -> tuple[Tensor, Tensor]:
        """Logits [N] of pairs (x, E(x)) and (G(z), z), which pass together."""
        uniform = {
            name.removeprefix(f"{use}/"): draw.transpose(0, 1).flatten(0, 1)
            for name, draw in batch.draws.items()
            if name.startswith(f"{use}/")
        }
        _, logits = model(
            "discriminator",
            torch.cat([batch.images, made]),
            torch.cat([codes, batch.draws["noise"]]),
            dropout_masks(uniform, model.settings["dropout"]),
        )
        return logits[: len(made)], logits[len(made) :]

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        codes = model("encoder", images)
        remade = model("generator", codes)
        seen, _ = model("discriminator", images, codes)
        seen_remade, logits = model("discriminator", remade, codes)
        values = self.channels * self.size**2
        return {
            **reconstruction_parts(images - remade),
            "features": (seen - seen_remade).abs().sum(1) / values,
            "cross_entropy": F.softplus(-logits),
        }

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        remade: Tensor = model("generator", model("encoder", images))
        return remade

    @override
    def generate(self, model: Model, noise: Tensor) -> Tensor:
        made: Tensor = model("generator", noise)
        return made


DETECTOR = Egbad
