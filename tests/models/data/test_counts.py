"""What is known of a data set without its images is what its images say."""

from dataclasses import replace

import numpy as np
import pytest

from models.data.config import DataConfig
from models.data.counts import FitCounts, fit_counts
from models.data.modules import module_of
from models.data.places import DataProblem
from models.data.protocol import make_split
from models.data.registry import DATASETS, FOLDER
from models.data.sources import DataNotFound, Source, find

SLOW = {"cifar-10"}
"""Its archive takes ten seconds to unpack."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.long] if name in SLOW else [])
        for name in DATASETS
        if name != FOLDER
    ],
)
def test_a_class_would_be_counted_wrongly(name: str, request: pytest.FixtureRequest) -> None:
    config = DataConfig(dataset=name)
    if name == "fashion-mnist":
        source = request.getfixturevalue("fashion_mnist")
    else:
        source = found_or_skipped(config)
    part = module_of(config).training_part(config, source)
    assert tuple(np.bincount(part.index.classes)) == DATASETS[name].training_counts
    assert part.read(np.array([0])).shape[1] == DATASETS[name].channels


def found_or_skipped(config: DataConfig) -> Source:
    try:
        return find(config)
    except DataNotFound:
        pytest.skip(f"no {config.dataset} here; $TUNER_DATA names a folder with it")


@pytest.mark.parametrize(
    "config",
    [
        DataConfig(dataset="digits", normal=(3,)),
        DataConfig(dataset="digits", normal=(0, 4, 9), anomalies_per_normal=0.77),
        DataConfig(dataset="digits", normal=(8,), fit_normals=37, anomalies_per_normal=2.5),
    ],
)
def test_a_split_would_have_other_numbers_than_were_judged(config: DataConfig) -> None:
    split = make_split(config, find(config))
    counts = fit_counts(config)
    assert counts is not None
    assert counts.problems(config) == {}
    assert counts.normals_taken(config) == len(split.fit_normals)
    assert counts.anomalies_taken(config) == len(split.fit_anomalies)


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ({"fit_normals": 114}, {"fit_normals": 115}),
        ({"anomalies_per_normal": 1032 / 114}, {"anomalies_per_normal": 1033 / 114}),
    ],
)
def test_the_last_possible_number_would_be_refused_or_one_more_allowed(
    most: dict[str, float], more: dict[str, float]
) -> None:
    possible = DataConfig(dataset="digits", **most)  # type: ignore[arg-type]
    assert counts_of(possible).problems(possible) == {}
    make_split(possible, find(possible))
    impossible = DataConfig(dataset="digits", **more)  # type: ignore[arg-type]
    assert list(counts_of(impossible).problems(impossible)) == list(more)
    with pytest.raises(ValueError, match=next(iter(more))):
        make_split(impossible, find(impossible))


def test_a_part_of_an_anomaly_would_be_cut_off() -> None:
    config = DataConfig(dataset="digits", normal=(8,), fit_normals=37, anomalies_per_normal=0.1)
    assert counts_of(config).anomalies_taken(config) == 4
    assert len(make_split(config, find(config)).fit_anomalies) == 4


def counts_of(config: DataConfig) -> FitCounts:
    counts = fit_counts(config)
    assert counts is not None
    return counts


def test_unseen_classes_would_count_as_known_anomalies() -> None:
    config = DataConfig(dataset="digits", known_classes=(1, 2), anomalies_per_normal=0.5)
    split = make_split(config, find(config))
    assert counts_of(config).candidates == 116 + 113
    part = module_of(config).training_part(config, find(config))
    for rows in (split.fit_anomalies, split.validation_anomalies):
        assert set(part.index.classes[rows]) == {1, 2}


def test_counts_that_are_declared_wrongly_would_be_found_by_a_trial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declared = replace(DATASETS["digits"], training_counts=(142,) * 10)
    monkeypatch.setitem(DATASETS, "digits", declared)
    config = DataConfig(dataset="digits")
    with pytest.raises(DataProblem, match=r"training_counts of \(142, 142, .* are \(142, 145, 141"):
        make_split(config, find(config))
