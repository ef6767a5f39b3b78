"""What the sections draw: held against the record, and against each other."""

import itertools
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

from models.hyperparameters import Value
from tests.tuner.report.conftest import Runs
from tests.tuner.simulated import small_space
from tuner.figures.metrics import keyed_blocks
from tuner.record.run_folder import RunFolder
from tuner.record.trials import EpochRow
from tuner.report.material import Material, read_material
from tuner.report.section import Section, epoch_axis
from tuner.report.sections import on_test, parallel
from tuner.report.writing import sections_of
from tuner.retrain.pictures.curves import roc_figure
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate

BEST = {"abc_weight": 1.0, "patch_n": 5.0, "generator_lr": 3e-4}


@dataclass(frozen=True, kw_only=True)
class Staged(Formula):
    """Two stages: the first has the higher values, and a loss of its own."""

    def epoch(self, hyperparameters: Mapping[str, Value], seed: int, epoch: int) -> EpochRow:
        row = super().epoch(hyperparameters, seed, epoch)
        if epoch <= 3:
            return replace(row, stage="first", losses={"patch": 0.5 / epoch})
        lower = {name: value - 0.2 for name, value in row.metrics.items()}
        losses = {"latent": 0.1} if epoch < 9 else {"latent": float("nan")}
        return replace(row, stage="last", metrics=lower, losses=losses)


class Falling(Formula):
    """The last epochs of a trial are its worst."""

    def epoch(self, hyperparameters: Mapping[str, Value], seed: int, epoch: int) -> EpochRow:
        row = super().epoch(hyperparameters, seed, epoch)
        worse = {name: value - 0.02 * epoch for name, value in row.metrics.items()}
        return replace(row, metrics=worse)


def searched(folder: Path, curves: Formula, **changes: Any) -> Material:
    simulate(small_space(wandb="off", **changes), folder, curves, workers=3)
    return read_material(RunFolder(folder))


def of(material: Material) -> dict[str, Section]:
    return {one.key: one for one in sections_of(material)}


def best_so_far(material: Material) -> dict[str, Any]:
    found: dict[str, Any] = of(material)["time"].figures["time"]["data"][0]
    assert found["name"] == "best so far"
    return found


def ends_with_the_winner(material: Material) -> bool:
    line, first = best_so_far(material), material.ranking[0]
    said = f"trial {first.trial.number}, epoch {first.epoch}"
    return line["text"][-1] == said and line["y"][-1] == pytest.approx(first.value, abs=1e-5)


@pytest.mark.parametrize("name", ["finished", "interrupted", "retrained"])
def test_the_best_so_far_would_end_at_another_than_the_winner(runs: Runs, name: str) -> None:
    assert ends_with_the_winner(read_material(runs[name]))


def test_the_best_so_far_would_be_a_value_of_an_earlier_stage(tmp_path: Path) -> None:
    material = searched(tmp_path / "run", Staged(best=BEST))
    assert ends_with_the_winner(material)
    drops = [after < before for before, after in itertools.pairwise(best_so_far(material)["y"])]
    assert any(drops)  # when the first trial came to the last stage


def test_the_best_so_far_would_be_a_peak_where_the_last_epoch_counts(tmp_path: Path) -> None:
    material = searched(tmp_path / "run", Falling(best=BEST), objective="auroc")
    assert ends_with_the_winner(material)


def test_a_loss_of_a_later_stage_would_not_be_drawn_or_a_missing_one_be_none(
    tmp_path: Path,
) -> None:
    material = searched(tmp_path / "run", Staged(best=BEST))
    whole = next(trial for trial in material.trials if trial.epochs == 9)
    losses = of(material)["leaderboard"].data["trials"][str(whole.number)]["losses"]
    assert losses["patch"] == [0.5, 0.25, 0.1667, *[None] * 6]
    assert losses["latent"] == [*[None] * 3, *[0.1] * 5, None]


def test_a_paused_trial_would_be_called_stopped(runs: Runs) -> None:
    material = read_material(runs["interrupted"])
    waiting = [trial for trial in material.trials if trial.state == "paused"]
    assert waiting
    sections = of(material)
    for key, figure in (("curves", "curves"), ("slices", "slices"), ("time", "time")):
        traces = sections[key].figures[figure]["data"]
        named = [str(one["name"]).partition(" (")[0] for one in traces]
        assert "paused or unfinished" in named, key


def test_the_decisions_at_the_models_own_threshold_would_be_rounded(
    runs: Runs, tmp_path: Path
) -> None:
    """Scores just above and just below the threshold, which five digits do not tell apart."""
    run = RunFolder(tmp_path / "run")
    shutil.copytree(runs["retrained"].path, run.path)
    metrics = json.loads(run.metrics.read_text())
    number = metrics["configuration"]["seeds"].index(metrics["model_seed"])
    limit = metrics["test"]["threshold"]["seeds"][number]
    with np.load(run.scores) as stored:
        arrays = {name: stored[name] for name in stored}
    scores = arrays["test_best"][number]
    near = np.where(scores > limit, limit * (1 + 1e-7), limit * (1 - 1e-7))
    arrays["test_best"] = arrays["test_best"].astype(np.float64)
    arrays["test_best"][number] = near
    np.savez(run.scores, **arrays)
    shown = of(read_material(run))["test"].data["threshold"]
    counts = metrics["test"]["confusion"]["seeds"][number]
    assert sum(score > shown["set"] for score in shown["normal"]) == counts["false_positives"]
    assert sum(score > shown["set"] for score in shown["anomalous"]) == counts["true_positives"]


def test_a_page_that_carries_some_scores_would_count_no_other_images(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_test, "_MOST", 4)
    shown = of(read_material(runs["retrained"]))["test"].data["threshold"]
    assert len(shown["normal"]) < shown["normals"] == 8
    assert shown["own"] == {"flagged": 1, "found": 8}


def test_a_contender_would_have_another_colour_than_in_the_pictures(runs: Runs) -> None:
    material = read_material(runs["retrained"])
    assert material.metrics is not None
    with np.load(material.folder.scores) as stored:
        scores = {key: list(stored[f"test_{key}"]) for key in keyed_blocks(material.metrics)}
        labels = stored["test_label"].astype(bool)
    drawn = roc_figure(material.metrics, labels, scores).axes[0].lines
    traces = of(material)["test"].figures["roc"]["data"]
    assert [one["line"]["color"] for one in traces[:-1]] == [
        to_hex(line.get_color()) for line in drawn[: len(scores)]
    ]


def test_the_names_of_parallel_axes_would_be_written_over_each_other(runs: Runs) -> None:
    section = of(read_material(runs["finished"]))["parallel"]
    assert section.sentence.startswith("Of the best ")
    figure = section.figures["parallel"]
    labels = [one["label"] for one in figure["data"][0]["dimensions"]]
    assert "generator_lr" in labels
    in_lines = parallel._in_lines("normal_adversarial_weight")
    assert in_lines == "normal_<br>adversarial_<br>weight"
    for whole in ("generator_lr", "_discriminator", "discriminator_"):
        assert parallel._in_lines(whole) == whole
    assert parallel._letters(["a_<br>b"] * 9) == 13
    assert 12 < parallel._letters([in_lines] * 9) <= 13


def test_ticks_of_few_epochs_would_repeat() -> None:
    assert epoch_axis(3)["dtick"] == 1
    assert "dtick" not in epoch_axis(200)
