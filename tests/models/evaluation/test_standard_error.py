"""The standard error of an AUROC, against the paper's own example and against counting."""

import math

import numpy as np
import pytest
import torch

from models.evaluation.lane_metrics import aurocs
from models.evaluation.standard_error import interval_of_perfect, of_mean, standard_error


def test_the_formula_would_not_be_that_of_the_paper() -> None:
    """Its example: 58 normal and 51 abnormal images, an area of 0.893."""
    assert standard_error(0.893, normals=58, anomalies=51) == pytest.approx(0.032, abs=1e-3)


@pytest.mark.parametrize(
    ("area", "normals", "anomalies"), [(0.8, 200, 30), (0.8, 30, 200), (0.95, 100, 100)]
)
def test_it_would_not_be_how_far_aurocs_scatter(area: float, normals: int, anomalies: int) -> None:
    """Of exponential scores, which the formula is exact for; many sets of images are drawn."""
    random = np.random.default_rng(0)
    scores = random.exponential(size=(4000, normals + anomalies))
    scores[:, normals:] *= area / (1 - area)
    drawn = aurocs(torch.from_numpy(scores), torch.arange(normals + anomalies) >= normals)
    assert float(drawn.mean()) == pytest.approx(area, abs=0.003)
    found = standard_error(area, normals=normals, anomalies=anomalies)
    assert found == pytest.approx(float(drawn.std()), rel=0.05)


def test_four_anomalies_that_are_all_found_would_be_proof() -> None:
    assert standard_error(1.0, normals=28, anomalies=4) > 0.05
    assert standard_error(0.0, normals=28, anomalies=4) > 0.05
    assert standard_error(1.0, normals=1200, anomalies=1200) < 0.002


def test_a_perfect_ranking_would_be_taken_for_certain() -> None:
    low, high = interval_of_perfect(1.0, normals=28, anomalies=4)
    assert (low, high) == (1 - 1.96 * standard_error(1.0, normals=28, anomalies=4), 1)
    reversed_error = standard_error(0.0, normals=28, anomalies=4)
    assert interval_of_perfect(0.0, normals=28, anomalies=4) == (0, 1.96 * reversed_error)
    assert interval_of_perfect(1.0, normals=1200, anomalies=1200)[0] > 0.99


def test_an_auroc_that_there_is_not_would_have_an_error_of_zero() -> None:
    for auroc, normals, anomalies in ((math.nan, 5, 5), (0.5, 0, 5), (0.5, 5, 0)):
        assert math.isnan(standard_error(auroc, normals, anomalies))


def test_a_mean_over_classes_that_share_images_would_seem_surer_than_they_are() -> None:
    assert of_mean([0.03, 0.04]) == pytest.approx(0.035)
    assert of_mean([0.02]) == 0.02
