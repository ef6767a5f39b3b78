"""A variational autoencoder: images that it can neither place nor remake are anomalous.

Kingma, Welling: "Auto-encoding variational Bayes", ICLR 2014; as a detector An, Cho: "Variational
autoencoder based anomaly detection using reconstruction probability", 2015. The encoder says where
in the latent space an image may lie, the decoder remakes it from there; the score is the bound on
its unlikelihood that both are trained by. Differs from the papers: GANomaly's pyramids in place of
dense layers; the bound is divided by the pixels and its divergence weighted by `beta`.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Draw, Loss, Phase, Stage
from models.detectors.vae.losses import divergence, sampled, unlikelihood
from models.detectors.vae.networks import Noise
from models.hyperparameters import Value
from models.losses.errors import reconstruction_parts
from models.networks.latent import LatentDecoder, LatentEncoder

_MOST_LOG_VARIANCE = 20.0
"""Either way: its exponential and the squares of that are numbers still."""


class Vae(Detector):
    """Networks: `encoder`, `decoder` and the scores' `noise`, which nothing trains."""

    def __init__(self, structure: Mapping[str, Value], channels: int, size: int):
        super().__init__(structure, channels, size)
        self.prior = Draw(name="latent", shape=(self.number("latent"),))

    @override
    def networks(self) -> dict[str, nn.Module]:
        width, latent = self.number("width"), self.number("latent")
        return {
            "encoder": LatentEncoder(self.channels, width, self.size, 2 * latent),
            "decoder": LatentDecoder(latent, self.channels, width, self.size),
            "noise": Noise(self.number("samples"), latent),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        phase = Phase(
            name="autoencoder",
            trains=("encoder", "decoder"),
            loss=self._loss,
            optimizer=Adam(beta1="beta1"),
        )
        noise = Draw(name="noise", shape=(self.number("latent"),))
        return (Stage(phases=(phase,), draws=(noise,)),)

    def _loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        mean, log_variance = self._posterior(model, batch.images)
        remade = model("decoder", sampled(mean, log_variance, batch.draws["noise"]))
        terms = {
            "reconstruction": self._unlikelihood(batch.images, remade).mean(),
            "kl": self._divergence(mean, log_variance).mean(),
        }
        return Loss(terms["reconstruction"] + model.settings["beta"] * terms["kl"], terms)

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        mean, log_variance = self._posterior(model, images)
        drawn = [
            self._unlikelihood(images, model("decoder", sampled(mean, log_variance, noise)))
            for noise in model.tensors("noise")["vectors"].unbind()
        ]
        kl = self._divergence(mean, log_variance)
        parts = reconstruction_parts(images - model("decoder", mean))
        parts["kl"] = kl
        parts["elbo"] = torch.stack(drawn).mean(0) + model.settings["beta"] * kl
        return parts

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        remade: Tensor = model("decoder", self._posterior(model, images)[0])
        return remade

    @override
    def generate(self, model: Model, noise: Tensor) -> Tensor:
        made: Tensor = model("decoder", noise)
        return made

    def _posterior(self, model: Model, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance [N, latent] of where each image may lie."""
        mean, log_variance = model("encoder", images).chunk(2, 1)
        return mean, log_variance.clamp(-_MOST_LOG_VARIANCE, _MOST_LOG_VARIANCE)

    def _unlikelihood(self, images: Tensor, remade: Tensor) -> Tensor:
        return unlikelihood(self.word("likelihood"), images, remade)

    def _divergence(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Of each image [N], a pixel's share, as the other half of the bound is."""
        return divergence(mean, log_variance) / (self.channels * self.size**2)


DETECTOR = Vae
