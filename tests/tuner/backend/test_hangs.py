"""A silent worker is found by the clock, ended for real, and its trial tried once more."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import ray

from tests.tuner.backend.stuck_actor import SIGNAL_OF, StuckActor, StuckSetting
from tests.tuner.simulated import Clock, Simulation, small_space
from tuner.backend.capacity_notice import WAITS
from tuner.backend.connection import connection
from tuner.backend.hangs import (
    LEAST_S,
    LEAST_START_S,
    UNKNOWN_START_S,
    HangClock,
    Watchdog,
)
from tuner.backend.tune_run import run
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.record.journal import read_lines
from tuner.record.run_folder import RunFolder
from tuner.replay.comparison import replay
from tuner.space import Machine
from tuner.worker.stack_dump import stacks_then_kill


def silences(clock: HangClock, *at_work: str) -> dict[str, float]:
    return {attempt: silent for attempt, silent, _ in clock.look(at_work)}


class Time(Clock):
    def __call__(self) -> float:
        return self.now


def test_an_epochs_limit_would_not_follow_its_trials_median() -> None:
    clock = HangClock(now=Time())
    assert clock.limit(3, [20.0, 30.0, 1000.0]) == 300.0
    assert clock.limit(3, [0.1, 0.2]) == LEAST_S


def test_a_first_epoch_would_be_held_against_nothing() -> None:
    time_ = Time()
    clock = HangClock(now=time_)
    assert clock.limit(0, []) == UNKNOWN_START_S
    for attempt, start_s in (("a", 30), ("b", 40), ("c", 50)):
        for _ in range(start_s):
            clock.look([attempt])
            time_.now += 1
        clock.reported(attempt)
    assert clock.limit(0, []) == 400.0
    assert clock.limit(0, [5.0, 6.0]) == 422.0  # and may have to train up to the record first
    assert HangClock(now=Time(), _starts=[0.5]).limit(0, []) == LEAST_START_S


def test_silence_would_be_counted_before_a_worker_is_there_or_after_a_report() -> None:
    time_ = Time()
    clock = HangClock(now=time_)
    for _ in range(5):
        assert silences(clock) == {}
        time_.now += 5
    assert silences(clock, "a") == {"a": 0}
    time_.now += 5
    assert silences(clock, "a") == {"a": 5}
    clock.reported("a")
    assert silences(clock, "a") == {"a": 0}


def test_a_driver_that_was_stopped_itself_would_take_all_workers_for_silent() -> None:
    time_ = Time()
    clock = HangClock(now=time_)
    silences(clock, "a")
    time_.now += 2
    silences(clock, "a")
    time_.now += 3600
    assert silences(clock, "a") == {"a": 2}


def test_an_attempt_that_begins_after_a_stall_would_be_silent_from_the_future_on() -> None:
    time_ = Time()
    clock = HangClock(now=time_)
    silences(clock, "a")
    time_.now += 300
    assert silences(clock, "a", "b") == {"a": 0, "b": 0}
    time_.now += 5
    assert silences(clock, "a", "b") == {"a": 5, "b": 5}


def test_a_stall_of_the_driver_would_count_as_the_time_that_a_worker_takes_to_start() -> None:
    time_ = Time()
    clock = HangClock(now=time_)
    silences(clock, "a")
    time_.now += 20
    silences(clock, "a")
    time_.now += 3600
    clock.reported("a")  # Tune hands on what has come before it looks
    assert silences(clock, "a") == {"a": 0}
    assert clock.limit(0, []) == LEAST_START_S


def test_a_trial_that_hangs_would_be_tried_forever_or_not_again(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    for _ in range(2):
        simulation.fill()
        (attempt_id,) = simulation.running
        simulation.engine.hung(attempt_id, 100.0)
        simulation.let_go(attempt_id)
    trial = simulation.engine.trials[0]
    assert trial.state == "failed"
    assert trial.reason == "error: hung 2 times in a row; its log has the stacks"
    assert [one.kind for one in trial.interruptions] == ["hung", "hung"]
    simulation.run().close()
    assert replay(tmp_path / "events.jsonl").difference is None


def test_an_epoch_in_between_would_not_forgive_a_hang(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    for _ in range(3):
        simulation.fill()
        simulation.step()
        (attempt_id,) = simulation.running
        simulation.engine.hung(attempt_id, 100.0)
        simulation.let_go(attempt_id)
    assert simulation.engine.trials[0].state == "running"


@pytest.mark.long
@pytest.mark.parametrize("how", list(SIGNAL_OF))
def test_a_hanging_worker_would_block_its_slot_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Trial 0 hangs once after its first epoch, in Python or stopped by a signal."""
    monkeypatch.setattr("tuner.backend.hangs.LEAST_S", 2.0)
    space = small_space(trials=3, epochs=3, resources={"concurrent_trials": 1})
    with connection(None) as machine:
        engine = Engine(space, RunFolder(tmp_path), scheduler=make_scheduler(space), slots=1)
        setting: Any = StuckSetting(tmp_path, how)
        run(engine, setting, space, machine, actor=StuckActor)
        engine.close()
    assert [trial.state for trial in engine.trials[:2]] == ["complete", "complete"]
    assert [row.epoch for row in engine.trials[0].rows] == [1, 2, 3]
    events = read_lines(tmp_path / "events.jsonl")
    assert [event["trial"] for event in events if event["event"] == "hung"] == [0]
    assert not [event for event in events if event["event"] == "lost"]
    pid = int((tmp_path / "stuck.pid").read_text())
    until = time.monotonic() + 15
    while Path(f"/proc/{pid}/exe").exists() and time.monotonic() < until:
        time.sleep(0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    stacks = (tmp_path / "log.txt").read_text()
    assert ("in step" in stacks) == (SIGNAL_OF[how] != signal.SIGSTOP)


NO_FIRST_PROCESS = """#!/bin/sh
mkdir "{folder}/first" 2>/dev/null && exec sleep 60
exec "{python}" "$@"
"""


def test_an_actor_whose_process_never_starts_would_hold_its_trial_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first process of the search sleeps instead of telling Ray that it is there."""
    said = list[str]()

    def hear(text: str) -> None:
        said.append(text)
        if "no process" in text:  # the next one may take its time
            monkeypatch.setattr("tuner.backend.hangs.UNKNOWN_START_S", UNKNOWN_START_S)

    monkeypatch.setattr("tuner.backend.hangs.say", hear)
    monkeypatch.setattr("tuner.backend.hangs.UNKNOWN_START_S", 3.0)
    monkeypatch.setattr("tuner.backend.hangs._EVERY_S", 0.0)
    monkeypatch.setattr("tuner.backend.capacity_notice.AFTER_S", 0.0)
    start = tmp_path / "python.sh"
    start.write_text(NO_FIRST_PROCESS.format(folder=tmp_path, python=sys.executable))
    start.chmod(0o755)
    space = small_space(trials=2, epochs=2, resources={"concurrent_trials": 1})
    runtime_env = {"py_executable": str(start)}
    ray.init("local", num_cpus=4, include_dashboard=False, runtime_env=runtime_env)
    try:
        engine = Engine(space, RunFolder(tmp_path), scheduler=make_scheduler(space), slots=1)
        setting: Any = StuckSetting(tmp_path, "asleep")
        run(engine, setting, space, Machine(cpus=4), actor=StuckActor)
    finally:
        ray.shutdown()
    engine.close()
    ends = [(trial.state, trial.count("lost")) for trial in engine.trials]
    assert ends == [("complete", 1), ("complete", 0)]
    assert WAITS in said
    assert "Ray has started no process for its worker on" in (tmp_path / "log.txt").read_text()


def test_a_watchdog_would_be_pickled_with_the_search_it_watches() -> None:
    import pickle

    assert len(pickle.dumps(Watchdog(lambda: None, None, max))) < 200  # type: ignore[arg-type]


@pytest.mark.parametrize("pid", [0, 1, -1])
def test_a_number_of_no_single_process_would_be_killed(pid: int) -> None:
    with pytest.raises(ValueError, match="above 1"):
        stacks_then_kill(pid)
