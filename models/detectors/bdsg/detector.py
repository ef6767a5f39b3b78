"""BDSG: a flow learns the density of normal images, then a generator learns their boundary.

Dionelis, Yaghoobi, Tsaftaris: "Boundary of Distribution Support Generator (BDSG): Sample Generation
on the Boundary", ICIP 2020. Known from its abstract only: an invertible residual network estimates
the density, and a compound loss forces generated images to the boundary of the normals' support.

All else is ours. The flow is of affine couplings in place of the invertible residual network, and
sees images averaged down to 256 numbers or fewer, with noise. Generated images B(z) minimise
log p(B(z)) + lambda d(B(z), x) + mu s, with the distance d and the dispersion s of the same
authors' OMASGAN. Alone, the first term has no least value: a Gaussian's falls faster than the
distance grows, so images would leave for the corners of their range. So it fades below the log
density that a given share of the fit normals lies below, which is then what the boundary is. An
image's score is how improbable it is, its distance from the boundary, or a sum of both.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.bdsg.networks import Reference, coarse, coarse_side
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Draw, Loss, Phase, Stage
from models.hyperparameters import Value
from models.losses.dispersion import nearest_distances, scattering
from models.networks.coupling import CouplingFlow
from models.networks.dense import generator


class Bdsg(Detector):
    """Networks: `flow`, the generator `boundary`, and `reference`, of which nothing is trained.

    Fitted: `boundary` [Q, P], coarse images on the boundary. TailGAN is this with another density:
    `networks`, `density_stage`, `log_density` and `begin_boundary` say which.
    """

    def __init__(self, structure: Mapping[str, Value], channels: int, size: int):
        super().__init__(structure, channels, size)
        self.noise = Draw(name="noise", shape=(self.number("latent"),))
        self.prior = self.noise
        self.numbers = channels * coarse_side(channels, size) ** 2

    @override
    def networks(self) -> dict[str, nn.Module]:
        width, latent = self.number("width"), self.number("latent")
        return {
            "flow": CouplingFlow(self.numbers, self.number("couplings"), 4 * width),
            "boundary": generator(latent, self.channels, width, self.size),
            "reference": Reference(latent),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        phase = Phase(
            name="boundary",
            trains=("boundary",),
            loss=self._boundary_loss,
            optimizer=Adam(learning_rate="boundary_lr", beta1="beta1"),
        )
        boundary = Stage(
            name="boundary", phases=(phase,), draws=(self.noise,), begin=self.begin_boundary
        )
        return self.density_stage(), boundary

    def density_stage(self) -> Stage:
        """How the density is learned; its score is how improbable an image is."""
        phase = Phase(
            name="density",
            trains=("flow",),
            loss=self._density_loss,
            optimizer=Adam(learning_rate="density_lr", weight_decay="density_weight_decay"),
        )
        return Stage(
            name="density",
            phases=(phase,),
            draws=(Draw(name="blur", shape=(self.numbers,)),),
            begin=self._begin_density,
            score_parts=self.density_parts,
        )

    def _begin_density(self, model: Model, normals: FitView) -> Tensors:
        """Standardise what the flow sees, with the noise that it learns from."""
        seen = normals.map(coarse)
        variance = seen.var(0, correction=0) + model.settings["noise"].square()
        return {"flow.centre": seen.mean(0), "flow.spread": variance.sqrt()}

    def _density_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        seen = coarse(batch.images) + model.settings["noise"] * batch.draws["blur"]
        improbability = -model("flow", seen).mean() / self.numbers
        return Loss(improbability, {"improbability": improbability})

    def log_density(self, model: Model, images: Tensor) -> Tensor:
        """Of each image [N], in nats a number; up to a number that is the same for all."""
        densities: Tensor = model("flow", coarse(images)) / self.numbers
        return densities

    def begin_boundary(self, model: Model, normals: FitView) -> Tensors:
        """The level of the boundary: the log density below which a share of the normals lies."""
        densities = normals.map(lambda images: self.log_density(model, images))
        return {"reference.level": torch.quantile(densities, model.settings["tail"])}

    def _boundary_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        noise = batch.draws["noise"]
        images = self.generate(model, noise)
        level = model.tensors("reference")["level"]
        terms = {
            "likelihood": F.softplus(self.log_density(model, images) - level).mean(),
            "distance": nearest_distances(images, batch.images).mean(),
            "dispersion": scattering(noise, images).mean(),
        }
        return Loss.weighted(terms, model.settings)

    @override
    def fit(self, model: Model, normals: FitView) -> Tensors:
        return {"boundary": coarse(self.generate(model, model.tensors("reference")["latents"]))}

    def density_parts(self, model: Model, images: Tensor) -> Tensors:
        """The score before there is a boundary."""
        return {"density": -self.log_density(model, images)}

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        away = nearest_distances(coarse(images), model.fitted["boundary"])
        return {
            **self.density_parts(model, images),
            "boundary_distance": away / math.sqrt(self.numbers),
        }

    @override
    def generate(self, model: Model, noise: Tensor) -> Tensor:
        images: Tensor = model("boundary", noise)
        return images


DETECTOR = Bdsg
