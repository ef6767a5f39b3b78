"""Score parts mixed by a logistic regression, and the threshold that one puts on a score.

K lanes, P parts, N images, F folds. Errors (parts that are positive everywhere) enter by their
logarithm: their spread grows with their size, and the regression then gives 0.1 to 0.3 points of
AUROC more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.arrays import Labels, Scores
from models.data.config import FOLDS
from models.regression import logistic_regressions

LEAST_SPREAD = 1e-8
"""Scores that differ by less are all the same."""
_LEAST_ERROR = 1e-6


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
            part = np.log(np.maximum(part, _LEAST_ERROR)) if name in self.logarithmic else part
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
    features = torch.where(logarithmic[..., None], parts.clamp_min(_LEAST_ERROR).log(), parts)
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


def cross_fitted_lanes(parts: Tensor, anomalous: Tensor) -> Tensor:
    """Each image's mixture score [K, N] by a regression that has not seen its label.

    `parts` are [K, P, N]. The folds are the same for every call with the same labels, so trials can
    be compared.
    """
    count, images = len(parts), parts.shape[-1]
    fold_of = torch.from_numpy(_folds(anomalous.cpu().numpy())).to(parts.device)
    kept = fold_of != torch.arange(FOLDS, device=parts.device)[:, None]
    fits = _fit(parts.repeat_interleave(FOLDS, 0), anomalous, kept.repeat(count, 1))
    by_fold = fits.scores.view(count, FOLDS, images)
    return by_fold.gather(1, fold_of.expand(count, 1, -1))[:, 0]


def _folds(anomalous: Labels) -> NDArray[np.int64]:
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


def fit_mixture(parts: Mapping[str, Scores], anomalous: Labels) -> Mixture:
    """The mixture of one lane's parts [N], fitted on all images; the score is its logit."""
    stacked, labels = _stacked(parts), torch.from_numpy(anomalous)
    fits = _fit(stacked, labels, torch.ones_like(stacked[:, 0], dtype=torch.bool))
    flags = fits.logarithmic[0].tolist()
    return Mixture(
        weights=dict(zip(parts, fits.weights[0].tolist(), strict=True)),
        offset=float(fits.offsets[0]),
        logarithmic=tuple(name for name, flag in zip(parts, flags, strict=True) if flag),
    )


def cross_fitted(parts: Mapping[str, Scores], anomalous: Labels) -> Scores:
    """`cross_fitted_lanes` of one lane's parts [N]."""
    scores: Scores = cross_fitted_lanes(_stacked(parts), torch.from_numpy(anomalous))[0].numpy()
    return scores


def threshold_of(score: Scores, anomalous: Labels) -> float:
    """`thresholds_of` one score [N]."""
    return float(thresholds_of(torch.from_numpy(score)[None], torch.from_numpy(anomalous)))


def _stacked(parts: Mapping[str, Scores]) -> Tensor:
    return torch.from_numpy(np.stack(list(parts.values())))[None]
