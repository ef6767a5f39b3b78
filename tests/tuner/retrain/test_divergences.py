"""A seed that diverged: it is no whole training, and is never chosen while another is whole."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.tuner.retrain.conftest import plan_of
from tests.tuner.retrain.test_training import result
from tuner.figures.metrics import BEST
from tuner.record.trials import EpochRow
from tuner.retrain.divergences import divergence_lines
from tuner.retrain.each_class import EachSummary
from tuner.retrain.final_test import best_training
from tuner.retrain.training import Trained
from tuner.worker.rows import epoch_row


def training(number: int, auroc: float, diverged: int | None = None) -> Trained:
    row: EpochRow = epoch_row(result(1, auroc, auroc), "here")
    return Trained(
        contender=BEST,
        number=number,
        folder=Path(),
        kept_epoch=1,
        diverged_epoch=diverged,
        why="",
        rows=(row,),
    )


def test_a_seed_that_diverged_would_become_the_model(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    better, whole = training(0, 0.9, diverged=2), training(1, 0.7)
    assert best_training(plan, [better, whole]) is whole
    assert best_training(plan, [better, training(1, 0.8, diverged=3)]) is better
    other = replace(training(2, 0.99), contender="random")
    assert best_training(plan, [other, whole]) is whole


def block(*diverged: int | None) -> dict[str, Any]:
    trainings = [
        {"diverged_epoch": epoch, "kept_epoch": 1, "kept_stage": "", "why": ""}
        for epoch in diverged
    ]
    return {"label": "gan", "trainings": trainings}


def test_a_seed_that_diverged_would_silently_count_as_whole() -> None:
    (text,) = [" ".join(divergence_lines({**block(None, 3), "baselines": {}}))]
    assert text == (
        "gan seed 2/2 diverged at epoch 3: it is no whole training, and the figures take its "
        "epoch 1."
    )
    assert divergence_lines({**block(None, None), "baselines": {}}) == []
    all_lines = " ".join(divergence_lines({**block(2, 3), "baselines": {"pca": block(None, None)}}))
    assert "No seed of it is whole" in all_lines


def test_the_table_over_classes_would_hide_a_seed_that_diverged() -> None:
    figure = {"mean": 0.5, "std": None, "n": 1}
    classes: dict[str, dict[str, Any]] = {
        name: {"auroc": {BEST: figure}, "diverged_seeds": seeds}
        for name, seeds in (("hat", {}), ("shoe", {BEST: [2]}))
    }
    metrics = {
        "dataset": "bars",
        "selection": "labelled-val",
        "labels": {BEST: "gan"},
        "classes": classes,
        "mean": {BEST: figure},
    }
    text = " ".join(EachSummary(run_folder=Path("run"), metrics=metrics, trained=True).lines())
    assert "Normal shoe: gan diverged with seed 2" in text
    assert "Normal hat" not in text
    assert "miss @1%" not in text, "an earlier version did not write it"
    figures = {"miss_rate_at_1": {"mean": 0.25}, "miss_rate_at_5": {"mean": 0.125}}
    classes["hat"]["best"] = figures | {"balanced_accuracy": {"mean": 0.75}}
    lines = EachSummary(run_folder=Path("run"), metrics=metrics, trained=True).lines()
    assert ["hat", "25.0%", "12.5%", "75.0%"] in [line.split() for line in lines]
