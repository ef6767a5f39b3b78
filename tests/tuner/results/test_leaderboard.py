"""Ranking, gain and the table of trials."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tuner.fake_trials import realistic, row, trial
from tests.tuner.simulated import Simulation, small_space
from tuner.engine.attempt import Report
from tuner.record.pack_names import pack_name
from tuner.record.trials import TrialView
from tuner.results.leaderboard import (
    Gain,
    best,
    best_published,
    gain,
    rank,
    standing,
    unranked,
    write_trials_csv,
)

PACK = pack_name("host/7", 3)
DIVERGED = trial(7, 0.99, state="pruned", reason="diverged")
FAILED = trial(8, 0.995, state="failed", reason="error: boom")


def test_a_diverged_or_failed_trial_would_win() -> None:
    trials = [DIVERGED, FAILED, trial(1, 0.9)]
    assert [found.trial.number for found in rank(trials, "best_auroc")] == [1]
    assert [one.number for one in unranked(trials)] == [7, 8]
    assert best([DIVERGED, FAILED], "best_auroc") is None


def test_value_and_epoch_would_come_from_different_rows() -> None:
    view = trial(1, 0.9, 0.95, 0.95, 0.91)
    found = standing(view, "best_auroc")
    assert found is not None
    assert (found.value, found.epoch) == (0.95, 3), "of equal epochs the latest"
    last = standing(view, "auroc")
    assert last is not None
    assert (last.value, last.epoch) == (0.91, 4)
    auprc = standing(view, "best_auprc")
    assert auprc is not None
    assert auprc.value == pytest.approx(0.94)


def test_a_value_of_nan_would_be_ranked() -> None:
    assert standing(trial(1, math.nan), "best_auroc") is None
    found = standing(trial(1, 0.8, math.nan), "best_auroc")
    assert found is not None
    assert found.value == 0.8


def test_a_tie_would_go_to_the_longer_or_the_later_trial() -> None:
    trials = [trial(5, 0.9, 0.95), trial(4, 0.95), trial(3, 0.95), trial(1, 0.2, 0.95)]
    assert [found.trial.number for found in rank(trials, "best_auroc")] == [3, 4, 1, 5]


def test_a_gain_would_be_claimed_over_a_set_that_did_not_run_to_its_end() -> None:
    stopped = trial(0, 0.9, state="pruned", reason="asha", published="W1")
    winner = trial(2, 0.95)
    said = gain([stopped, winner], "best_auroc")
    assert isinstance(said, str)
    assert "none of them ran to its end" in said
    early = trial(2, 0.99, state="pruned", reason="asha")
    said = gain([trial(0, 0.9, published="W1"), early], "best_auroc")
    assert isinstance(said, str)
    assert "trial 2, the best, did not run to its end" in said
    assert "no trial has a valid score" in str(gain([DIVERGED], "best_auroc"))
    assert "none was tried" in str(gain([early], "best_auroc"))


def test_the_gain_would_be_measured_against_the_weaker_published_set() -> None:
    trials = [trial(0, 0.90, published="W1"), trial(1, 0.93, published="W2"), trial(2, 0.95)]
    found = gain(trials, "best_auroc")
    assert isinstance(found, Gain)
    assert found.value == pytest.approx(0.02)
    published = best_published(trials, "best_auroc")
    assert published is not None
    assert published.trial.published == "W2"


def test_trials_csv_would_lose_a_trial_a_digit_or_a_hyperparameter(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    trials = [*realistic(16, seed=3), trial(20, 0.8, hyperparameters={"other": 1.5})]
    write_trials_csv(path, trials[:3], "best_auroc")
    write_trials_csv(path, list(reversed(trials)), "best_auroc")
    rows = list(csv.DictReader(path.open(newline="")))
    assert [int(line["number"]) for line in rows] == [view.number for view in trials]
    for line, view in zip(rows, trials, strict=True):
        assert line["state"] == view.state
        assert int(line["epochs"]) == len(view.rows)
        for name, value in view.hyperparameters.items():
            assert type(value)(line[name]) == value
        found = standing(view, "best_auroc")
        if found is not None:
            assert float(line["best_auroc"]) == float(line["objective"]) == found.value
            assert int(line["best_epoch"]) == found.epoch
    assert rows[-1]["patch_n"] == ""
    assert float(rows[0]["seconds"]) == pytest.approx(8 * row(1, 0.5).seconds)
    assert [file.name for file in tmp_path.iterdir()] == ["trials.csv"]


def test_the_time_of_a_pack_would_count_once_for_each_of_its_lanes(tmp_path: Path) -> None:
    """Three lanes for one epoch of 6 s, two for the next; beside them a trial alone, as long."""

    def trained(number: int, worker: str, *seconds: float) -> TrialView:
        made = [replace(row(1, 0.5), seconds=each, worker=worker) for each in seconds]
        return replace(trial(number, 0.5), rows=tuple(made))

    lanes = [trained(0, PACK, 6.0, 5.0), trained(1, PACK, 6.0), trained(2, PACK, 6.0, 5.0)]
    alone = [trained(3, "host/8", 6.0), trained(4, "host/8", 6.0)]
    write_trials_csv(tmp_path / "t.csv", [*lanes, *alone], "best_auroc")
    lines = list(csv.DictReader((tmp_path / "t.csv").open(newline="")))
    assert [float(line["seconds"]) for line in lines] == [11, 6, 11, 6, 6]
    assert [float(line["device_seconds"]) for line in lines] == [4.5, 2, 4.5, 6, 6]


def test_trials_csv_would_forget_what_a_later_epoch_has_forgiven(tmp_path: Path) -> None:
    """Trial 0 loses two workers, fails, hangs, and is left to a second driver."""
    simulation = Simulation(small_space(), tmp_path)
    simulation.fill()
    for trouble in ("lost", "lost", "error", "hung"):
        (attempt_id,) = simulation.running
        simulation.step()
        if trouble == "error":
            simulation.engine.report(attempt_id, Report(outcome="error", reason="no"))
        if trouble == "hung":
            simulation.engine.hung(attempt_id, 100.0)
        simulation.let_go(attempt_id)
        simulation.fill()
    simulation.engine.close()
    engine = Simulation(small_space(), tmp_path).run()
    write_trials_csv(tmp_path / "t.csv", engine.trials, "best_auroc")
    lines = list(csv.DictReader((tmp_path / "t.csv").open(newline="")))
    told = [
        [int(line[name]) for name in ("attempts", "lost_workers", "errors", "hangs")]
        for line in lines
    ]
    assert told == [[6, 2, 1, 1], *[[1, 0, 0, 0]] * 11]


def test_trials_csv_would_show_a_diverged_trials_score(tmp_path: Path) -> None:
    failed = trial(9, 0.9, state="failed", reason="error: first\nsecond, with a comma")
    write_trials_csv(tmp_path / "t.csv", [DIVERGED, failed], "best_auroc")
    lines = list(csv.DictReader((tmp_path / "t.csv").open(newline="")))
    assert [line["best_auroc"] + line["objective"] for line in lines] == ["", ""]
    assert lines[1]["reason"] == "error: first second, with a comma"
