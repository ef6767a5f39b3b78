"""What the page says of a retrain: of the best, of something else, of each class in turn."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.report.conftest import Runs
from tests.tuner.simulated import small_space
from tuner.figures.metrics import Metrics, read_metrics, write_metrics
from tuner.record.run_folder import RunFolder
from tuner.report.material import Material, read_material
from tuner.report.section import Section
from tuner.report.writing import sections_of, write_report
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate

Change = Callable[[Metrics], None]


def of(run: RunFolder) -> dict[str, Section]:
    return {one.key: one for one in sections_of(read_material(run))}


def changed(runs: Runs, folder: Path, change: Change) -> RunFolder:
    """The retrained run with a report that was written otherwise."""
    run = RunFolder(folder / "run")
    shutil.copytree(runs["retrained"].path, run.path)
    metrics = read_metrics(run.metrics)
    assert metrics is not None
    change(metrics)
    write_metrics(metrics, run.metrics)
    return run


def best_of(metrics: Metrics) -> dict[str, Any]:
    contender: dict[str, Any] = metrics["configuration"]["contenders"]["best"]
    return contender


def another_trial(material: Material) -> tuple[int, dict[str, Any]]:
    """One whose settings no better one has."""
    best, *others = [one.trial for one in material.ranking]
    other = next(one for one in others if one.hyperparameters != best.hyperparameters)
    return other.number, dict(other.hyperparameters)


def titles(sections: dict[str, Section]) -> dict[str, str]:
    return {card.title: card.figure for card in sections["verdict"].context["cards"]}


def test_the_figures_of_another_trial_would_be_those_of_the_best(
    runs: Runs, tmp_path: Path
) -> None:
    number, settings = another_trial(read_material(runs["retrained"]))
    run = changed(
        runs, tmp_path, lambda metrics: best_of(metrics)["hyperparameters"].update(settings)
    )
    write_report(run)
    sections = of(run)
    verdict = sections["verdict"]
    assert "test AUROC" not in verdict.sentence
    assert titles(sections)["test AUROC"] == "not yet"
    words = " ".join(verdict.context["sentences"])
    assert f"on test images below are of trial {number}, not of the best trial" in words
    assert f"(trial {number}, not the best trial) has an AUROC" in sections["test"].sentence
    assert f"the model (trial {number}, not the best trial) misses" in sections["images"].sentence
    assert [line.split()[2] for line in verdict.context["next"]] == ["tuner.retrain"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: best_of(m)["hyperparameters"].update(components=40), "components 40"),
        (lambda m: best_of(m).update(detector="knn"), "of the detector knn"),
        (lambda m: m["configuration"]["data"].update(size=32), "of a retrain on other data"),
    ],
)
def test_what_was_retrained_would_not_be_named(
    runs: Runs, tmp_path: Path, change: Change, expected: str
) -> None:
    sections = of(changed(runs, tmp_path, change))
    assert expected in " ".join(sections["verdict"].context["sentences"])
    assert "test AUROC" not in sections["verdict"].sentence


def test_a_setting_that_an_earlier_version_did_not_know_would_make_it_another(
    runs: Runs, tmp_path: Path
) -> None:
    def forget(metrics: Metrics) -> None:
        del best_of(metrics)["hyperparameters"]["score"]

    run = changed(runs, tmp_path, forget)
    assert read_material(run).other == ""
    assert "test AUROC" in of(run)["verdict"].sentence


def test_a_retrain_of_each_class_would_be_none(runs: Runs, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(runs["finished"].path, folder.path)
    folder.report.mkdir()
    figure = {"mean": 0.9, "std": 0.01, "n": 2, "seeds": [0.89, 0.91]}
    classes = {"0": {"folder": "classes/0", "auroc": {"best": figure}, "diverged_seeds": {}}}
    metrics = {"dataset": "digits", "normal": "each", "selection": "labelled-val"}
    labels = {"best": "two-discriminator-gan"}
    folder.metrics.write_text(
        json.dumps({**metrics, "labels": labels, "classes": classes, "mean": {"best": figure}})
    )
    write_report(folder)
    sections = of(folder)
    assert "0.9000 ± 0.0100" in sections["test"].sentence
    assert sections["test"].context["classes"] == [("0", "0.9000 ± 0.0100")]
    assert "a mean test AUROC of 0.9000 ± 0.0100" in sections["verdict"].sentence
    assert titles(sections)["mean test AUROC"] == "0.9000 ± 0.0100"
    assert "is told by a retrain" not in " ".join(sections["verdict"].context["sentences"])
    assert sections["verdict"].context["next"] == []
    assert "in the folder of each class" in sections["images"].sentence


def test_a_mixture_that_has_seen_labels_would_be_the_headline_without_a_word(
    runs: Runs, tmp_path: Path
) -> None:
    spread = {"mean": 0.6, "std": 0.01}
    sections = of(changed(runs, tmp_path, lambda metrics: metrics.update(error_auroc=spread)))
    assert "(by its mixture) on synthetic anomalies when" in sections["verdict"].sentence
    assert "test AUROC (by its mixture), on synthetic anomalies" in titles(sections)


def test_a_best_that_is_the_published_set_would_be_ahead_of_itself(
    runs: Runs, tmp_path: Path
) -> None:
    def publish(metrics: Metrics) -> None:
        metrics["defaults"] = {**metrics["baselines"]["pca"], "label": "published defaults W2"}
        metrics["ahead"]["defaults"] = {"auroc": 0.0, "ci95": [0.0, 0.0]}
        contenders = metrics["configuration"]["contenders"]
        contenders["defaults"] = contenders["best"]

    sentence = of(changed(runs, tmp_path, publish))["verdict"].sentence
    assert sentence.endswith(
        "No gain over published defaults W2: the best found is that set itself."
    )


def test_a_published_set_that_nothing_beat_would_have_gained_on_itself(tmp_path: Path) -> None:
    space = small_space(trials=4, search={"abc_weight": {"log": [0.1, 5]}}, wandb="off")
    simulate(space, tmp_path / "run", Formula(best={"abc_weight": 1.0}, noise=0), workers=1)
    sections = of(RunFolder(tmp_path / "run"))
    sentence = "The published set W1 is the best: nothing beat it."
    assert sentence in sections["verdict"].context["sentences"]
    assert not any("gain" in title for title in titles(sections))
