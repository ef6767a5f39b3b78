"""Which of a score's candidates suits validation best, and how good that choice is.

P parts, N images. The choice is by AUROC. It is judged as the mixture is: the images of each fold
are scored by the candidate that suits the others best, brought to the mean and the standard
deviation that normals have under the chosen one, so that scores of different candidates compare.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.data.config import FOLDS
from models.evaluation.lane_metrics import aurocs
from models.evaluation.mixture import LEAST_SPREAD, Mixture, folds
from models.scores import Candidates, Weights


@dataclass(frozen=True, kw_only=True)
class ChosenScore:
    """One lane's choice: its score of the validation images [N], and held-out ones [N]."""

    mixture: Mixture
    scores: Tensor
    held_out: Tensor


def chosen_score(
    names: Sequence[str], parts: Tensor, anomalous: Tensor, candidates: Candidates
) -> ChosenScore:
    """The best of the candidates for parts [P, N], labels [N]; the first of equals."""
    rows = torch.stack([_sum(names, parts, weights) for weights in candidates])
    best = int(aurocs(rows, anomalous).argmax())
    mixture = Mixture(weights=dict(candidates[best]), offset=0.0)
    if len(candidates) == 1:
        return ChosenScore(mixture=mixture, scores=rows[0], held_out=rows[0])
    held_out = _held_out(rows, best, anomalous)
    return ChosenScore(mixture=mixture, scores=rows[best], held_out=held_out)


def _sum(names: Sequence[str], parts: Tensor, weights: Weights) -> Tensor:
    pieces = [weight * parts[names.index(name)] for name, weight in weights.items()]
    return torch.stack(pieces).sum(0)


def _held_out(rows: Tensor, chosen: int, anomalous: Tensor) -> Tensor:
    """Of candidates' scores [C, N]: each image's by the choice that has not seen its label [N]."""
    mean, spread = _of_normals(rows[chosen], ~anomalous)
    fold_of = torch.from_numpy(folds(anomalous.cpu().numpy())).to(rows.device)
    held_out = torch.empty_like(rows[0])
    for fold in range(FOLDS):
        out = fold_of == fold
        kept = ~out
        seen = anomalous[kept]
        best = int(aurocs(rows[:, kept], seen).argmax()) if seen.any() and not seen.all() else 0
        own_mean, own_spread = _of_normals(rows[best], kept & ~anomalous)
        held_out[out] = (rows[best][out] - own_mean) / own_spread * spread + mean
    return held_out


def _of_normals(scores: Tensor, normal: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the scores [N] of the images that are marked."""
    own = scores[normal]
    return own.mean(), own.std(correction=0).clamp_min(LEAST_SPREAD)
