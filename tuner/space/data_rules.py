"""Whether the data of a space can be had, and suit the detector: said before any image is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from models import detectors
from models.data.config import DataConfig
from models.data.counts import fit_counts
from tuner.domains import Choice
from tuner.errors import KeyPath, Problem
from tuner.space.fields import SpaceFields

_BATCH = "batch_normals"


def impossible_data(space: SpaceFields) -> list[Problem]:
    """List what the detector cannot train on, at each scale; a key is named once."""
    found: dict[KeyPath, Problem] = {}
    for problem in (*_size_problems(space), *_count_problems(space), *_batch_problems(space)):
        found.setdefault(problem.path, problem)
    return list(found.values())


def _size_problems(space: SpaceFields) -> Iterator[Problem]:
    requirements = detectors.requirements(space.detector)
    if text := requirements.size_problem(space.data.size):
        yield Problem(path=("data", "size"), text=text)


def _count_problems(space: SpaceFields) -> Iterator[Problem]:
    requirements = detectors.requirements(space.detector)
    for said, data in _data_of_scales(space):
        counts = fit_counts(data)
        for field, text in counts.problems(data).items():
            path = said if field == "fit_normals" else ("data", field)
            yield Problem(path=path, text=text.removeprefix(f"{field}: "))
        if text := requirements.anomalies_problem(counts.anomalies_taken(data)):
            ratio, normals = data.anomalies_per_normal, counts.normals_taken(data)
            given = f"{ratio:g} to each of {normals:,} normals; 0.1 gives one to ten"
            yield Problem(path=("data", "anomalies_per_normal"), text=f"{text}: {given}")


def _batch_problems(space: SpaceFields) -> Iterator[Problem]:
    """A batch of more normals than there are would be a smaller one than was asked for.

    The detector's default was not asked for: it stands under `fixed` in the best.yaml of a search.
    """
    known = {each.name: each.default for each in detectors.hyperparameters(space.detector)}
    least = min(fit_counts(data).normals_taken(data) for _, data in _data_of_scales(space))
    for path, size in _batches(space):
        if isinstance(size, int) and size > least and size != known.get(_BATCH):
            text = f"a batch of {size:,} normals, and there are {least:,} to fit on; lower it"
            yield Problem(path=path, text=text)


def _batches(space: SpaceFields) -> Iterator[tuple[KeyPath, object]]:
    yield ("fixed", _BATCH), space.fixed.get(_BATCH)
    for name, scale in space.scales.items():
        yield ("scales", name, _BATCH), scale.hyperparameters.get(_BATCH)
    domain = space.search.get(_BATCH)
    if domain is not None:
        ends = domain.values if isinstance(domain, Choice) else (domain.high,)
        yield ("search", _BATCH), max((end for end in ends if isinstance(end, int)), default=None)


def _data_of_scales(space: SpaceFields) -> Iterator[tuple[KeyPath, DataConfig]]:
    """The data of each scale, or of the space without scales, and where `fit_normals` is said."""
    own: KeyPath = ("data", "fit_normals")
    if not space.scales:
        yield own, space.data
    for name, scale in space.scales.items():
        if scale.fit_normals is None:
            yield own, space.data
        else:
            where = ("scales", name, "fit_normals")
            yield where, dataclasses.replace(space.data, fit_normals=scale.fit_normals)
