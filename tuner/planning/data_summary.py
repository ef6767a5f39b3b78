"""What the splits of a search have, said in a line, and what makes figures on them doubtful."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from models import detectors
from models.data.config import FOLDS
from models.data.counts import LEAST_OF_A_KIND, least_counts, validation_counts
from models.evaluation.criteria_names import (
    CRITERIA,
    RANK_CORRELATIONS,
    SYNTHETIC_RANK_CORRELATION,
)
from tuner.errors import TunerError
from tuner.objectives import metric_of
from tuner.space.domains import AnyDomain, Choice, spell

if TYPE_CHECKING:
    from models.data.config import DataConfig
    from models.data.split import Split
    from tuner.space import Space


def split_text(config: DataConfig, splits: Sequence[Split]) -> str:
    """Say how many images fit and validation have, from the least to the most of several splits."""
    tasks = f"{len(splits)} classes, each normal in turn: " if config.each else ""
    validation = f"{_span(len(each.validation_normals) for each in splits)} normal and "
    return (
        f"{tasks}fit {_span(len(each.fit_normals) for each in splits)} normal and "
        f"{_span(len(each.fit_anomalies) for each in splits)} anomalous, "
        f"validation {validation}{_anomalies(config, splits)}"
    )


def numbers_found(config: DataConfig, splits: Sequence[Split]) -> dict[str, object]:
    """The keys of `data` that ask for more images than there are, with what there is of them."""
    counts = [validation_counts(config, each) for each in splits]
    found = {
        "validation_normals": _span(each.normals for each in counts),
        "validation_anomalies": _span(each.anomalies for each in counts),
    }
    return {
        key: int(said) if said.isdigit() else said
        for key, text in found.items()
        if (said := text.replace(",", "")) != str(getattr(config, key))
    }


def check_enough(space: Space, splits: Sequence[Split]) -> None:
    """Raise TunerError where the detector, or the score that is fitted, cannot do with the images.

    A score is judged in folds, and needs as many labels of each kind.
    """
    _check_fit(space, splits)
    check_judged(space.data, splits)
    domain = space.search.get("score")
    chosen = (space.fixed.get("score"), *getattr(domain, "values", ()))
    if "mixture" not in chosen:
        return
    counts = least_counts(space.data, splits)
    least = min(counts.normals, counts.anomalies)
    if least < FOLDS:
        raise TunerError(
            f"score: mixture is fitted on validation images, and of one kind there are {least}: it "
            f"needs {FOLDS} normal and {FOLDS} anomalous ones; use score: error, or add images"
        )


def check_judged(config: DataConfig, splits: Sequence[Split]) -> None:
    """Raise TunerError where validation has no images of a kind: nothing can be told apart."""
    counts = least_counts(config, splits)
    missing = [
        kind
        for count, kind in ((counts.normals, "normal"), (counts.anomalies, "anomalous"))
        if not count
    ]
    if missing:
        remedy = "" if "normal" in missing else ", or data.validation: synthetic"
        raise TunerError(
            f"validation has no {' and no '.join(missing)} images ({counts.normals:,} normal, "
            f"{counts.anomalies:,} anomalous), so no trial can be judged: add images, 1 of each "
            f"kind at the least and {LEAST_OF_A_KIND} for a figure that says something{remedy}"
        )


def _check_fit(space: Space, splits: Sequence[Split]) -> None:
    requirements = detectors.requirements(space.detector)
    normals = min(len(each.fit_normals) for each in splits)
    anomalies = min(len(each.fit_anomalies) for each in splits)
    problem = requirements.normals_problem(normals) or requirements.anomalies_problem(anomalies)
    if problem:
        raise TunerError(f"{space.detector}: {problem}")


def _anomalies(config: DataConfig, splits: Sequence[Split]) -> str:
    counts = _span(validation_counts(config, each).anomalies for each in splits)
    if config.validation == "synthetic":
        return f"{counts} synthetic anomalies made of them"
    return f"{counts} anomalous"


def _span(counts: Iterable[int]) -> str:
    numbers = list(counts)
    least, most = min(numbers), max(numbers)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def search_warnings(space: Space, splits: Sequence[Split]) -> Iterator[str]:
    """What makes the figures of a search doubtful, and what of its space does nothing."""
    yield from warnings(space.data, splits)
    yield from _objective_warnings(space.objective)
    yield from _beyond_warnings(space)
    yield from _batch_warnings(space, min(len(each.fit_normals) for each in splits))


def _batch_warnings(space: Space, normals: int) -> Iterator[str]:
    """A batch larger than the data is a smaller one; a folder's images are counted only here."""
    batch = detectors.resolve(space.detector, space.fixed).get("batch_normals")
    domain = space.search.get("batch_normals")
    if domain is not None and _largest(domain) > normals:
        yield (
            f"search.batch_normals: {spell(domain)} reaches too far: there are {normals:,} normals "
            f"to fit on, and all above {normals:,} mean {normals:,}."
        )
    elif domain is None and isinstance(batch, int) and batch > normals:
        yield (
            f"batch_normals is {batch:,}, and there are {normals:,} normals to fit on: each step "
            "sees all of them. A smaller one under `fixed` gives more steps to an epoch."
        )


def _beyond_warnings(space: Space) -> Iterator[str]:
    """Values above the highest that means anything are all the same, and only cost trials."""
    size = space.data.size
    for each in detectors.hyperparameters(space.detector):
        domain, most = space.search.get(each.name), each.high_at.get(size)
        if domain is None or most is None:
            continue
        if _largest(domain) > most:
            yield (
                f"search.{each.name}: {spell(domain)} reaches too far: at {size} x {size} all "
                f"above {most:g} mean {most:g}."
            )


def _largest(domain: AnyDomain) -> float:
    ends = domain.values if isinstance(domain, Choice) else (domain.high,)
    return max((end for end in ends if isinstance(end, int | float)), default=-math.inf)


def _objective_warnings(objective: str) -> Iterator[str]:
    """How far an objective without labels can be trusted."""
    metric = metric_of(objective)
    if metric in CRITERIA:
        yield (
            f"{objective} needs no anomaly, and is weak: it ranks configurations, "
            f"{_ranked(RANK_CORRELATIONS[metric])}."
        )


def _ranked(figures: tuple[float, float, float]) -> str:
    mean, low, high = figures
    return (
        f"at a rank correlation with true validation AUROC of {mean:.2f} (five data sets, "
        f"{low:.2f} to {high:.2f})"
    )


def warnings(config: DataConfig, splits: Sequence[Split]) -> Iterator[str]:
    """What makes the figures of a search doubtful; of several splits the smallest tells."""
    if config.validation == "synthetic":
        yield (
            "All validation figures are on synthetic anomalies: they rank configurations, "
            f"{_ranked(SYNTHETIC_RANK_CORRELATION)}, and say little of how many real defects will "
            "be found."
        )
    if doubt := few_text(config, splits):
        yield f"{doubt} More images help."


def few_text(config: DataConfig, splits: Sequence[Split]) -> str:
    """Say that validation has too few images of a kind to rank by; "" where it has enough."""
    few = least_counts(config, splits).few
    if not few:
        return ""
    return (
        f"Validation has {few} images, fewer than {LEAST_OF_A_KIND}: differences between trials "
        "are mostly chance."
    )
