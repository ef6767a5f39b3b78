"""What is trained beside the best, and when a report of earlier is the same report."""

import dataclasses
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from models import detectors
from models.hyperparameters import Value
from tests.tuner.fake_trials import event
from tests.tuner.retrain.conftest import WIDTH, make_run, make_search, plan_of
from tests.tuner.retrain.own_pictures import space_of
from tuner.figures.metrics import DEFAULTS
from tuner.figures.task import without_place
from tuner.record.journal import Journal
from tuner.record.run_folder import RunFolder
from tuner.retrain.plan import Plan, make_plan
from tuner.retrain.report import stored_metrics
from tuner.seeds import derive
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


def test_a_baseline_would_be_narrower_than_what_it_is_held_against(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, fixed={"width": 24})
    (autoencoder,) = (each for each in plan.contenders if each.key == "autoencoder")
    assert plan.best.hyperparameters["width"] == autoencoder.hyperparameters["width"] == 24


def test_a_baseline_of_a_single_epoch_would_look_like_one_that_was_trained(tmp_path: Path) -> None:
    """PCA needs one epoch; so the autoencoder beside it has no more."""

    def labels(detector: str, epochs: int) -> list[str]:
        data = {"dataset": "digits", "anomalies_per_normal": 0}
        plan = plan_of(tmp_path, detector=detector, data=data, fixed={}, epochs=epochs)
        return [each.label for each in plan.contenders]

    assert labels("pca", 1)[1:] == ["autoencoder (1 epoch)", "pca, defaults", "random"]
    assert labels("pca", 2)[1:] == ["autoencoder", "pca, defaults", "random"]
    assert labels("vae", 1)[1:] == ["autoencoder", "pca", "random"]


def test_the_best_would_be_trained_again_with_the_seed_it_was_chosen_for(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert len(set(plan.seeds)) == len(plan.seeds)
    assert not set(plan.seeds) & {derive(0, "trial", number) for number in range(300)}


def journal_of(
    folder: Path,
    aurocs: Mapping[str | None, float],
    unfinished: tuple[str, ...] = (),
    found: Mapping[str, Value] | None = None,
) -> None:
    """Trials by their published set, None for what was searched."""
    journal = Journal(RunFolder(folder).journal)
    journal.append(event("driver", resumed=False, slots=1, space={}))
    for number, (name, auroc) in enumerate(aurocs.items()):
        values = {} if name else dict(found or {})
        journal.append(event("asked", number, published=name, hyperparameters=values))
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
        ({None: 0.9}, (), "W1"),
    ],
)
def test_the_worse_published_set_would_be_the_yardstick(
    tmp_path: Path, aurocs: dict[str | None, float], unfinished: tuple[str, ...], expected: str
) -> None:
    folder = make_search(tmp_path / "run")
    journal_of(folder, aurocs, unfinished)
    label, hyperparameters = published_of(folder)
    assert label == f"published defaults {expected}"
    values = detectors.published("two-discriminator-gan")[expected]
    assert hyperparameters.items() >= values.items()


def test_a_published_set_would_be_given_what_the_search_has_found(tmp_path: Path) -> None:
    """The search held the width, and varied the augmentation, of which the sets say nothing."""
    fixed = {"width": WIDTH, "augmentation": "flip"}
    folder = make_search(tmp_path / "run", fixed=fixed)
    varied = {"augmentation": {"choice": ["none", "flip"]}}
    searched = make_search(
        tmp_path / "other", fixed={"width": WIDTH}, search=varied, trials=4, epochs=3
    )
    shutil.copy(searched / "space.yaml", folder)
    journal_of(folder, {"W1": 0.7, None: 0.9})
    label, hyperparameters = published_of(folder)
    assert label == "published defaults W1"
    assert hyperparameters["augmentation"] == "none"
    assert hyperparameters["width"] == WIDTH


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


def asked(folder: Path, **options: Any) -> Plan:
    """The plan of a retrain that is asked for nothing but this."""
    space = load_space(folder / "best.yaml")
    usual: dict[str, Any] = {"seeds": 1, "epochs": None, "baselines": True, "published": None}
    return make_plan(RunFolder(folder), space, **(usual | options))


def test_a_gain_that_the_search_claims_would_not_be_measured_on_test(tmp_path: Path) -> None:
    folder = make_search(tmp_path / "run")
    assert DEFAULTS not in [each.key for each in asked(folder).contenders], "nothing was tried"
    found = asked(folder).best.hyperparameters
    journal_of(folder, {"W1": 0.7, "W2": 0.9, None: 0.95}, found=found)
    plan = asked(folder)
    assert plan.contenders[1].label == "published defaults W2"
    assert plan.claimed_gain == pytest.approx(0.05)
    assert DEFAULTS not in [each.key for each in asked(folder, published=False).contenders]
    assert [each.key for each in asked(folder, baselines=False).contenders] == ["best"]
    other = load_space(folder / "best.yaml", ["fixed.patch_n=7"])
    changed = make_plan(
        RunFolder(folder), other, seeds=1, epochs=None, baselines=True, published=None
    )
    assert changed.claimed_gain is None, "another configuration was never claimed to be better"
    elsewhere = load_space(folder / "best.yaml", ["data.normal=[4]"])
    of_others = make_plan(
        RunFolder(folder), elsewhere, seeds=1, epochs=None, baselines=True, published=None
    )
    assert DEFAULTS not in [each.key for each in of_others.contenders]


def test_a_published_set_that_is_the_best_would_be_trained_twice(tmp_path: Path) -> None:
    """W1 at the search's fixed values is what `make_search` calls the best."""
    folder = make_search(tmp_path / "run")
    journal_of(folder, {"W1": 0.7})
    plan = asked(folder)
    assert DEFAULTS not in [each.key for each in plan.contenders]
    assert plan.left_out == ("The best found is the published defaults W1: no gain to measure.",)
    assert asked(folder, published=True).contenders[1].key == DEFAULTS, "whoever asks has it"


def test_a_class_of_a_search_would_be_held_against_the_worse_published_set(tmp_path: Path) -> None:
    search, of_class = make_search(tmp_path / "run"), make_run(tmp_path / "run" / "classes" / "3")
    journal_of(search, {"W1": 0.7, "W2": 0.9})
    plan = asked(of_class, published=True, record=RunFolder(search))
    assert plan.contenders[1].label == "published defaults W2"


def test_a_report_without_what_nobody_asked_for_would_be_trained_again(tmp_path: Path) -> None:
    folder = make_search(tmp_path / "run")
    journal_of(folder, {"W2": 0.7})
    configuration = asked(folder, published=False).configuration()
    RunFolder(folder).report.mkdir()
    stored = {"configuration": configuration, "classes": []}
    RunFolder(folder).metrics.write_text(json.dumps(stored))
    assert stored_metrics(asked(folder)) == stored
    assert stored_metrics(asked(folder, published=True)) is None


def test_a_class_of_a_search_over_each_would_have_no_published_set_beside_it(
    tmp_path: Path,
) -> None:
    """The search's gain is a mean over the classes: no class has to keep it."""
    folder = make_search(tmp_path / "run", data={"dataset": "digits", "normal": "each"})
    journal_of(folder, {"W1": 0.7, "W2": 0.9, None: 0.95})
    space = load_space(folder / "best.yaml")
    data = dataclasses.replace(space.data, normal=(3,))
    options: dict[str, Any] = {"seeds": 1, "epochs": None, "baselines": True, "published": None}
    of_one = space.model_copy(update={"data": data})
    plan = make_plan(RunFolder(folder / "3"), of_one, record=RunFolder(folder), **options)
    assert "published defaults W2" in [each.label for each in plan.contenders]
    assert plan.claimed_gain is None
