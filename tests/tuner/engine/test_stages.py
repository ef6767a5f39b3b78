"""A training of several stages, as search, record and results see it: no stage is another's peer.

Scores of different stages are of different networks, so the best, the ranking, early stopping and
what is kept begin anew with each stage.
"""

import dataclasses
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tests.tuner.fake_trials import trial
from tests.tuner.simulated import Simulation, row, small_space
from tuner.console.lines import best_so_far, ending, epoch_line
from tuner.console.listener import ConsoleListener
from tuner.console.state import SearchState
from tuner.engine.attempt import Attempt, Report
from tuner.engine.deciding import with_best
from tuner.objectives import best_values
from tuner.record.journal import read_lines
from tuner.record.trials import Decision, EpochRow, TrialView
from tuner.replay.comparison import replay
from tuner.results.curves import draw_curves
from tuner.results.leaderboard import rank, standing
from tuner.tracking.runs import row_values

STAGES = {1: "first", 2: "first", 3: "last", 4: "last"}
FIRST_HIGH = (0.99, 0.97, 0.70, 0.80)
"""A curve that is higher in the stage that nothing is compared in."""


def staged(number: int, *aurocs: float, **more: Any) -> TrialView:
    """A trial with the stages of STAGES."""
    view = trial(number, *aurocs, **more)
    rows = tuple(replace(one, stage=STAGES[one.epoch]) for one in view.rows)
    return replace(view, rows=rows)


def test_a_value_of_an_earlier_stage_would_be_a_trials_best() -> None:
    found = standing(staged(1, *FIRST_HIGH), "best_auroc")
    assert found is not None
    assert (found.value, found.epoch, found.since) == (0.80, 4, 3)
    early = standing(staged(2, 0.99, 0.97), "best_auroc")
    assert early is not None
    assert (early.value, early.epoch, early.since) == (0.99, 1, 1)


def test_a_trial_that_ended_in_an_earlier_stage_would_come_before_one_of_the_last() -> None:
    trials = [staged(1, 0.99, 0.97, state="pruned", reason="asha"), staged(2, 0.6, 0.6, 0.7, 0.7)]
    assert [found.trial.number for found in rank(trials, "best_auroc")] == [2, 1]


def test_the_console_would_show_the_best_of_another_stage() -> None:
    assert best_so_far(staged(1, *FIRST_HIGH), "best_auroc") == 0.80
    out = io.StringIO()
    console = Console(file=out, width=80, highlight=False)
    state = SearchState(trials=2, epochs=4, objective="best_auroc")
    with ConsoleListener("staged", state, 1, console) as listener:
        view = staged(0, *FIRST_HIGH)
        so_far = dataclasses.replace(view, state="running", rows=())
        listener.trial_started(so_far, 1)
        for one in view.rows:
            so_far = dataclasses.replace(so_far, rows=(*so_far.rows, one))
            listener.epoch_reported(so_far, one, Decision(action="continue"))
        listener.trial_ended(view)
    assert out.getvalue().splitlines()[-4:] == [
        "trial   0  epoch 2/4  auroc 0.9700  best 0.9900     6.1 s  first",
        "trial   0  epoch 3/4  auroc 0.7000  best 0.7000     6.1 s  last",
        "trial   0  epoch 4/4  auroc 0.8000  best 0.8000     6.1 s  last",
        "trial   0  complete: best 0.8000, epoch 4",
    ]


def test_a_long_name_of_a_stage_would_wrap_the_line_of_an_epoch() -> None:
    view = staged(0, 0.5)
    long = replace(view.rows[0], stage="a" * 40)
    line = epoch_line(replace(view, rows=(long,)), long, "best_auroc", 100)
    assert len(line) == 80
    assert "best 0.5000     6.1 s  aaaa" in line


def test_the_curves_would_mark_the_best_at_an_earlier_stage() -> None:
    left = draw_curves([staged(0, *FIRST_HIGH), staged(1, 0.5, 0.5, 0.6, 0.7)], "best_auroc").axes[
        0
    ]
    (mark,) = [line for line in left.lines if line.get_marker() == "o" and line.get_zorder() == 6]
    assert np.asarray(mark.get_xydata()).tolist() == [[4, 0.80]]
    assert left.get_ylim()[1] > max(FIRST_HIGH), "the first stage's curve leaves the picture"


def test_a_collapsed_training_would_be_called_diverged_or_hold_a_place() -> None:
    reason = "collapsed: it scores all images the same"
    view = trial(3, 0.99, state="pruned", reason=reason)
    assert view.diverged
    assert ending(view) == "collapsed after 1 epoch: it scores all images the same"
    assert rank([view], "best_auroc") == []


def test_the_recorded_best_would_reach_over_a_stages_beginning() -> None:
    before = staged(1, *FIRST_HIGH[:2])
    new = replace(row({}, 3, lambda *_: 0.7), stage="last")
    assert with_best(before, new).metrics["best_auroc"] == 0.7
    again = replace(row({}, 4, lambda *_: 0.6), stage="last")
    view = replace(before, rows=(*before.rows, new))
    assert with_best(view, again).metrics["best_auroc"] == 0.7


def test_the_recorded_best_would_be_over_the_last_epochs_alone() -> None:
    view = staged(1, 0.9, 0.9, 0.8, 0.6)
    falling = replace(row({}, 5, lambda *_: 0.7), stage="last")
    assert with_best(view, falling).metrics["best_auroc"] == 0.8


def test_wandb_would_not_say_which_stage_an_epoch_was_of() -> None:
    assert [row_values(one).get("stage") for one in staged(0, *FIRST_HIGH).rows] == [
        *STAGES.values()
    ]
    assert "stage" not in row_values(trial(0, 0.9).rows[0])


class _Staged(Simulation):
    """A simulated search whose trials spend four fifths of their epochs in a first stage."""

    def step(self) -> None:
        attempt_id = self._order.choice(sorted(self.running))
        attempt: Attempt = self.running[attempt_id]
        epoch = self.engine.history.trials[attempt.number].epochs + 1
        report = Report(outcome="epoch", row=self._row(attempt, epoch))
        if self.engine.report(attempt_id, report).action != "continue":
            self.let_go(attempt_id)

    def _row(self, attempt: Attempt, epoch: int) -> EpochRow:
        """In the first stage the later trial always seems the better; in the last the earlier."""
        first = epoch <= 8
        value = 0.95 + 0.001 * attempt.number if first else 0.9 - 0.01 * attempt.number
        return replace(
            row({}, epoch, lambda *_: value), stage="reconstruction" if first else "refinement"
        )


@pytest.fixture
def of_two_stages(tmp_path: Path) -> Path:
    """The record of a finished search of a detector with two stages."""
    search = {"generator_lr": {"log": [5e-5, 2e-3]}}
    space = small_space(detector="ognet", search=search, trials=9, epochs=10)
    assert space.grace_epochs == 9
    _Staged(space, tmp_path, slots=3).run().close()
    return tmp_path / "events.jsonl"


def test_a_trial_would_be_stopped_by_what_it_reached_in_an_earlier_stage(
    of_two_stages: Path,
) -> None:
    events = [event for event in read_lines(of_two_stages) if event["event"] == "epoch"]
    stopped = [event for event in events if event["decision"]["reason"] == "asha"]
    assert stopped, "nothing was stopped at all"
    assert all(event["epoch"] >= 9 for event in stopped)
    assert {event["trial"] for event in stopped}.isdisjoint({0, 1})


def test_a_record_of_two_stages_would_hold_the_best_of_both_or_not_come_out_again(
    of_two_stages: Path,
) -> None:
    rows = [
        event
        for event in read_lines(of_two_stages)
        if event["event"] == "epoch" and event["trial"] == 8
    ]
    assert rows[8]["metrics"]["best_auroc"] == rows[8]["metrics"]["auroc"] == pytest.approx(0.82)
    assert replay(of_two_stages).difference is None


def test_the_best_so_far_would_leave_out_this_epoch_or_all_but_the_one_before() -> None:
    curve = [0.5, 0.9, 0.6, 0.7, 0.95]
    rows = [{"auroc": value, "auprc": 1 - value} for value in curve]
    for number in range(len(rows)):
        found = best_values(rows[number], rows[:number])
        assert found["best_auroc"] == np.maximum.accumulate(curve)[number]
        assert found["best_auprc"] == np.maximum.accumulate([1 - value for value in curve])[number]
    assert best_values({"auroc": 0.5}, [{"auprc": 0.9}]) == {"best_auroc": 0.5}
