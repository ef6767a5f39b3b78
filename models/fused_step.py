"""A training step on buffers that stay where they are, from the gather of its images on.

Rows of a batch and hyperparameters go into tensors that never move, and parameters, moments and
sums of losses are changed in place. So nothing is allocated on the host's side or waited for
between the first step of an epoch and the last.
"""

import torch
from torch import Tensor

from models.detectors.base import Tensors
from models.scoring import scaled
from models.step import Step


class FusedStep:
    """The step of K lanes over `images`, uint8 [all, C, H, W]; `settings` are [K] by name."""

    def __init__(self, step: Step, images: Tensor, settings: Tensors):
        self._step = step
        self._images = images
        self._settings = settings
        self._rows: Tensor | None = None
        self._sums: Tensors = {}

    def epoch(self, orders: Tensor) -> Tensors:
        """Take one step for each of `orders` [steps, K, N]; the mean of each loss term [K]."""
        if self._rows is None:
            self._rows = orders[0].clone()
        for total in self._sums.values():
            total.zero_()
        for rows in orders:
            self._rows.copy_(rows)
            self._run(self._rows)
        return {name: total / len(orders) for name, total in self._sums.items()}

    def _run(self, rows: Tensor) -> None:
        terms = self._step.run(scaled(self._images[rows]), self._settings)
        for name, term in terms.items():
            if name not in self._sums:
                self._sums[name] = torch.zeros_like(term, dtype=torch.float32)
            self._sums[name] += term
