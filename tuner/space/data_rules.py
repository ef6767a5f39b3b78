"""Whether the data of a space can be had, and suit the detector: said before any image is read."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from models import detectors
from models.data.config import DataConfig, tasks
from models.data.counts import fit_counts
from models.data.registry import DATASETS
from tuner.errors import KeyPath, Problem
from tuner.space.domains import Choice
from tuner.space.fields import SpaceFields

_BATCH = "batch_normals"


def impossible_data(space: SpaceFields) -> list[Problem]:
    """List what the detector cannot train on, at each scale; a key is named once."""
    found: dict[KeyPath, Problem] = {}
    rules = (_size_problems, _count_problems, _batch_problems, _label_problems, _lane_problems)
    for problem in (each for rule in rules for each in rule(space)):
        found.setdefault(problem.path, problem)
    return list(found.values())


def _label_problems(space: SpaceFields) -> Iterator[Problem]:
    """What is fitted on labels needs labelled images."""
    if space.data.validation != "synthetic":
        return
    domain = space.search.get("score")
    chosen = [space.fixed.get("score"), *(domain.values if isinstance(domain, Choice) else ())]
    if "mixture" in chosen:
        path: KeyPath = ("search" if domain is not None else "fixed", "score")
        text = "mixture is fitted on labels, and data.validation: synthetic has none; use error"
        yield Problem(path=path, text=text)


def _lane_problems(space: SpaceFields) -> Iterator[Problem]:
    """A trial of several tasks fills its place."""
    lanes = space.resources.lanes
    if space.data.each and lanes not in ("auto", 1):
        text = f"data.normal: each cannot be packed, so lanes are 1; got {lanes}: leave it out"
        yield Problem(path=("resources", "lanes"), text=text)


def _size_problems(space: SpaceFields) -> Iterator[Problem]:
    requirements = detectors.requirements(space.detector)
    if text := requirements.size_problem(space.data.size):
        yield Problem(path=("data", "size"), text=text)
    if text := requirements.channels_problem(space.data.preprocessing.channels):
        yield Problem(path=("data", "dataset"), text=text)


def _count_problems(space: SpaceFields) -> Iterator[Problem]:
    requirements = detectors.requirements(space.detector)
    for said, data in _data_of_scales(space):
        counts = fit_counts(data)
        if counts is None:  # a folder: its counts are known when it is opened
            if not data.anomalies_per_normal and (text := requirements.anomalies_problem(0)):
                yield Problem(path=("data", "anomalies_per_normal"), text=text)
            continue
        for field, text in counts.problems(data).items():
            path = said if field == "fit_normals" else ("data", field)
            yield Problem(path=path, text=text.removeprefix(f"{field}: "))
        if text := requirements.normals_problem(counts.normals_taken(data)):
            yield Problem(path=said, text=text)
        if text := requirements.anomalies_problem(counts.anomalies_taken(data)):
            ratio, normals = data.anomalies_per_normal, counts.normals_taken(data)
            given = f"{ratio:g} to each of {normals:,} normals; 0.1 gives one to ten"
            yield Problem(path=("data", "anomalies_per_normal"), text=f"{text}: {given}")


def _batch_problems(space: SpaceFields) -> Iterator[Problem]:
    """A batch of more normals than there are would be a smaller one than was asked for.

    The detector's default was not asked for: it stands under `fixed` in the best.yaml of a search.
    Nor was what a search has found: it may be a published set, which is trained whatever it is.
    """
    if space.result is not None:
        return
    known = {each.name: each.default for each in detectors.hyperparameters(space.detector)}
    least = min(_normals_taken(data) for _, data in _data_of_scales(space))
    for path, size in _batches(space):
        if isinstance(size, int) and size > least and size != known.get(_BATCH):
            text = f"a batch of {size:,} normals, and there are {least:,} to fit on; lower it"
            yield Problem(path=path, text=text)


def _normals_taken(data: DataConfig) -> float:
    """How many normals are fitted on; infinitely many where only the files tell."""
    counts = fit_counts(data)
    return math.inf if counts is None else counts.normals_taken(data)


def _batches(space: SpaceFields) -> Iterator[tuple[KeyPath, object]]:
    yield ("fixed", _BATCH), space.fixed.get(_BATCH)
    for name, scale in space.scales.items():
        yield ("scales", name, _BATCH), scale.hyperparameters.get(_BATCH)
    domain = space.search.get(_BATCH)
    if domain is not None:
        ends = domain.values if isinstance(domain, Choice) else (domain.high,)
        yield ("search", _BATCH), max((end for end in ends if isinstance(end, int)), default=None)


def _data_of_scales(space: SpaceFields) -> Iterator[tuple[KeyPath, DataConfig]]:
    """The data of each scale and task, and where `fit_normals` is said."""
    for path, data in _whole_data_of_scales(space):
        class_names = DATASETS[data.dataset].class_names  # a folder's are known when it is opened
        for task in tasks(data, class_names) if class_names else (data,):
            yield path, task


def _whole_data_of_scales(space: SpaceFields) -> Iterator[tuple[KeyPath, DataConfig]]:
    """The data of each scale, or of the space without scales."""
    own: KeyPath = ("data", "fit_normals")
    if not space.scales:
        yield own, space.data
    for name, scale in space.scales.items():
        if scale.fit_normals is None:
            yield own, space.data
        else:
            where = ("scales", name, "fit_normals")
            yield where, dataclasses.replace(space.data, fit_normals=scale.fit_normals)
