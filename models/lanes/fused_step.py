"""A training step on buffers that stay where they are, from the gather of its images on.

Rows of a batch and hyperparameters go into tensors that never move, and parameters, moments and
sums of losses are changed in place. So between the first step of an epoch and the last nothing
waits for the device, and on a GPU the whole step is recorded once and replayed.
"""

import torch
from torch import Tensor

from models.detectors.base import Tensors
from models.lanes.step import Step
from models.lanes.step_graph import GraphPool, Work, captured
from models.pixels import scaled


class FusedStep:
    """The step of K lanes over `images`, uint8 [all, C, H, W]; `settings` are [K] by name."""

    def __init__(self, step: Step, images: Tensor, settings: Tensors, pool: GraphPool):
        self._step = step
        self._images = images
        self._settings = settings
        self._pool = pool
        self._rows = torch.empty(0)
        self._sums: Tensors = {}
        self._begun = False
        self._replay: Work | None = None

    def epoch(self, orders: Tensor) -> Tensors:
        """Take one step for each of `orders` [steps, K, N]; the mean of each loss term [K]."""
        if not self._begun:
            self._rows = orders[0].clone()
            state = self._step.state_tensors()
            self._replay = captured(self._run, state, orders.device, self._pool)
            self._begun = True
        advance = self._replay or self._run
        for total in self._sums.values():
            total.zero_()
        for rows in orders:
            self._rows.copy_(rows)
            advance()
        return {name: total / len(orders) for name, total in self._sums.items()}

    def forget(self) -> None:
        """Give up the recorded step and its memory; the next epoch would record it anew."""
        self._begun, self._replay = False, None

    def _run(self) -> None:
        terms = self._step.run(scaled(self._images[self._rows]), self._settings)
        for name, term in terms.items():
            if name not in self._sums:
                self._sums[name] = torch.zeros_like(term, dtype=torch.float32)
            self._sums[name] += term
