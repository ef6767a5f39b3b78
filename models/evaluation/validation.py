"""What the lanes' scores on the validation images say.

K lanes, P score parts, N images, M images of noise. Regressions and figures are computed for all
lanes at once on their device; nothing reduces over lanes, so one lane's scores never touch
another's figures.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from models.arrays import Labels
from models.detectors.model import Tensors
from models.evaluation.candidates import chosen_score
from models.evaluation.label_free import criteria
from models.evaluation.lane_metrics import auprcs, aurocs, flagged
from models.evaluation.mixture import (
    LEAST_SPREAD,
    Mixture,
    mixed_lanes,
    thresholds_of,
)
from models.evaluation.standard_error import AUROC_ERROR, standard_error
from models.hyperparameters import Value
from models.memory import is_out_of_memory
from models.names import unknown
from models.scores import Scores

ERROR = "error"
"""The score part that is the reconstruction error, where a detector has one."""
MIXTURE = "mixture"
PASSING_NORMALS = 0.95
"""The share of validation normals below a threshold that no label helped to set."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """One lane's figures on the validation images, and its score for images outside them.

    `mixture` is the chosen score, fitted on all validation images, and `threshold` is on it;
    `error_threshold` is on the reconstruction error, None where a detector has none. `score_spread`
    is the standard deviation of the normals' chosen score, above 0.
    """

    mixture: Mixture
    threshold: float
    error_threshold: float | None
    score_spread: float
    metrics: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class WithoutLabels:
    """What validation has in place of labelled anomalies.

    Where they are `synthetic`, no regression is fitted and thresholds are a quantile of the
    normals' scores. `noise`, parts [K, M], is what lanes say of images of Gaussian noise; the
    criteria that need no anomaly are then among the figures.
    """

    synthetic: bool = False
    noise: Tensors | None = None

    def of_lane(self, lane: int) -> "WithoutLabels":
        """The same for one lane alone."""
        if self.noise is None:
            return self
        own = {name: part[lane : lane + 1] for name, part in self.noise.items()}
        return replace(self, noise=own)


_LABELLED = WithoutLabels()
_NONE: Scores = {}


def judge_lanes(
    parts: Tensors,
    anomalous: Labels,
    lanes: Sequence[Mapping[str, Value]],
    unlabelled: WithoutLabels = _LABELLED,
    scores: Scores = _NONE,
) -> list[Validation | Exception | None]:
    """`judge`, with an exception that one lane's scores raise in that lane's place.

    The others are then judged again together, in as many lanes as before: their figures are those
    of an undisturbed epoch, bit for bit. Running out of memory is nobody's own and is raised.
    """
    try:
        return [*judge(parts, anomalous, lanes, unlabelled, scores)]
    except Exception as problem:
        if is_out_of_memory(problem):
            raise
        errors = _errors(parts, anomalous, lanes, unlabelled, scores)
        if not errors:
            raise
    spared = [{} if lane in errors else values for lane, values in enumerate(lanes)]
    if unlabelled.noise is not None:
        unlabelled = replace(unlabelled, noise=_without(unlabelled.noise, errors))
    judged = judge(_without(parts, errors), anomalous, spared, unlabelled, scores)
    return [errors.get(lane, validation) for lane, validation in enumerate(judged)]


def _without(parts: Tensors, lanes: Collection[int]) -> Tensors:
    """Copies of parts in which these lanes score 0."""
    copies = {name: part.clone() for name, part in parts.items()}
    for part in copies.values():
        part[list(lanes)] = 0
    return copies


def _errors(
    parts: Tensors,
    anomalous: Labels,
    lanes: Sequence[Mapping[str, Value]],
    unlabelled: WithoutLabels,
    scores: Scores,
) -> dict[int, Exception]:
    """What each lane raises when it is judged alone."""
    errors = {}
    for lane, hyperparameters in enumerate(lanes):
        own = {name: part[lane : lane + 1] for name, part in parts.items()}
        try:
            judge(own, anomalous, [hyperparameters], unlabelled.of_lane(lane), scores)
        except Exception as problem:
            errors[lane] = problem
    return errors


def judge(
    parts: Tensors,
    anomalous: Labels,
    lanes: Sequence[Mapping[str, Value]],
    unlabelled: WithoutLabels = _LABELLED,
    scores: Scores = _NONE,
) -> list[Validation | None]:
    """The validation of each lane, whose hyperparameters are in `lanes`; parts are [K, N].

    `scores` are the detector's weighted sums of parts; those of parts that are not here are none.

    None where a part or a criterion is not finite, or the chosen score is the same for all images.
    Raises ValueError for a score that there is not.
    """
    names = list(parts)
    stacked = torch.stack([parts[name] for name in names], 1)
    scores = _possible(scores, names)
    choices = [_choice(names, each, scores, synthetic=unlabelled.synthetic) for each in lanes]
    usable = _usable(names, stacked, choices, scores)
    # A lane that cannot be used still has its place: zeros keep what is computed there finite.
    stacked = torch.where(usable[:, None, None], stacked, torch.zeros_like(stacked))
    labels = torch.from_numpy(anomalous).to(stacked.device)
    validations = _validations(names, stacked, labels, choices, unlabelled, scores)
    return [
        validation if usable_lane else None
        for validation, usable_lane in zip(validations, usable.tolist(), strict=True)
    ]


def _possible(scores: Scores, names: Sequence[str]) -> Scores:
    """Those of whose parts none is missing: a stage may have parts of its own."""
    return {
        score: candidates
        for score, candidates in scores.items()
        if all(part in names for weights in candidates for part in weights)
    }


def _choice(
    names: Sequence[str],
    hyperparameters: Mapping[str, Value],
    scores: Scores,
    *,
    synthetic: bool,
) -> str:
    choice = str(hyperparameters.get("score", ERROR if ERROR in names else names[0]))
    if synthetic and choice == MIXTURE:
        raise ValueError(
            "score: mixture is fitted on labels, and validation has synthetic anomalies only"
        )
    mixed = [MIXTURE] if len(names) > 1 and not synthetic else []
    allowed = [*names, *scores, *mixed]
    if choice not in allowed:
        raise ValueError(unknown("score", choice, allowed))
    return choice


def _usable(names: Sequence[str], parts: Tensor, choices: Sequence[str], scores: Scores) -> Tensor:
    """Which lanes [K] have finite parts [K, P, N], and a chosen score that tells images apart."""
    apart = told_apart(parts).tolist()
    told = [
        _score_tells(dict(zip(names, of_lane, strict=True)), choice, scores)
        for of_lane, choice in zip(apart, choices, strict=True)
    ]
    return parts.isfinite().all(2).all(1) & torch.tensor(told, device=parts.device)


def told_apart(scores: Tensor) -> Tensor:
    """Whether rows of scores [..., N] differ from image to image [...]."""
    return scores.std(-1, correction=0) >= LEAST_SPREAD


def _score_tells(apart: Mapping[str, bool], choice: str, scores: Scores) -> bool:
    """Whether a score tells images apart whose parts do or do not: a mixture needs all of them."""
    if choice == MIXTURE:
        return all(apart.values())
    if choice in scores:
        return any(apart[part] for weights in scores[choice] for part in weights)
    return apart[choice]


@dataclass(frozen=True, kw_only=True)
class _Scores:
    """S scores [K, S, N]: lanes are judged by `held_out`, other images scored as in `outside`.

    `mixtures` score other images, by lane and by the score's name.
    """

    names: list[str]
    held_out: Tensor
    outside: Tensor
    mixtures: list[dict[str, Mixture]]


def _all_scores(
    names: list[str], parts: Tensor, anomalous: Tensor, scores: Scores, *, synthetic: bool
) -> _Scores:
    """The parts, weighted sums of them, and the mixture of several.

    What is fitted or chosen here is judged on images that it has not seen.
    """
    lanes = range(len(parts))
    mixtures = [{name: Mixture.single(name) for name in names} for _ in lanes]
    held_out, outside = [parts], [parts]
    for score, candidates in scores.items():
        chosen = [chosen_score(names, parts[lane], anomalous, candidates) for lane in lanes]
        held_out.append(torch.stack([each.held_out for each in chosen])[:, None])
        outside.append(torch.stack([each.scores for each in chosen])[:, None])
        for lane in lanes:
            mixtures[lane][score] = chosen[lane].mixture
    mixed_names = []
    if len(names) > 1 and not synthetic:
        mixed = mixed_lanes(names, parts, anomalous)
        held_out.append(mixed.held_out[:, None])
        outside.append(mixed.scores[:, None])
        mixed_names = [MIXTURE]
        for lane in lanes:
            mixtures[lane][MIXTURE] = mixed.fitted[lane]
    return _Scores(
        names=[*names, *scores, *mixed_names],
        held_out=torch.cat(held_out, 1),
        outside=torch.cat(outside, 1),
        mixtures=mixtures,
    )


def _validations(
    names: list[str],
    parts: Tensor,
    anomalous: Tensor,
    choices: list[str],
    unlabelled: WithoutLabels,
    weighted: Scores,
) -> list[Validation | None]:
    """Of every lane; None where a criterion is not finite."""
    scores = _all_scores(names, parts, anomalous, weighted, synthetic=unlabelled.synthetic)
    mixtures = [of[choice] for of, choice in zip(scores.mixtures, choices, strict=True)]
    places = _places(scores, choices)
    outside = scores.outside[places]
    cuts = _cuts(scores, anomalous, outside, synthetic=unlabelled.synthetic)
    figures = _figures(scores, anomalous, places, cuts.threshold)
    thresholds = cuts.threshold.tolist()
    error_thresholds = None if cuts.error_threshold is None else cuts.error_threshold.tolist()
    normal = outside[:, ~anomalous]
    spreads = normal.std(1, correction=0).clamp_min(LEAST_SPREAD).tolist()
    without = {} if unlabelled.noise is None else _criteria(mixtures, normal, unlabelled.noise)
    return [
        Validation(
            mixture=mixtures[lane],
            threshold=thresholds[lane],
            error_threshold=None if error_thresholds is None else error_thresholds[lane],
            score_spread=spreads[lane],
            metrics={name: values[lane] for name, values in {**figures, **without}.items()},
        )
        if all(math.isfinite(values[lane]) for values in without.values())
        else None
        for lane in range(len(choices))
    ]


def _places(scores: _Scores, choices: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Where in [K, S] the chosen scores are."""
    device = scores.held_out.device
    places = [scores.names.index(choice) for choice in choices]
    return torch.arange(len(choices), device=device), torch.tensor(places, device=device)


def _criteria(
    mixtures: Sequence[Mixture], normal: Tensor, noise: Tensors
) -> dict[str, list[float]]:
    """The criteria [K] by name, of the chosen score of the normals [K, N] and of noise."""
    rows = [
        mixture.score({name: part[lane].cpu().numpy() for name, part in noise.items()})
        for lane, mixture in enumerate(mixtures)
    ]
    of_noise = torch.from_numpy(np.stack(rows)).to(normal.device)
    found: dict[str, list[float]] = {
        name: values.tolist() for name, values in criteria(normal, of_noise).items()
    }
    return found


@dataclass(frozen=True, kw_only=True)
class _Cuts:
    """Thresholds [K] on the chosen score and on the error, None where a detector has none."""

    threshold: Tensor
    error_threshold: Tensor | None


def _cuts(scores: _Scores, anomalous: Tensor, chosen: Tensor, *, synthetic: bool) -> _Cuts:
    """Thresholds for images outside, which `chosen` [K, N] scores as it does these."""
    has_error = ERROR in scores.names
    rows = [scores.outside[:, scores.names.index(ERROR)], chosen] if has_error else [chosen]
    cuts = cuts_of(torch.cat(rows), anomalous, synthetic=synthetic)
    *error_threshold, threshold = cuts.chunk(len(rows))
    return _Cuts(threshold=threshold, error_threshold=next(iter(error_threshold), None))


def cuts_of(scores: Tensor, anomalous: Tensor, *, synthetic: bool) -> Tensor:
    """The threshold [K] on each row of scores [K, N]; no label sets it where they are synthetic."""
    if synthetic:
        return torch.quantile(scores[:, ~anomalous], PASSING_NORMALS, dim=1)
    return thresholds_of(scores, anomalous)


def _figures(
    scores: _Scores, anomalous: Tensor, chosen_places: tuple[Tensor, Tensor], threshold: Tensor
) -> dict[str, list[float]]:
    """The figures [K] by name: all of the chosen score, on images that its fit has not seen."""
    names, every = scores.names, scores.held_out
    chosen = every[chosen_places]
    decided, of_score = flagged(chosen, anomalous, threshold), aurocs(every, anomalous)
    figures = {
        "auroc": of_score[chosen_places],
        "auprc": auprcs(chosen, anomalous),
        "threshold": threshold,
        "f1": decided.f1,
        "accuracy": decided.accuracy,
        **{f"auroc/{name}": of_score[:, place] for place, name in enumerate(names)},
    }
    of_lanes: dict[str, list[float]] = {name: each.tolist() for name, each in figures.items()}
    anomalies = int(anomalous.sum())
    normals = len(anomalous) - anomalies
    of_lanes[AUROC_ERROR] = [standard_error(each, normals, anomalies) for each in of_lanes["auroc"]]
    return of_lanes
