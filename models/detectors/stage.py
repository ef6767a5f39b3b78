"""How a detector is trained, as data: its stages, their phases, optimizers and random numbers.

The trainer maps the functions over lanes with `torch.func.vmap`. So they must not branch on tensor
values, and draw no random numbers themselves: those come from `Draw`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.names import Named


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Random numbers that a step is given: float [N, *shape] for the N images of its batch.

    A function of the data's seed, the epoch, the step and the name: equal in all lanes, as the
    images are, and nothing of them has to be saved. `normal` is N(0, 1), `uniform` from 0 to 1,
    1 left out.
    """

    name: str
    shape: tuple[int, ...] = ()
    kind: Literal["normal", "uniform"] = "normal"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one training step sees: the normal images first, then the known anomalies.

    They pass the networks together, and losses select rows afterwards: separate passes would let
    the batch statistics give the label away. `draws` are by the names of the stage's draws.
    """

    images: Tensor  # [N, C, H, W]
    normal_count: int
    draws: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "draws", Named("draw of the stage", self.draws))

    def normals(self, rows: Tensor) -> Tensor:
        """The rows of the normal images."""
        return rows[: self.normal_count]

    def anomalies(self, rows: Tensor) -> Tensor:
        """The rows of the known anomalies."""
        return rows[self.normal_count :]

    @property
    def anomalous(self) -> Tensor:
        """Which images are known anomalies, bool [N]."""
        rows = torch.arange(len(self.images), device=self.images.device)
        return rows >= self.normal_count


@dataclass(frozen=True)
class Loss:
    """What a phase minimises, and the unweighted terms that are logged."""

    total: Tensor
    terms: Tensors

    @classmethod
    def weighted(cls, terms: Tensors, settings: Mapping[str, Tensor]) -> "Loss":
        """The sum of the terms, each times the hyperparameter `<term>_weight` if there is one."""
        weighted = [
            settings[f"{name}_weight"] * term if f"{name}_weight" in settings else term
            for name, term in terms.items()
        ]
        return cls(sum(weighted[1:], weighted[0]), terms)


LossFunction = Callable[[Model, Batch, Tensors], Loss]
Forward = Callable[[Model, Batch], Tensors]
Begin = Callable[[Model, FitView], Tensors]
ScoreParts = Callable[[Model, Tensor], Tensors]
Schedule = Callable[[float], float]
"""The factor of the learning rate, by the share of the stage that is done, from 0 to below 1."""

Number = str | float
"""A hyperparameter's name, or the number itself."""


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Kingma and Ba 2015. `weight_decay` is added to the gradient, as torch's Adam does."""

    learning_rate: Number = "learning_rate"
    beta1: Number = 0.9
    beta2: float = 0.999
    weight_decay: Number = 0.0
    schedule: Schedule | None = None


@dataclass(frozen=True, kw_only=True)
class RMSprop:
    """Tieleman and Hinton 2012, with Keras's defaults."""

    learning_rate: Number = "learning_rate"
    rho: float = 0.9
    weight_decay: Number = 0.0
    schedule: Schedule | None = None


@dataclass(frozen=True, kw_only=True)
class Adadelta:
    """Zeiler 2012, with Keras's defaults."""

    learning_rate: Number = "learning_rate"
    rho: float = 0.95
    weight_decay: Number = 0.0
    schedule: Schedule | None = None


Optimizer = Adam | RMSprop | Adadelta


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One optimizer step of a training step.

    `loss` is called with what the stage's `forward` returned, its graph still standing. Gradients
    are taken for the networks in `trains` alone; all others are held still, weights and batch
    statistics. What `forward` made of a network that an earlier phase has trained since is a value
    to this one: it cannot be differentiated any more.

    It takes its step with every `every`-th batch of an epoch, and with the last: n discriminator
    steps to one of the generator are a generator's phase with `every=n`. Phases of equal `moments`
    share the state of their optimizers, within a stage and over stages; without it, those of equal
    name do.
    """

    name: str
    trains: tuple[str, ...]
    loss: LossFunction
    optimizer: Optimizer
    every: int = 1
    moments: str = ""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of the training with phases of its own; a detector has one or several, in order.

    `name` is one of those that stand beside the hyperparameters. `forward` computes what several
    phases need of a batch, once per step. `begin` is called once per model as the stage starts, in
    evaluation mode and without gradient; it returns weights and buffers to start from, as
    "network.parameter". `score_parts` is the score while this stage trains, where it is another
    than the detector's. `average` names the hyperparameter that is the decay of an average over the
    steps of the weights that the stage trains; scores are then by the average.
    """

    name: str = "training"
    phases: tuple[Phase, ...]
    draws: tuple[Draw, ...] = ()
    forward: Forward | None = None
    begin: Begin | None = None
    score_parts: ScoreParts | None = None
    average: str = ""


def falls_at(share: float, factor: float) -> Schedule:
    """The learning rate times `factor` from that share of the stage on."""
    return lambda done: factor if done >= share else 1.0


def falls_from(share: float) -> Schedule:
    """The learning rate falls on a straight line from that share of the stage on, towards 0."""
    return lambda done: 1.0 if done < share else (1.0 - done) / (1.0 - share)
