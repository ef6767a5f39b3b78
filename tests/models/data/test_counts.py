"""What is known of a data set without its images is what its images say."""

import numpy as np
import pytest

from models.data.config import DataConfig
from models.data.counts import fit_counts
from models.data.protocol import make_split
from models.data.registry import DATASETS
from models.data.sources import find


@pytest.mark.parametrize("name", DATASETS)
def test_a_class_would_be_counted_wrongly(name: str, request: pytest.FixtureRequest) -> None:
    source = find(DataConfig(dataset="digits"))
    if name == "fashion-mnist":
        source = request.getfixturevalue("fashion_mnist")
    classes = DATASETS[name].module.read_training(source).classes
    assert tuple(np.bincount(classes)) == DATASETS[name].training_counts


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
    assert fit_counts(possible).problems(possible) == {}
    make_split(possible, find(possible))
    impossible = DataConfig(dataset="digits", **more)  # type: ignore[arg-type]
    assert list(fit_counts(impossible).problems(impossible)) == list(more)
    with pytest.raises(ValueError, match=next(iter(more))):
        make_split(impossible, find(impossible))
