"""OMASGAN: networks, the losses of its four stages, and the parts of its score.

Dionelis, Jackson, Tsaftaris, Yaghoobi: "OMASGAN: out-of-distribution minimum anomaly score GAN for
sample generation on the boundary", SSPD 2022. Anomalies are made, not needed: a GAN learns the
normal images, a copy of its generator moves to their boundary, a second GAN learns the normal
images anew with the boundary as a warning, and a judge tells the boundary from the rest.

Differs from the paper: the divergence in the score is by the second GAN's critic and without the
part that is the same for all images, for the paper does not say how it is computed; parts of the
score are in standard deviations of the fit normals, so that their sum means something. A critic
sees all kinds of images in one batch, and networks that are held still normalise with the batch's
statistics, not with running ones. Where Pearson's conjugate is -1, generators get no gradient; in
the released code a parabola goes on there and pushes them the wrong way. The dispersion is the mean
over the batch, where the code takes its first image's alone. With `reference: normals` the
boundary's critic sees a batch of normal images and the bank has evenly spaced ones, where the code
takes all of them at once. The form klwgan is on the networks of the other, not on BigGAN's, and
without an average of the weights.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.omasgan.networks import Bank, critic, generator, noise_length
from models.detectors.stage import (
    Adam,
    Batch,
    Draw,
    Forward,
    Loss,
    LossFunction,
    Phase,
    ScoreParts,
    Stage,
)
from models.hyperparameters import Value
from models.losses.dispersion import nearest_distances, scattering
from models.losses.divergence import FGan, Form, KlWgan
from models.losses.gradients import squared_gradient_norms
from models.pixels import scaled

_MOST_SEEN = 2048
"""Fit normals that tell where the parts of the score lie."""
_LEAST_SPREAD = 1e-4
_AT_ONCE = 64


class Omasgan(Detector):
    """Networks, with the paper's letters: generators `generator` (G), `boundary` (B), `retrained`
    (G'); critics `discriminator` (D), `boundary_critic`, `critic` (C), `judge` (J); and the `bank`.

    Fitted: `centre` and `spread` [3] of the parts of the score over the fit normals.
    """

    def __init__(self, structure: Mapping[str, Value], channels: int, size: int):
        super().__init__(structure, channels, size)
        uniform = self.word("prior") == "uniform"
        self.prior = Draw(
            name="noise",
            shape=(noise_length(self.number("latent"), channels, size),),
            kind="uniform" if uniform else "normal",
        )

    @override
    def networks(self) -> dict[str, nn.Module]:
        assert self.prior is not None
        width, channels, size = self.number("width"), self.channels, self.size
        draw = torch.rand if self.prior.kind == "uniform" else torch.randn
        networks: dict[str, nn.Module] = {
            name: generator(self.number("latent"), channels, width, size)
            for name in ("generator", "boundary", "retrained")
        }
        for name in ("discriminator", "boundary_critic", "critic", "judge"):
            networks[name] = critic(channels, width, size)
        latents = draw(self.number("bank"), *self.prior.shape)
        return {**networks, "bank": Bank(latents, (channels, size, size))}

    @override
    def stages(self) -> tuple[Stage, ...]:
        steps = self.number("discriminator_steps")
        normal = Stage(
            name="normal",
            phases=(
                _phase("discriminator", self._discriminator_loss, "learning_rate"),
                _phase("generator", self._generator_loss, "learning_rate", every=steps),
            ),
            draws=self._draws("generator"),
            forward=_made_by("generator"),
            score_parts=self._against("discriminator"),
        )
        boundary = Stage(
            name="boundary",
            phases=(
                _phase("boundary_critic", self._boundary_critic_loss, "boundary_lr"),
                _phase("boundary", self._boundary_loss, "boundary_lr", every=steps),
            ),
            draws=self._draws("generator", "boundary"),
            forward=_made_by("generator", "boundary"),
            begin=self._begin_boundary,
            score_parts=self._against("boundary_critic"),
        )
        retraining = Stage(
            name="retraining",
            phases=(
                _phase("critic", self._critic_loss, "retraining_lr"),
                _phase("retrained", self._retrained_loss, "retraining_lr", every=steps),
            ),
            draws=self._draws("generator", "boundary", "retrained"),
            forward=_made_by("generator", "boundary", "retrained"),
            score_parts=self._against("critic"),
        )
        judge = Stage(
            name="judge",
            phases=(_phase("judge", self._judge_loss, "judge_lr"),),
            draws=self._draws("boundary", "retrained"),
            forward=_made_by("boundary", "retrained"),
            begin=self._begin_judge,
        )
        return normal, boundary, retraining, judge

    def _draws(self, *generators: str) -> tuple[Draw, ...]:
        """Noise for each alone: G and B, which starts as its copy, would make the same of one."""
        assert self.prior is not None
        return tuple(replace(self.prior, name=name) for name in generators)

    def _discriminator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        return self._contrast(model, "discriminator", batch.images, shared["generator"].detach())

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        _, fake = self._values(model, "discriminator", batch.images, shared["generator"])
        deception = -self._form(model).likeness(fake)
        return Loss(deception, {"deception": deception})

    def _begin_boundary(self, model: Model, normals: FitView) -> Tensors:
        """B and its critic start as G and D stand; the bank has what B is to stay near to."""
        bank = model.tensors("bank")
        if self.word("reference") == "generator":
            images = _pictures(model, "generator", bank["latents"])
        else:
            seen, count = scaled(normals.images(len(bank["images"]))), len(bank["images"])
            images = seen[torch.arange(count, device=seen.device) % len(seen)]
        return {
            **model.copied("generator", into="boundary"),
            **model.copied("discriminator", into="boundary_critic"),
            "bank.images": images,
        }

    def _boundary_critic_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        real, fake = self._reference(batch, shared), shared["boundary"].detach()
        return self._contrast(model, "boundary_critic", real, fake)

    def _boundary_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        made, real = shared["boundary"], self._reference(batch, shared)
        _, fake = self._values(model, "boundary_critic", real, made)
        power = self.number("power")
        nearest = nearest_distances(made, model.tensors("bank")["images"])
        terms = {
            "likeness": self._form(model).likeness(fake),
            "distance": nearest.pow(power).mean(),
            "dispersion": scattering(batch.draws["boundary"], made, power).mean(),
        }
        return Loss.weighted(terms, model.settings)

    def _reference(self, batch: Batch, shared: Tensors) -> Tensor:
        """What the boundary is of."""
        return shared["generator"] if self.word("reference") == "generator" else batch.images

    def _critic_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        settings, form = model.settings, self._form(model)
        made = [shared[name].detach() for name in ("generator", "retrained", "boundary")]
        real, generated, retrained, boundary = self._values(model, "critic", batch.images, *made)
        terms = {
            "normal": form.high(real),
            "generated": form.high(generated),
            "retrained": form.low(retrained),
            "boundary": form.low(boundary),
            "penalty": self._penalty(model, "critic", batch.images, *made),
        }
        total = (
            settings["alpha"] * terms["normal"]
            + settings["delta"] * terms["generated"]
            + settings["beta"] * terms["retrained"]
            + settings["gamma_b"] * terms["boundary"]
            + settings["penalty_weight"] * terms["penalty"]
        )
        return Loss(total, terms)

    def _retrained_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        """Of all that the critic minimises, only beta's term moves G'."""
        made = [shared[name] for name in ("generator", "retrained", "boundary")]
        _, _, retrained, _ = self._values(model, "critic", batch.images, *made)
        deception = -self._form(model).likeness(retrained)
        return Loss(model.settings["beta"] * deception, {"deception": deception})

    def _begin_judge(self, model: Model, normals: FitView) -> Tensors:
        """The bank has images of G', for the score."""
        return {"bank.images": _pictures(model, "retrained", model.tensors("bank")["latents"])}

    def _judge_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        zeta, form = model.settings["zeta"], self._form(model)
        made = (shared["retrained"], shared["boundary"])
        real, retrained, boundary = self._values(model, "judge", batch.images, *made)
        terms = {
            "normal": form.low(real),
            "retrained": form.low(retrained),
            "boundary": form.high(boundary),
        }
        total = zeta * terms["normal"] + (1 - zeta) * terms["retrained"] + terms["boundary"]
        return Loss(total, terms)

    def _form(self, model: Model) -> Form:
        if self.word("form") == "klwgan":
            return KlWgan(model.settings["temperature"])
        return FGan(self.word("divergence"))

    def _values(self, model: Model, name: str, real: Tensor, *made: Tensor) -> list[Tensor]:
        """A critic's values [N] of each kind of images, all of which it sees as one batch."""
        first, *others = model(name, torch.cat([real, *made])).split(len(real))
        return [first, *map(self._form(model).weighed, others)]

    def _penalty(self, model: Model, name: str, real: Tensor, *made: Tensor) -> Tensor:
        """Half the squared gradient of T at real images, among the others of their batch."""

        def duals(shown: Tensor) -> Tensor:
            values = model(name, torch.cat([shown, *made]), update_statistics=False)
            return self._form(model).dual(values[: len(shown)])

        return squared_gradient_norms(duals, real).mean() / 2

    def _contrast(self, model: Model, name: str, real: Tensor, fake: Tensor) -> Loss:
        """What a critic of two kinds of images minimises."""
        form = self._form(model)
        values_real, values_fake = self._values(model, name, real, fake)
        terms = {
            "discrimination": form.high(values_real) + form.low(values_fake),
            "penalty": self._penalty(model, name, real, fake),
        }
        return Loss.weighted(terms, model.settings)

    def _against(self, name: str) -> ScoreParts:
        """The score of a stage without a judge: what its critic takes for fake."""

        def parts(model: Model, images: Tensor) -> Tensors:
            return {name: -self._form(model).dual(model(name, images))}

        return parts

    @override
    def fit(self, model: Model, normals: FitView) -> Tensors:
        seen = FitView(normals.images(_MOST_SEEN))
        parts = seen.map(lambda few: torch.stack([*self._raw_parts(model, few).values()], 1))
        spread = parts.std(0, correction=0).clamp_min(_LEAST_SPREAD)
        return {"centre": parts.mean(0), "spread": spread}

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        centre, spread = model.fitted["centre"], model.fitted["spread"]
        return {
            name: (part - centre[place]) / spread[place]
            for place, (name, part) in enumerate(self._raw_parts(model, images).items())
        }

    def _raw_parts(self, model: Model, images: Tensor) -> Tensors:
        nearest = nearest_distances(images, model.tensors("bank")["images"])
        return {
            "judge": model("judge", images),
            "divergence": -self._form(model).evidence(model("critic", images)),
            "nearest": nearest / math.sqrt(self.channels * self.size**2),
        }

    @override
    def generate(self, model: Model, noise: Tensor) -> Tensor:
        """Of the second generator, which is the better one."""
        made: Tensor = model("retrained", noise)
        return made


def _phase(network: str, loss: LossFunction, rate: str, every: int = 1) -> Phase:
    optimizer = Adam(learning_rate=rate, beta1="beta1")
    return Phase(name=network, trains=(network,), loss=loss, optimizer=optimizer, every=every)


def _made_by(*generators: str) -> Forward:
    """What each makes of its noise, by its name."""

    def forward(model: Model, batch: Batch) -> Tensors:
        return {name: model(name, batch.draws[name]) for name in generators}

    return forward


def _pictures(model: Model, name: str, latents: Tensor) -> Tensor:
    """What a generator makes of many vectors, few at a time."""
    return torch.cat([model(name, few) for few in torch.split(latents, _AT_ONCE)])


DETECTOR = Omasgan
