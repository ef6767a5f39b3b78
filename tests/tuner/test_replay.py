"""A record comes out again from its own events, and one that was tampered with does not."""

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.simulated import Simulation, small_space
from tuner.engine.attempt import Report
from tuner.record.journal import JournalError, read_lines
from tuner.replay import __main__ as command
from tuner.replay.comparison import Difference, replay


def record_of(folder: Path, **changes: Any) -> Path:
    Simulation(small_space(**changes), folder, slots=3, order_seed=5).run().close()
    return folder / "events.jsonl"


def rewritten(record: Path, kind: str, nth: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the nth event of a kind, with its length and checksum made right again."""
    events = [dict(event) for event in read_lines(record)]
    change([event for event in events if event["event"] == kind][nth])
    bodies = [json.dumps(event, separators=(",", ":")).encode() for event in events]
    lines = [b"%d %08x %s\n" % (len(body), zlib.crc32(body), body) for body in bodies]
    record.write_bytes(b"".join(lines))


def difference(record: Path) -> Difference:
    found = replay(record).difference
    assert found is not None
    return found


def test_what_several_workers_recorded_would_not_come_out_again(tmp_path: Path) -> None:
    found = replay(record_of(tmp_path, trials=40))
    assert found.difference is None
    assert (found.counts["suggestion"], found.counts["published"]) == (38, 2)
    assert found.counts["end"] == 40 > found.counts["stop"] > 0


@pytest.mark.parametrize("section", ["sampler", "scheduler"])
def test_another_sampler_or_no_stopping_would_not_be_replayed(tmp_path: Path, section: str) -> None:
    other = {"sampler": "random", "scheduler": "none"}[section]
    assert replay(record_of(tmp_path, **{section: {"name": other}})).difference is None


def test_a_record_of_killed_and_resumed_drivers_would_differ(tmp_path: Path) -> None:
    """Every driver is killed after 17 events, in mid-search and with trials under way."""
    space = small_space(trials=30)
    record = tmp_path / "events.jsonl"
    for driver in range(4):
        Simulation(space, tmp_path, slots=3, order_seed=driver).run().close()
        lines = record.read_bytes().splitlines(keepends=True)
        record.write_bytes(b"".join(lines[: 17 * (driver + 1)]) + lines[-1][:20])
        for file in tmp_path.glob("study.db*"):
            file.unlink()
        assert replay(record).difference is None
    Simulation(space, tmp_path, slots=3, order_seed=9).run().close()
    found = replay(record)
    assert found.difference is None
    assert found.counts["driver"] == 5


def test_lost_diverged_and_failed_trials_would_break_the_replay(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path, slots=2)
    for report in (Report(outcome="diverged"), Report(outcome="error", reason="no such file")):
        simulation.fill()
        simulation.step()
        attempt_id = next(iter(simulation.running))
        simulation.engine.report(attempt_id, report)
        simulation.let_go(attempt_id)
    simulation.fill()
    simulation.let_go(next(iter(simulation.running)))
    simulation.run().close()
    assert replay(tmp_path / "events.jsonl").difference is None


def test_a_changed_suggestion_would_pass(tmp_path: Path) -> None:
    record = record_of(tmp_path)
    rewritten(record, "asked", 5, lambda event: event["searched"].update(abc_weight=0.5))
    found = difference(record)
    assert (found.trial, found.epoch, found.what) == (5, None, "suggestion abc_weight")
    assert found.recorded == 0.5
    assert isinstance(found.replayed, float)


def test_a_changed_last_digit_would_pass(tmp_path: Path) -> None:
    record = record_of(tmp_path)

    def nudge(event: dict[str, Any]) -> None:
        event["searched"]["abc_weight"] *= 1 + 2**-52

    rewritten(record, "asked", 5, nudge)
    assert difference(record).what == "suggestion abc_weight"


def test_a_changed_score_would_pass(tmp_path: Path) -> None:
    record = record_of(tmp_path)

    def lift(event: dict[str, Any]) -> None:
        event["metrics"] = dict.fromkeys(event["metrics"], 0.999)

    rewritten(record, "epoch", 0, lift)
    first = next(event for event in read_lines(record) if event["event"] == "epoch")
    found = difference(record)
    assert (found.trial, found.epoch, found.what) == (first["trial"], 2, "best_auroc")


def test_a_changed_decision_would_pass(tmp_path: Path) -> None:
    record = record_of(tmp_path)
    events = [event for event in read_lines(record) if event["event"] == "epoch"]
    nth = next(n for n, event in enumerate(events) if event["decision"]["reason"] == "asha")
    rewritten(record, "epoch", nth, lambda event: event["decision"].update(action="continue"))
    found = difference(record)
    assert (found.trial, found.epoch) == (events[nth]["trial"], events[nth]["epoch"])
    assert (found.what, found.recorded, found.replayed) == ("decision action", "continue", "stop")


def test_the_promotion_of_another_trial_would_pass(tmp_path: Path) -> None:
    record = record_of(tmp_path, trials=30, scheduler={"type": "promote"})
    rewritten(record, "promoted", 0, lambda event: event.update(trial=event["trial"] + 1))
    assert difference(record).what == "promoted trial"


def test_a_full_length_would_be_counted_as_a_stop(tmp_path: Path) -> None:
    space = small_space(scheduler={"name": "none"})
    Simulation(space, tmp_path, slots=2).run().close()
    found = replay(tmp_path / "events.jsonl")
    assert found.difference is None
    assert found.counts["decision"] == space.trials * space.epochs
    assert found.counts["stop"] == 0


def test_a_trial_ended_otherwise_than_decided_would_pass(tmp_path: Path) -> None:
    record = record_of(tmp_path)
    rewritten(record, "ended", 3, lambda event: event.update(state="failed", reason="error: x"))
    assert difference(record).what == "state"


def test_an_epoch_recorded_twice_would_pass(tmp_path: Path) -> None:
    record = record_of(tmp_path)
    lines = record.read_bytes().splitlines(keepends=True)
    nth = next(n for n, event in enumerate(read_lines(record)) if event["event"] == "epoch")
    record.write_bytes(b"".join([*lines[: nth + 1], *lines[nth:]]))
    with pytest.raises(JournalError, match=f"line {nth + 2} of .*: it is line {nth + 1} once more"):
        replay(record)


def test_the_command_would_hide_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = record_of(tmp_path)
    assert command.main([str(tmp_path)]) == 0
    assert "Equal, bit for bit." in capsys.readouterr().out
    rewritten(record, "asked", 4, lambda event: event["searched"].update(patch_n=12))
    assert command.main([str(tmp_path)]) == 1
    assert "trial 4: suggestion patch_n: recorded 12, replayed " in capsys.readouterr().out
    assert command.main([str(tmp_path / "nothing")]) == 2
    assert "holds no record to replay" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"57 0a1b2c3d {half a li"])
def test_nothing_would_be_equal_bit_for_bit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "events.jsonl").write_bytes(content)
    assert command.main([str(tmp_path)]) == 2
    assert "holds no event: there is nothing to replay" in capsys.readouterr().err
