"""What a lane is judged by: the score that is chosen, on images that its fit has not seen."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from models.evaluation.mixture import cross_fitted, mixed_lanes, thresholds_of
from models.evaluation.standard_error import AUROC_ERROR, standard_error
from models.evaluation.validation import Validation, judge

LABELS = np.arange(200) % 4 == 1
BY_MIXTURE = {"score": "mixture"}


def parts_of(seed: int = 0) -> dict[str, torch.Tensor]:
    """One lane's error, whose size is far from that of any mixture, and a part that tells more."""
    random = np.random.default_rng(seed)
    error = np.exp(random.normal(size=200) + 0.5 * LABELS) + 20
    latent = random.normal(size=200) + 1.5 * LABELS
    return {"error": torch.from_numpy(error)[None], "latent": torch.from_numpy(latent)[None]}


def judged(parts: dict[str, torch.Tensor], values: dict[str, str]) -> Validation:
    (found,) = judge(parts, LABELS, [values])
    assert found is not None
    return found


def test_a_mixture_would_be_judged_on_the_images_that_it_was_fitted_on() -> None:
    """Of sixty parts of noise a regression learns the labels that it sees, and nothing else."""
    random = np.random.default_rng(0)
    labels = np.arange(200) % 2 == 1
    noise = {f"part{n}": torch.from_numpy(random.normal(size=(1, 200))) for n in range(60)}
    (found,) = judge(noise, labels, [BY_MIXTURE])
    assert found is not None
    # 4 standard deviations of the AUROC of noise with 100 + 100 images
    assert abs(found.metrics["auroc"] - 0.5) < 0.165
    assert abs(found.metrics["auroc/mixture"] - 0.5) < 0.165
    assert found.metrics["f1"] < 0.65


def test_f1_and_threshold_of_a_trial_would_be_of_another_score_than_its_auroc() -> None:
    parts = parts_of()
    found = judged(parts, BY_MIXTURE)
    rows = {name: part[0].numpy() for name, part in parts.items()}
    held_out = cross_fitted(rows, LABELS)
    mixed = mixed_lanes(list(parts), torch.stack(list(parts.values()), 1), torch.from_numpy(LABELS))
    (threshold,) = thresholds_of(mixed.scores, torch.from_numpy(LABELS)).tolist()
    flagged = held_out > threshold
    assert found.metrics["auroc"] == pytest.approx(roc_auc_score(LABELS, held_out))
    assert found.threshold == found.metrics["threshold"] == pytest.approx(threshold)
    assert found.metrics["f1"] == pytest.approx(f1_score(LABELS, flagged))
    assert found.metrics["accuracy"] == pytest.approx(accuracy_score(LABELS, flagged))
    of_fitted = f1_score(LABELS, mixed.scores[0].numpy() > threshold)
    of_error = f1_score(LABELS, rows["error"] > found.error_threshold)
    assert of_fitted != pytest.approx(found.metrics["f1"])
    assert of_error != pytest.approx(found.metrics["f1"])


def test_the_threshold_on_the_error_would_be_that_of_the_mixture() -> None:
    parts = parts_of()
    (expected,) = thresholds_of(parts["error"], torch.from_numpy(LABELS)).tolist()
    for values in ({}, BY_MIXTURE, {"score": "latent"}):
        found = judged(parts, values)
        assert found.error_threshold == pytest.approx(expected)
        assert (found.threshold == pytest.approx(expected)) == (values == {})
    assert judged({"latent": parts["latent"]}, {}).error_threshold is None


def test_an_auroc_would_come_without_its_standard_error() -> None:
    for values in ({}, BY_MIXTURE):
        metrics = judged(parts_of(), values).metrics
        assert metrics[AUROC_ERROR] == standard_error(metrics["auroc"], normals=150, anomalies=50)


def test_a_mixture_of_a_part_that_says_nothing_would_be_judged_by_its_rounding() -> None:
    parts = parts_of()
    assert judge(parts, LABELS, [BY_MIXTURE]) != [None]
    nothing = {**parts, "latent": torch.full_like(parts["latent"], 0.5)}
    assert judge(nothing, LABELS, [BY_MIXTURE]) == [None]
    assert judge(nothing, LABELS, [{"score": "error"}]) != [None]
