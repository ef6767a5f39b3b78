"""What is trained beside the best, and when a report of earlier is the same report."""

import json
from pathlib import Path

import pytest

from models import detectors
from tests.tuner.fake_trials import event
from tests.tuner.retrain.conftest import make_run, make_search, plan_of
from tests.tuner.retrain.own_pictures import space_of
from tuner.record.journal import Journal
from tuner.record.run_folder import RunFolder
from tuner.retrain.plan import make_plan, without_place
from tuner.retrain.report import stored_metrics
from tuner.space import load_space

AS_BEFORE = {
    "dataset": "digits",
    "protocol": "one-vs-rest",
    "normal": [3],
    "size": 32,
    "anomalies_per_normal": 0.1,
    "clusters": 3,
    "fit_normals": None,
    "validation_normals": 1200,
    "validation_anomalies": 1200,
    "seed": 0,
}
"""The data of a report that the version without folders wrote."""


def test_a_baseline_that_cannot_take_the_images_would_fail_after_the_training(
    tmp_path: Path,
) -> None:
    data = {"dataset": "digits", "size": 28}
    plan = plan_of(tmp_path, detector="pca", data=data, fixed={})
    assert [each.key for each in plan.contenders] == ["best", "pca", "random"]
    (line,) = plan.left_out
    assert line.startswith("The baseline autoencoder is left out: images are 28 x 28")
    assert plan_of(tmp_path).left_out == ()


def journal_of(folder: Path, aurocs: dict[str, float], unfinished: tuple[str, ...] = ()) -> None:
    journal = Journal(RunFolder(folder).journal)
    for number, (name, auroc) in enumerate(aurocs.items()):
        journal.append(event("asked", number, published=name, hyperparameters={}))
        row = {"epoch": 1, "metrics": {"auroc": auroc}, "losses": {}, "seconds": 1, "worker": "w"}
        journal.append(event("epoch", number, **row, decision={"action": "continue"}))
        if name not in unfinished:
            journal.append(event("ended", number, state="complete", reason=""))
    journal.close()


def published_of(folder: Path) -> tuple[str, dict[str, object]]:
    space = load_space(folder / "best.yaml")
    plan = make_plan(
        RunFolder(folder), space, seeds=1, epochs=None, baselines=False, published=True
    )
    (contender,) = plan.contenders[1:]
    return contender.label, dict(contender.hyperparameters)


@pytest.mark.parametrize(
    ("aurocs", "unfinished", "expected"),
    [
        ({"W1": 0.7, "W2": 0.9}, (), "W2"),
        ({"W1": 0.9, "W2": 0.7}, (), "W1"),
        ({"W1": 0.7, "W2": 0.9}, ("W2",), "W1"),
        ({}, (), "W1"),
    ],
)
def test_the_worse_published_set_would_be_the_yardstick(
    tmp_path: Path, aurocs: dict[str, float], unfinished: tuple[str, ...], expected: str
) -> None:
    folder = make_search(tmp_path / "run")
    journal_of(folder, aurocs, unfinished)
    label, hyperparameters = published_of(folder)
    assert label == f"published defaults {expected}"
    values = detectors.published("two-discriminator-gan")[expected]
    assert hyperparameters.items() >= values.items()


def test_a_report_of_an_earlier_version_would_be_trained_again(tmp_path: Path) -> None:
    """Test would be opened once more for it. It lacks PCA, which was no baseline then."""
    plan = plan_of(make_run(tmp_path / "run"))
    configuration = plan.configuration()
    assert configuration["data"] == AS_BEFORE
    del configuration["contenders"]["pca"]
    plan.run_folder.report.mkdir()
    plan.run_folder.metrics.write_text(json.dumps({"configuration": configuration}))
    assert stored_metrics(plan) is not None
    now = {"configuration": configuration, "classes": []}
    plan.run_folder.metrics.write_text(json.dumps(now))
    assert stored_metrics(plan) is None


@pytest.mark.parametrize(
    "change", [{"resize": "pad"}, {"validation": "synthetic"}, {"known_classes": [5]}]
)
def test_other_data_would_pass_for_those_of_an_earlier_report(
    tmp_path: Path, change: dict[str, object]
) -> None:
    data = {"dataset": "digits", "normal": ["3"], **change}
    configuration = plan_of(tmp_path, data=data).configuration()
    assert configuration["data"] == AS_BEFORE | change


def test_a_folder_that_was_moved_would_have_another_configuration(tmp_path: Path) -> None:
    here, there = (space_of(tmp_path / name, normal=["fine"]).data for name in ("a", "b"))
    assert without_place(here) == without_place(there)
    plan = plan_of(tmp_path, detector="pca", data=here, fixed={})
    assert plan.configuration()["data"]["normal"] == ["fine"]
    assert "folder" not in plan.configuration()["data"]
