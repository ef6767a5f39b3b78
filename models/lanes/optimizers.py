"""Optimizers for lanes: each row of parameters has its own rates and step count.

Every operation works on a row alone, so a lane that is not finite stays by itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from models.detectors.stage import Adadelta, Adam, Number, Optimizer, RMSprop

Settings = Mapping[str, Tensor]


class LaneOptimizer(ABC):
    """Changes parameters [K, P] in place; `moments` [K, P] and `steps` [K, 1] are its state."""

    names: ClassVar[tuple[str, ...]]

    def __init__(self, rows: Tensor):
        self.moments = {name: torch.zeros_like(rows) for name in self.names}
        self.steps = torch.zeros(len(rows), 1, device=rows.device)

    @torch.no_grad()
    def step(
        self,
        rows: Tensor,
        gradient: Tensor,
        optimizer: Optimizer,
        settings: Settings,
        factor: Tensor | None = None,
    ) -> None:
        """Move the rows; `settings` are [K] by name, `factor` [K, 1] multiplies the rate."""
        rate = _number(optimizer.learning_rate, settings)
        if factor is not None:
            rate = rate * factor
        decay = _number(optimizer.weight_decay, settings)
        if isinstance(decay, Tensor) or decay:
            gradient = gradient + decay * rows
        self.steps += 1
        self._move(rows, gradient, optimizer, settings, rate)

    @abstractmethod
    def _move(
        self,
        rows: Tensor,
        gradient: Tensor,
        optimizer: Optimizer,
        settings: Settings,
        rate: Tensor | float,
    ) -> None: ...

    def reset(self, lane: int) -> None:
        """Forget one lane's past."""
        for tensor in self.state_tensors():
            tensor[lane] = 0

    def state_tensors(self) -> list[Tensor]:
        """All that a step changes beside the parameters, lanes in front."""
        return [*self.moments.values(), self.steps]

    def take(self, other: "LaneOptimizer", lanes: Sequence[int]) -> None:
        """Go on where these lanes of another stand."""
        for mine, theirs in zip(self.state_tensors(), other.state_tensors(), strict=True):
            mine.copy_(theirs[list(lanes)])

    def state(self, lane: int) -> dict[str, Tensor]:
        """Copies of one lane's moments [P] and step count [1]."""
        every = {**self.moments, "steps": self.steps}
        return {name: tensor[lane].clone() for name, tensor in every.items()}

    def load_state(self, lane: int, state: Mapping[str, Tensor]) -> None:
        """Put what `state` gave into one lane."""
        for name, tensor in {**self.moments, "steps": self.steps}.items():
            tensor[lane] = state[name]


class LaneAdam(LaneOptimizer):
    """The same numbers as `torch.optim.Adam` on each row."""

    names = ("first_moment", "second_moment")
    _EPSILON = 1e-8

    def _move(
        self,
        rows: Tensor,
        gradient: Tensor,
        optimizer: Optimizer,
        settings: Settings,
        rate: Tensor | float,
    ) -> None:
        assert isinstance(optimizer, Adam)
        beta1, beta2 = _number(optimizer.beta1, settings), optimizer.beta2
        first, second = self.moments["first_moment"], self.moments["second_moment"]
        first.lerp_(gradient, 1 - beta1)
        second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        correction2 = (1 - beta2**self.steps).sqrt()
        pace = -rate / (1 - beta1**self.steps)
        divisor = second.sqrt().div_(correction2).add_(self._EPSILON).div_(pace)
        rows.addcdiv_(first, divisor)


class LaneRMSprop(LaneOptimizer):
    """`torch.optim.RMSprop` with Keras's epsilon."""

    names = ("second_moment",)
    _EPSILON = 1e-7

    def _move(
        self,
        rows: Tensor,
        gradient: Tensor,
        optimizer: Optimizer,
        settings: Settings,
        rate: Tensor | float,
    ) -> None:
        assert isinstance(optimizer, RMSprop)
        second = self.moments["second_moment"]
        second.mul_(optimizer.rho).addcmul_(gradient, gradient, value=1 - optimizer.rho)
        rows.sub_(rate * gradient / (second.sqrt() + self._EPSILON))


class LaneAdadelta(LaneOptimizer):
    """`torch.optim.Adadelta` with Keras's epsilon."""

    names = ("second_moment", "squared_step")
    _EPSILON = 1e-7

    def _move(
        self,
        rows: Tensor,
        gradient: Tensor,
        optimizer: Optimizer,
        settings: Settings,
        rate: Tensor | float,
    ) -> None:
        assert isinstance(optimizer, Adadelta)
        second, squared = self.moments["second_moment"], self.moments["squared_step"]
        second.mul_(optimizer.rho).addcmul_(gradient, gradient, value=1 - optimizer.rho)
        step = (squared + self._EPSILON).sqrt() / (second + self._EPSILON).sqrt() * gradient
        squared.mul_(optimizer.rho).addcmul_(step, step, value=1 - optimizer.rho)
        rows.sub_(rate * step)


KINDS: dict[type[Optimizer], type[LaneOptimizer]] = {
    Adam: LaneAdam,
    RMSprop: LaneRMSprop,
    Adadelta: LaneAdadelta,
}


class WeightAverage:
    """An exponential average of parameters [K, P] over their steps.

    Of t steps the first ones count by at most (1 + t) / (10 + t), so that a short training is not
    averaged with the weights that it began with. A decay of 0 is the parameters themselves.
    """

    def __init__(self, rows: Tensor):
        self.rows = rows.clone()
        self.steps = torch.zeros(len(rows), 1, device=rows.device)

    @torch.no_grad()
    def follow(self, rows: Tensor, decay: Tensor) -> None:
        """Take in the rows after a step; `decay` is [K, 1]."""
        self.steps += 1
        least = torch.minimum(decay, (1 + self.steps) / (10 + self.steps))
        self.rows.lerp_(rows, 1 - least)

    def state_tensors(self) -> list[Tensor]:
        """All that `follow` changes, lanes in front."""
        return [self.rows, self.steps]


def _number(number: Number, settings: Settings) -> Tensor | float:
    """The number itself, or that of each lane [K, 1]."""
    return settings[number][:, None] if isinstance(number, str) else number
