"""Adam for lanes: each row of parameters has its own learning rate, beta1 and step count."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

_BETA2 = 0.999
_EPSILON = 1e-8


class LaneAdam:
    """Adam on parameters [K, P], in place; the same numbers as `torch.optim.Adam` on each row.

    Every operation works on a row alone, so a lane that is not finite stays by itself.
    """

    def __init__(self, rows: Tensor):
        self.first_moment = torch.zeros_like(rows)
        self.second_moment = torch.zeros_like(rows)
        self.steps = torch.zeros(len(rows), 1, device=rows.device)

    @torch.no_grad()
    def step(self, rows: Tensor, gradient: Tensor, learning_rate: Tensor, beta1: Tensor) -> None:
        """Move the rows; `learning_rate` and `beta1` are [K, 1]."""
        self.steps += 1
        self.first_moment.lerp_(gradient, 1 - beta1)
        self.second_moment.mul_(_BETA2).addcmul_(gradient, gradient, value=1 - _BETA2)
        correction2 = (1 - _BETA2**self.steps).sqrt()
        pace = -learning_rate / (1 - beta1**self.steps)
        divisor = self.second_moment.sqrt().div_(correction2).add_(_EPSILON).div_(pace)
        rows.addcdiv_(self.first_moment, divisor)

    def reset(self, lane: int) -> None:
        """Forget one lane's past."""
        for tensor in self.state_tensors():
            tensor[lane] = 0

    def state_tensors(self) -> list[Tensor]:
        """All that a step changes beside the parameters, lanes in front."""
        return [self.first_moment, self.second_moment, self.steps]

    def take(self, other: "LaneAdam", lanes: Sequence[int]) -> None:
        """Go on where these lanes of another stand."""
        for mine, theirs in zip(self.state_tensors(), other.state_tensors(), strict=True):
            mine.copy_(theirs[list(lanes)])

    def state(self, lane: int) -> dict[str, Tensor]:
        """Copies of one lane's moments [P] and step count [1]."""
        return {
            "first_moment": self.first_moment[lane].clone(),
            "second_moment": self.second_moment[lane].clone(),
            "steps": self.steps[lane].clone(),
        }

    def load_state(self, lane: int, state: Mapping[str, Tensor]) -> None:
        """Put what `state` gave into one lane."""
        self.first_moment[lane] = state["first_moment"]
        self.second_moment[lane] = state["second_moment"]
        self.steps[lane] = state["steps"]
