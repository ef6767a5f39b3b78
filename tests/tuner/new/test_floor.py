"""The floor of simple methods, and how sure its figures are."""

import numpy as np
import pytest
import torch

from models.data.images import LabelledImages, TrainingData
from models.data.preprocessing import Preprocessing
from tuner.new.baselines import floor, floor_lines, standard_error


def test_the_standard_error_would_not_be_the_published_one() -> None:
    # The example of Hanley and McNeil: an area of 0.893 of 51 abnormal and 58 normal cases.
    assert standard_error(0.893, 51, 58) == pytest.approx(0.032, abs=1e-3)


@pytest.mark.parametrize(("anomalies", "normals"), [(8, 60), (60, 8)])
def test_the_standard_error_would_take_one_kind_for_the_other(anomalies: int, normals: int) -> None:
    """Its formula is exact for exponential scores: 4,000 draws of them are the reference."""
    generator = np.random.default_rng(0)
    bad = generator.exponential(9, (4000, anomalies, 1))
    good = generator.exponential(1, (4000, 1, normals))
    spread = (bad > good).mean((1, 2)).std()
    assert standard_error(0.9, anomalies, normals) == pytest.approx(spread, rel=0.06)


def test_the_standard_error_would_not_shrink_with_the_kind_that_is_rare() -> None:
    assert standard_error(0.8, 5, 500) > 2 * standard_error(0.8, 50, 50)
    assert standard_error(1.0, 5, 5) == 0


def images(values: torch.Tensor, anomalous: torch.Tensor) -> LabelledImages:
    return LabelledImages(images=values, anomalous=anomalous, classes=anomalous.long())


def data(*, synthetic: bool = False) -> TrainingData:
    """Normals are a pattern and a little noise; anomalies have a bright block besides."""
    generator = np.random.default_rng(0)
    base = generator.integers(60, 180, (1, 1, 16, 16))
    normals = (base + generator.integers(-20, 21, (50, 1, 16, 16))).astype(np.uint8)
    anomalies = normals[40:].copy()
    anomalies[:, :, 4:12, 4:12] = 255
    validation = torch.from_numpy(np.concatenate([normals[30:], anomalies]))
    return TrainingData(
        fit=images(torch.from_numpy(normals[:30]), torch.zeros(30, dtype=torch.bool)),
        validation=images(validation, torch.arange(30) >= 20),
        preprocessing=Preprocessing(size=16, channels=1),
        synthetic=synthetic,
    )


def test_what_a_simple_method_sees_would_be_missed() -> None:
    figures = floor(data())
    assert [each.auroc for each in figures] == [1, 1]
    assert {each.method for each in figures} == {
        "PCA's reconstruction error",
        "distance to the nearest neighbour",
    }


def test_a_figure_on_synthetic_anomalies_would_pass_for_one_on_real_ones() -> None:
    made = data(synthetic=True)
    said = "\n".join(floor_lines(floor(made), made))
    assert "20 good pictures and 10 synthetic anomalies" in said
    real = data()
    assert "synthetic" not in "\n".join(floor_lines(floor(real), real))


def test_the_nearest_would_be_looked_for_among_known_anomalies() -> None:
    plain = data()
    shown = plain.validation.images[-10:]
    fit = images(torch.cat([plain.fit.images, shown]), torch.arange(40) >= 30)
    with_known = TrainingData(
        fit=fit, validation=plain.validation, preprocessing=plain.preprocessing
    )
    assert [each.auroc for each in floor(with_known)] == [1, 1]
