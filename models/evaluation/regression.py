"""Logistic regressions of many lanes at once.

The method is scikit-learn's `LogisticRegression(solver="newton-cholesky")` with its defaults, step
for step, so that the numbers agree but for rounding; B problems are solved side by side.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_TOLERANCE = 1e-4
_MOST_STEPS = 100
_MOST_HALVINGS = 21
_SUFFICIENT = 2.0**-11
"""The part of the promised descent that a step must bring (Armijo)."""
_ROUNDING = 16 * torch.finfo(torch.float64).eps


@dataclass(frozen=True)
class _Point:
    """Coefficients [B, P + 1], the intercept last; their logits [B, N], losses [B] and gradient."""

    coefficients: Tensor
    logits: Tensor
    losses: Tensor
    gradient: Tensor

    def where(self, chosen: Tensor, other: "_Point") -> "_Point":
        """This in the chosen problems [B], the other elsewhere."""
        mine, rest = vars(self).values(), vars(other).values()
        return _Point(
            *(
                torch.where(chosen if a.dim() == 1 else chosen[:, None], a, b)
                for a, b in zip(mine, rest, strict=True)
            )
        )


class _Problems:
    """What is minimised: the mean log loss of the kept rows, and half the squared weights by N."""

    def __init__(self, features: Tensor, anomalous: Tensor, kept: Tensor):
        counts = kept.sum(1, keepdim=True).to(features.dtype)
        self.design = torch.cat([features, torch.ones_like(features[..., :1])], 2)
        self.targets = anomalous.to(features.dtype)
        self.share = kept.to(features.dtype) / counts
        self.ridge = (1 / counts).repeat(1, self.design.shape[2])
        self.ridge[:, -1] = 0

    def at(self, coefficients: Tensor, logits: Tensor) -> _Point:
        loss = torch.logaddexp(logits, torch.zeros_like(logits)) - self.targets * logits
        penalty = 0.5 * (self.ridge * coefficients.square()).sum(1)
        residual = (logits.sigmoid() - self.targets) * self.share
        gradient = torch.bmm(residual[:, None], self.design)[:, 0] + self.ridge * coefficients
        return _Point(coefficients, logits, (loss * self.share).sum(1) + penalty, gradient)

    def hessian(self, logits: Tensor) -> Tensor:
        probability = logits.sigmoid()
        curvature = self.share * probability * (1 - probability)
        weighted = self.design * curvature[..., None]
        return torch.bmm(weighted.mT, self.design) + torch.diag_embed(self.ridge)

    def logits(self, coefficients: Tensor) -> Tensor:
        return torch.bmm(self.design, coefficients[..., None])[..., 0]


@torch.no_grad()
def logistic_regressions(
    features: Tensor, anomalous: Tensor, kept: Tensor
) -> tuple[Tensor, Tensor]:
    """Weights [B, P] and intercepts [B] of features [B, N, P], each on its kept rows [B, N].

    `anomalous` [N] are the labels of all. A problem whose step can no longer be improved stays
    where it is; one problem never changes another.
    """
    problems = _Problems(features, anomalous, kept)
    zeros = torch.zeros_like(problems.ridge)
    point = problems.at(zeros, problems.logits(zeros))
    open_ones = torch.ones(len(features), dtype=torch.bool, device=features.device)
    for _ in range(_MOST_STEPS):
        hessian = problems.hessian(point.logits)
        factor, failed = torch.linalg.cholesky_ex(hessian)
        step = -torch.cholesky_solve(point.gradient[..., None], factor)[..., 0]
        reached, improved = _line_search(problems, point, step, open_ones & (failed == 0))
        point = reached.where(improved, point)
        decrement = 0.5 * (step[:, None] @ hessian @ step[..., None])[:, 0, 0]
        converged = (point.gradient.abs().amax(1) <= _TOLERANCE) & (decrement <= _TOLERANCE)
        open_ones = improved & ~converged
        if not open_ones.any():
            break
    return point.coefficients[:, :-1], point.coefficients[:, -1]


def _line_search(
    problems: _Problems, start: _Point, step: Tensor, searching: Tensor
) -> tuple[_Point, Tensor]:
    """Halve the steps [B, P + 1] until they help: where they led, and which problems got there."""
    promised = _SUFFICIENT * (start.gradient * step).sum(1)
    along = problems.logits(step)
    best, improved = start, torch.zeros_like(searching)
    length = 1.0
    for _ in range(_MOST_HALVINGS):
        tried = problems.at(start.coefficients + length * step, start.logits + length * along)
        change = tried.losses - start.losses
        flat = change.abs() <= _ROUNDING * start.losses.abs()
        flatter = flat & (tried.gradient.abs().sum(1) < start.gradient.abs().sum(1))
        helped = searching & ~improved & ((change <= length * promised) | flatter)
        best = tried.where(helped, best)
        improved = improved | helped
        if not (searching & ~improved).any():
            break
        length /= 2
    return best, improved
