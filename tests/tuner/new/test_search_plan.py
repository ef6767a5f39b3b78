"""What is searched, for how long, of every detector that there is."""

import pytest

from models import detectors
from models.data.config import DataConfig
from models.hyperparameters import Hyperparameter
from tuner.new import search_plan as plans
from tuner.new.search_plan import LEAST_STEPS, batch_of, plan
from tuner.objectives import LABEL_FREE_OBJECTIVE
from tuner.space.yaml_reader import read_yaml

DATA = DataConfig(dataset="folder", folder="/x", size=64, anomalies_per_normal=0)


def scales(normals: int, detector: str = "autoencoder") -> dict[str, dict[str, int]]:
    lines = plan(detector, DATA, normals, 30).scales
    return {line.key: read_yaml(line.value).value for line in lines}  # type: ignore[misc]


@pytest.mark.parametrize("normals", [32, 100, 167, 1000, 20_000])
def test_an_epoch_would_have_too_few_steps(normals: int) -> None:
    batch = batch_of(normals, 64)
    assert normals // batch >= LEAST_STEPS
    assert batch == 64 or normals // (2 * batch) < LEAST_STEPS


@pytest.mark.parametrize("normals", [120, 167, 500])
def test_a_small_folder_would_be_trained_for_too_few_steps(normals: int) -> None:
    of_an_epoch = normals // batch_of(normals, 64)
    assert 600 <= scales(normals)["cpu"]["epochs"] * of_an_epoch <= 1200
    of_both = scales(normals, "two-discriminator-gan")["cpu"]["epochs"] * of_an_epoch
    assert 300 <= of_both <= 600


@pytest.mark.parametrize(("detector", "stages"), [("ognet", 3), ("deep-sad", 2), ("omasgan", 4)])
def test_a_detector_of_several_stages_would_be_trained_for_the_steps_of_one(
    detector: str, stages: int
) -> None:
    alone = "two-discriminator-gan" if detectors.learns_anomalies(detector) else "autoencoder"
    for scale, found in scales(167, detector).items():
        assert found["epochs"] == stages * scales(167, alone)[scale]["epochs"]


def test_a_large_folder_would_be_trained_whole_on_a_cpu() -> None:
    assert scales(20_000)["cpu"]["fit_normals"] == 4000
    assert "fit_normals" not in scales(4000)["cpu"]
    assert "fit_normals" not in scales(20_000)["gpu"]


def test_a_folder_of_normals_alone_would_be_searched_by_synthetic_anomalies() -> None:
    made = DataConfig(dataset="folder", folder="/x", validation="synthetic")
    assert plan("autoencoder", made, 100, 0).objective.value == LABEL_FREE_OBJECTIVE
    assert plan("autoencoder", DATA, 100, 30).objective.value == "best_auroc"


@pytest.mark.parametrize(("bad", "score"), [(19, "error"), (20, "mixture")])
def test_a_regression_would_be_fitted_on_a_handful(bad: int, score: str) -> None:
    fixed = {line.key: line.value for line in plan("two-discriminator-gan", DATA, 100, bad).fixed}
    assert fixed["score"] == score


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({"default": 0.5, "low": 0.0, "high": 1.0}, "{uniform: [0, 1]}"),
        ({"default": 1e-3, "low": 1e-5, "high": 0.1, "log": True}, "{log: [1e-05, 0.1]}"),
        ({"default": 3, "low": 1, "high": 9}, "{int: [1, 9]}"),
        ({"default": 3, "low": 1, "high": 1000000, "log": True}, "{log_int: [1, 1000000]}"),
        ({"default": "a", "choices": ("a", "b")}, "{choice: [a, b]}"),
    ],
)
def test_a_detector_of_somebody_elses_would_not_be_searched(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], value: str
) -> None:
    setting = Hyperparameter(name="own", meaning="it does", source="here", **settings)  # type: ignore[arg-type]
    monkeypatch.setattr(detectors, "hyperparameters", lambda _: (setting,))
    monkeypatch.setattr(detectors, "published", lambda _: {})
    assert [(line.key, line.value) for line in plans.plan("new", DATA, 100, 30).search] == [
        ("own", value)
    ]
