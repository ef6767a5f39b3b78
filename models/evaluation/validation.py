"""What the lanes' scores on the validation images say.

K lanes, P score parts, N images. Everything is computed for all lanes at once on their device;
nothing reduces over lanes, so one lane's scores never touch another's figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.arrays import Labels
from models.detectors.base import Tensors
from models.evaluation.lane_metrics import auprcs, aurocs, flagged
from models.evaluation.mixture import (
    LEAST_SPREAD,
    Mixture,
    mixed_lanes,
    thresholds_of,
)
from models.hyperparameters import Value
from models.memory import is_out_of_memory
from models.names import unknown

ERROR = "error"
"""The score part that is the reconstruction error, where a detector has one."""
MIXTURE = "mixture"


@dataclass(frozen=True, kw_only=True)
class Validation:
    """One lane's figures on the validation images, and its score for images outside them.

    `mixture` is the chosen score, fitted on all validation images, and `threshold` is on it;
    `error_threshold` is on the reconstruction error, None where a detector has none.
    """

    mixture: Mixture
    threshold: float
    error_threshold: float | None
    metrics: dict[str, float]


def judge_lanes(
    parts: Tensors, anomalous: Labels, lanes: Sequence[Mapping[str, Value]]
) -> list[Validation | Exception | None]:
    """`judge`, with an exception that one lane's scores raise in that lane's place.

    The others are then judged again together, in as many lanes as before: their figures are those
    of an undisturbed epoch, bit for bit. Running out of memory is nobody's own and is raised.
    """
    try:
        return [*judge(parts, anomalous, lanes)]
    except Exception as problem:
        if is_out_of_memory(problem):
            raise
        errors = _errors(parts, anomalous, lanes)
        if not errors:
            raise
    parts = {name: part.clone() for name, part in parts.items()}
    for part in parts.values():
        part[list(errors)] = 0
    spared = [{} if lane in errors else values for lane, values in enumerate(lanes)]
    judged = judge(parts, anomalous, spared)
    return [errors.get(lane, validation) for lane, validation in enumerate(judged)]


def _errors(
    parts: Tensors, anomalous: Labels, lanes: Sequence[Mapping[str, Value]]
) -> dict[int, Exception]:
    """What each lane raises when it is judged alone."""
    errors = {}
    for lane, hyperparameters in enumerate(lanes):
        own = {name: part[lane : lane + 1] for name, part in parts.items()}
        try:
            judge(own, anomalous, [hyperparameters])
        except Exception as problem:
            errors[lane] = problem
    return errors


def judge(
    parts: Tensors, anomalous: Labels, lanes: Sequence[Mapping[str, Value]]
) -> list[Validation | None]:
    """The validation of each lane, whose hyperparameters are in `lanes`; parts are [K, N].

    None where a part is not finite, or the chosen score is the same for all images.
    """
    names = list(parts)
    stacked = torch.stack([parts[name] for name in names], 1)
    choices = [_choice(names, hyperparameters) for hyperparameters in lanes]
    usable = _usable(names, stacked, choices)
    # A lane that cannot be used still has its place: zeros keep what is computed there finite.
    stacked = torch.where(usable[:, None, None], stacked, torch.zeros_like(stacked))
    labels = torch.from_numpy(anomalous).to(stacked.device)
    validations = _validations(names, stacked, labels, choices)
    return [
        validation if usable_lane else None
        for validation, usable_lane in zip(validations, usable.tolist(), strict=True)
    ]


def _choice(names: Sequence[str], hyperparameters: Mapping[str, Value]) -> str:
    choice = str(hyperparameters.get("score", ERROR if ERROR in names else names[0]))
    allowed = [*names, MIXTURE] if len(names) > 1 else names
    if choice not in allowed:
        raise ValueError(unknown("score", choice, allowed))
    return choice


def _usable(names: Sequence[str], parts: Tensor, choices: Sequence[str]) -> Tensor:
    """Which lanes [K] have finite parts [K, P, N], and a chosen score that tells images apart."""
    judged = [[choice in (name, MIXTURE) for name in names] for choice in choices]
    spread = parts.std(2, correction=0) >= LEAST_SPREAD
    needed = torch.tensor(judged, device=parts.device)
    return parts.isfinite().all(2).all(1) & (spread | ~needed).all(1)


@dataclass(frozen=True, kw_only=True)
class _Scores:
    """S scores [K, S, N]: lanes are judged by `held_out`, other images scored as in `outside`."""

    names: list[str]
    held_out: Tensor
    outside: Tensor


def _validations(
    names: list[str], parts: Tensor, anomalous: Tensor, choices: list[str]
) -> list[Validation]:
    """Of every lane; a mixture is judged on images that its regression has not seen."""
    singles = {name: Mixture.single(name) for name in names}
    mixtures = [singles] * len(choices)
    scores = _Scores(names=names, held_out=parts, outside=parts)
    if len(names) > 1:
        mixed = mixed_lanes(names, parts, anomalous)
        mixtures = [{**singles, MIXTURE: mixture} for mixture in mixed.fitted]
        scores = _Scores(
            names=[*names, MIXTURE],
            held_out=torch.cat([parts, mixed.held_out[:, None]], 1),
            outside=torch.cat([parts, mixed.scores[:, None]], 1),
        )
    figures, thresholds = _figures(scores, anomalous, choices)
    return [
        Validation(
            mixture=mixtures[lane][choice],
            threshold=thresholds[lane],
            error_threshold=figures["threshold"][lane] if ERROR in names else None,
            metrics={name: values[lane] for name, values in figures.items()},
        )
        for lane, choice in enumerate(choices)
    ]


def _figures(
    scores: _Scores, anomalous: Tensor, choices: list[str]
) -> tuple[dict[str, list[float]], list[float]]:
    """The figures [K] by name, and the threshold [K] of the chosen score for images outside."""
    names, every = scores.names, scores.held_out
    lanes = torch.arange(len(choices), device=every.device)
    places = torch.tensor([names.index(choice) for choice in choices], device=every.device)
    chosen = every[lanes, places]
    decided = every[:, names.index(ERROR)] if ERROR in names else chosen
    threshold, threshold_outside = thresholds_of(
        torch.cat([decided, scores.outside[lanes, places]]), anomalous
    ).chunk(2)
    cut, of_score = flagged(decided, anomalous, threshold), aurocs(every, anomalous)
    figures = {
        "auroc": of_score[lanes, places],
        "auprc": auprcs(chosen, anomalous),
        "threshold": threshold,
        "f1": cut.f1,
        "accuracy": cut.accuracy,
        **{f"auroc/{name}": of_score[:, place] for place, name in enumerate(names)},
    }
    of_lanes: dict[str, list[float]] = {name: each.tolist() for name, each in figures.items()}
    return of_lanes, threshold_outside.tolist()
