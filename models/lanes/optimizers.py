"""Optimizers for lanes: each row of parameters has its own rates and step count.

Every operation works on a row alone, so a lane that is not finite stays by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.detectors.stage import Adadelta, Adam, Number, Optimizer, RMSprop

Settings = Mapping[str, Tensor]
_ADAM_EPSILON, _KERAS_EPSILON = 1e-8, 1e-7


class LaneOptimizer:
    """Changes parameters [K, P] in place; `moments` [K, P] and `steps` [K, 1] are its state."""

    def __init__(self, rows: Tensor, kind: type[Optimizer]):
        names, self._move = _KINDS[kind]
        self.moments = {name: torch.zeros_like(rows) for name in names}
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
        self._move(self, rows, _Step(gradient, rate, optimizer, settings))

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


@dataclass(frozen=True)
class _Step:
    """What one step is told: the gradient, decay included, and the rate, factor included."""

    gradient: Tensor
    rate: Tensor | float
    optimizer: Optimizer
    settings: Settings


def _adam(own: LaneOptimizer, rows: Tensor, step: _Step) -> None:
    """The same numbers as `torch.optim.Adam` on each row."""
    assert isinstance(step.optimizer, Adam)
    beta1, beta2 = _number(step.optimizer.beta1, step.settings), step.optimizer.beta2
    first, second = own.moments["first_moment"], own.moments["second_moment"]
    first.lerp_(step.gradient, 1 - beta1)
    _follow_squares(second, step.gradient, beta2)
    correction2 = (1 - beta2**own.steps).sqrt()
    pace = -step.rate / (1 - beta1**own.steps)
    divisor = second.sqrt().div_(correction2).add_(_ADAM_EPSILON).div_(pace)
    rows.addcdiv_(first, divisor)


def _rmsprop(own: LaneOptimizer, rows: Tensor, step: _Step) -> None:
    """`torch.optim.RMSprop` with Keras's epsilon."""
    assert isinstance(step.optimizer, RMSprop)
    second = own.moments["second_moment"]
    _follow_squares(second, step.gradient, step.optimizer.rho)
    rows.sub_(step.rate * step.gradient / (second.sqrt() + _KERAS_EPSILON))


def _adadelta(own: LaneOptimizer, rows: Tensor, step: _Step) -> None:
    """`torch.optim.Adadelta` with Keras's epsilon."""
    assert isinstance(step.optimizer, Adadelta)
    rho = step.optimizer.rho
    second, squared = own.moments["second_moment"], own.moments["squared_step"]
    _follow_squares(second, step.gradient, rho)
    move = (squared + _KERAS_EPSILON).sqrt() / (second + _KERAS_EPSILON).sqrt() * step.gradient
    _follow_squares(squared, move, rho)
    rows.sub_(step.rate * move)


def _follow_squares(average: Tensor, values: Tensor, decay: float) -> None:
    average.mul_(decay).addcmul_(values, values, value=1 - decay)


_Move = Callable[[LaneOptimizer, Tensor, _Step], None]
_KINDS: dict[type[Optimizer], tuple[tuple[str, ...], _Move]] = {
    Adam: (("first_moment", "second_moment"), _adam),
    RMSprop: (("second_moment",), _rmsprop),
    Adadelta: (("second_moment", "squared_step"), _adadelta),
}
"""The names of its moments, and what moves the rows."""


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
