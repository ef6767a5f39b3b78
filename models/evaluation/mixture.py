"""Score parts mixed by a logistic regression, and the threshold that one puts on a score.

K lanes, P parts, N images, F folds. Errors (parts that are positive everywhere) enter by their
logarithm: their spread grows with their size, and the regression then gives 0.1 to 0.3 points of
AUROC more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.arrays import Labels, Scores
from models.data.config import FOLDS
from models.evaluation.regression import logistic_regressions

LEAST_SPREAD = 1e-8
"""Scores that differ by less are all the same."""
LEAST_ERROR = 1e-6
"""What smaller parts count as before a logarithm is taken."""


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """A weighted sum of named score parts, those in `logarithmic` entering by their logarithm."""

    weights: dict[str, float]
    offset: float
    logarithmic: tuple[str, ...] = ()

    @classmethod
    def single(cls, part: str) -> "Mixture":
        """The part itself as the score."""
        return cls(weights={part: 1.0}, offset=0.0)

    def score(self, parts: Mapping[str, Scores]) -> Scores:
        """Parts [N] by name -> [N]; of a fitted mixture, positive is more likely anomalous."""
        score = np.full_like(next(iter(parts.values())), self.offset, dtype=np.float64)
        for name, weight in self.weights.items():
            part = parts[name]
            part = np.log(np.maximum(part, LEAST_ERROR)) if name in self.logarithmic else part
            score += weight * part
        return score


@dataclass(frozen=True)
class _Fits:
    """B fitted mixtures: weights and flags [B, P], offsets [B], scores of all images [B, N]."""

    weights: Tensor
    logarithmic: Tensor
    offsets: Tensor
    scores: Tensor


def _fit(parts: Tensor, anomalous: Tensor, kept: Tensor) -> _Fits:
    """Logistic regressions on standardised parts [B, P, N], each on its kept images [B, N]."""
    counts = kept.sum(1)[:, None]
    logarithmic = parts.masked_fill(~kept[:, None], torch.inf).amin(2) > 0
    features = torch.where(logarithmic[..., None], parts.clamp_min(LEAST_ERROR).log(), parts)
    mean = features.mul(kept[:, None]).sum(2) / counts
    centred = features - mean[..., None]
    variance = centred.square().mul_(kept[:, None]).sum(2) / counts
    spread = variance.sqrt().clamp_min(LEAST_SPREAD)
    standard = (centred / spread[..., None]).mT.contiguous()
    weights, intercepts = logistic_regressions(standard, anomalous, kept)
    weights = weights / spread
    offsets = intercepts - (weights * mean).sum(1)
    scores = torch.bmm(weights[:, None], features)[:, 0] + offsets[:, None]
    return _Fits(weights, logarithmic, offsets, scores)


@dataclass(frozen=True, kw_only=True)
class LaneMixtures:
    """K lanes' mixtures: fitted on all images, and what those say of them [K, N].

    `held_out` [K, N] is each image's score by a regression that has not seen its label.
    """

    fitted: list[Mixture]
    scores: Tensor
    held_out: Tensor


def mixed_lanes(names: Sequence[str], parts: Tensor, anomalous: Tensor) -> LaneMixtures:
    """The mixtures of parts [K, P, N], and their cross-fitted scores.

    The folds are the same for every call with the same labels, so trials can be compared.
    """
    count, images = len(parts), parts.shape[-1]
    fold_of = torch.from_numpy(folds(anomalous.cpu().numpy())).to(parts.device)
    # One regression more has no fold to leave out.
    kept = fold_of != torch.arange(FOLDS + 1, device=parts.device)[:, None]
    fits = _fit(parts.repeat_interleave(FOLDS + 1, 0), anomalous, kept.repeat(count, 1))
    scores = fits.scores.view(count, FOLDS + 1, images)
    return LaneMixtures(
        fitted=_mixtures(names, fits, slice(FOLDS, None, FOLDS + 1)),
        scores=scores[:, FOLDS],
        held_out=scores.gather(1, fold_of.expand(count, 1, -1))[:, 0],
    )


def _mixtures(names: Sequence[str], fits: _Fits, chosen: slice) -> list[Mixture]:
    of_fits = (fits.weights, fits.offsets, fits.logarithmic)
    rows = zip(*(values[chosen].tolist() for values in of_fits), strict=True)
    return [
        Mixture(
            weights=dict(zip(names, weights, strict=True)),
            offset=offset,
            logarithmic=tuple(name for name, flag in zip(names, flags, strict=True) if flag),
        )
        for weights, offset, flags in rows
    ]


def folds(anomalous: Labels) -> NDArray[np.int64]:
    """The fold of each image [N]: at random, with as many normals and anomalies as any other.

    scikit-learn's StratifiedKFold deals the same; workers do without the seconds and the 100 MB
    that importing it takes.
    """
    generator = np.random.RandomState(0)
    fold_of = np.empty(len(anomalous), np.int64)
    dealt = 0
    for kind in (False, True):
        own = anomalous == kind
        folds = np.sort(np.arange(dealt, dealt + own.sum()) % FOLDS)
        generator.shuffle(folds)
        fold_of[own] = folds
        dealt += own.sum()
    return fold_of


def thresholds_of(scores: Tensor, anomalous: Tensor) -> Tensor:
    """Where a logistic regression on each row of scores [K, N] says one half [K].

    The highest score, above which nothing lies, where the regression does not find that higher is
    more anomalous: what is above its half would be what it calls normal.
    """
    kept = torch.ones_like(scores, dtype=torch.bool)
    mean = scores.mean(1, keepdim=True)
    spread = scores.std(1, correction=0, keepdim=True).clamp_min(LEAST_SPREAD)
    weights, intercepts = logistic_regressions(
        ((scores - mean) / spread)[..., None], anomalous, kept
    )
    weight = weights[:, 0]
    cut = mean[:, 0] - spread[:, 0] * intercepts / weight
    return torch.where(weight <= 0, scores.amax(1), cut)


def cross_fitted(parts: Mapping[str, Scores], anomalous: Labels) -> Scores:
    """The `held_out` scores of one lane's parts [N]."""
    stacked = torch.from_numpy(np.stack(list(parts.values())))[None]
    mixed = mixed_lanes(list(parts), stacked, torch.from_numpy(anomalous))
    scores: Scores = mixed.held_out[0].numpy()
    return scores
