"""What a history keeps of each trial: every decision and interruption, not the last."""

from dataclasses import asdict
from pathlib import Path

import pytest

from tests.tuner.fake_trials import event, row
from tests.tuner.simulated import Simulation, small_space
from tuner.engine.attempt import Report
from tuner.record.history import History
from tuner.record.journal import read_journal, read_lines
from tuner.record.provenance import Provenance
from tuner.record.trials import EndReason, TrialState, TrialView, is_kept


def test_a_decision_would_be_kept_without_its_time_or_until_the_next(tmp_path: Path) -> None:
    space = small_space(scheduler={"type": "promote"}, trials=20)
    Simulation(space, tmp_path, slots=2).run().close()
    told: dict[int, list[tuple[object, ...]]] = {}
    for line in read_lines(tmp_path / "events.jsonl"):
        if line["event"] == "epoch":
            decision = line["decision"]
            one = (line["epoch"], *(decision[name] for name in ("action", "rung", "rank", "of")))
        elif line["event"] == "promoted":
            one = (line["rung"], "continue", line["rung"], line["rank"], line["of"])
        else:
            continue
        told.setdefault(line["trial"], []).append((line["time"], *one))
    history = History(read_journal(tmp_path / "events.jsonl"))
    kept = {
        number: [
            (each.time, each.epochs, made.action, made.rung, made.rank, made.of)
            for each in trial.decisions
            for made in (each.decision,)
        ]
        for number, trial in history.trials.items()
    }
    assert kept == told
    assert {each.decision.reason for t in history.by_number for each in t.decisions} == {
        *("", "asha", "published set", "promoted")
    }


def test_another_epoch_would_be_kept_than_the_best_or_the_last() -> None:
    assert is_kept("best_auroc", [0.9])
    assert is_kept("best_auroc", [0.9, 0.8, 0.9]), "of equals the most trained"
    assert not is_kept("best_auroc", [0.9, 0.8])
    assert is_kept("auroc", [0.9, 0.8])


def test_a_trial_that_waits_would_have_ended() -> None:
    states: tuple[TrialState, ...] = ("running", "paused", "complete", "pruned", "failed")
    ended = [TrialView(number=0, state=state).ended for state in states]
    assert ended == [False, False, True, True, True]


def test_an_interruption_would_be_kept_without_its_cause_or_until_an_epoch(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    engine = simulation.engine
    for trouble in ("lost", "out of reach", "hung", "error"):
        simulation.fill()
        simulation.step()
        (attempt_id,) = simulation.running
        if trouble == "hung":
            engine.hung(attempt_id, 400.2)
        if trouble == "error":
            engine.report(attempt_id, Report(outcome="error", reason="CUDA gave up"))
        cause = "no bucket" if trouble == "out of reach" else "SIGKILL"
        engine.attempt_over(attempt_id, cause, out_of_reach=trouble == "out of reach")
        del simulation.running[attempt_id]
    simulation.run().close()
    trial = History(read_journal(tmp_path / "events.jsonl")).trials[0]
    assert [(one.attempt, one.epochs, one.kind, one.cause) for one in trial.interruptions] == [
        (1, 1, "lost", "SIGKILL"),
        (2, 2, "out of reach", "no bucket"),
        (3, 3, "hung", "silent for 400 s"),
        (4, 4, "error", "CUDA gave up"),
    ]
    times = [one.time for one in trial.interruptions]
    ended = [e for e in read_lines(tmp_path / "events.jsonl") if e["event"] in _INTERRUPTIONS]
    assert times == [line["time"] for line in ended]


_INTERRUPTIONS = ("lost", "hung", "error")


@pytest.mark.parametrize(
    ("state", "reason", "end"),
    [
        ("complete", "", EndReason.FULL_LENGTH),
        ("pruned", "asha", EndReason.EARLY_STOPPING),
        ("pruned", "another scheduler's word", EndReason.EARLY_STOPPING),
        ("pruned", "", EndReason.EARLY_STOPPING),
        ("pruned", "diverged", EndReason.DIVERGED),
        ("pruned", "diverged: its weights are not finite", EndReason.DIVERGED),
        ("pruned", "collapsed: it scores all images the same", EndReason.COLLAPSED),
        ("failed", "error: worker lost 4 times in a row: SIGKILL", EndReason.ERROR),
        ("running", "", None),
    ],
)
def test_an_earlier_records_end_would_be_taken_for_another(
    state: TrialState, reason: str, end: EndReason | None
) -> None:
    history = History([event("asked", 0, hyperparameters={})])
    if end is not None:
        history.apply(event("ended", 0, state=state, reason=reason))
    assert history.trials[0].end is end


def test_an_empty_reason_would_end_a_trial_as_complete(tmp_path: Path) -> None:
    """A scheduler of somebody's own may stop a trial without a word."""
    from tests.tuner.test_replay import rewritten

    Simulation(small_space(), tmp_path).run().close()
    record = tmp_path / "events.jsonl"
    lines = read_lines(record)
    stopped = [
        i
        for i, e in enumerate(lines)
        if e["event"] == "epoch" and e["decision"]["reason"] == "asha"
    ]
    nth = sum(e["event"] == "epoch" for e in lines[: stopped[0]])
    rewritten(record, "epoch", nth, lambda e: e["decision"].update(reason=""))
    whole = record.read_bytes().splitlines(keepends=True)
    record.write_bytes(b"".join(whole[: stopped[0] + 1]))
    engine = Simulation(small_space(), tmp_path).engine
    assert engine.history.trials[lines[stopped[0]]["trial"]].state == "pruned"


def test_a_driver_that_knows_nothing_of_its_basis_would_make_the_next_accept_any() -> None:
    known = {"split_digest": "a", "images_digest": "b", "code": {"torch": "1.0"}}
    events = [event("driver", resumed=False, slots=1, space={}, **known)]
    assert History(
        [*events, event("driver", resumed=True, slots=1, space={})]
    ).provenance == Provenance(split_digest="a", images_digest="b", code={"torch": "1.0"})
    other = event("driver", resumed=True, slots=1, space={}, **{**known, "split_digest": "c"})
    assert History([*events, other]).provenance.split_digest == "c"


def test_interruptions_of_another_kind_or_before_an_epoch_would_use_up_retries() -> None:
    history = History([event("asked", 0, hyperparameters={})])
    lost = event("lost", 0, attempt=1)
    for each in (lost, event("hung", 0, attempt=2, silent_s=400.0), lost, lost):
        history.apply(each)
    assert history.trials[0].in_a_row("lost") == 3
    assert history.trials[0].in_a_row("hung") == 1
    assert history.trials[0].in_a_row("error") == 0
    decided = {"decision": {"action": "continue", "reason": ""}}
    history.apply(event("epoch", 0, **asdict(row(1, 0.5)), **decided))
    assert history.trials[0].in_a_row("lost") == 0
    history.apply(lost)
    assert history.trials[0].in_a_row("lost") == 1
