"""What Tune tells of an attempt's end, as the engine hears it."""

import traceback
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.backend.lacking_actor import SAID, LackingActor
from tests.tuner.backend.stuck_actor import StuckSetting
from tests.tuner.simulated import small_space
from tuner.backend.adapters import _cause
from tuner.backend.connection import connection
from tuner.backend.run import run
from tuner.engine.attempt import OutOfReachError, WorkerLostError
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.record.journal import read_journal
from tuner.record.run_folder import RunFolder


@pytest.mark.parametrize("kind", [OutOfReachError, WorkerLostError])
def test_the_record_would_not_say_in_its_own_words_why_a_worker_ended(
    tmp_path: Path, kind: type[Exception]
) -> None:
    report, said = tmp_path / "error.txt", f"{SAID} {'x' * 200}"
    try:
        raise kind(said) from OSError("something before")
    except kind as error:
        lines = "".join(traceback.format_exception(error))
    report.write_text(f"Failure # 1 (occurred at noon)\nray::step()\n{lines}\n")
    assert _cause(str(report)) == (said, kind is OutOfReachError)


@pytest.mark.long
def test_a_process_that_lacks_something_would_be_given_the_next_trial(tmp_path: Path) -> None:
    space = small_space(trials=3, epochs=2, resources={"concurrent_trials": 1})
    with connection(None) as machine:
        engine = Engine(space, RunFolder(tmp_path), scheduler=make_scheduler(space), slots=1)
        setting: Any = StuckSetting(tmp_path, "asleep")
        run(engine, setting, space, machine, actor=LackingActor)
        engine.close()
    events = read_journal(tmp_path / "events.jsonl")
    (lost,) = [event for event in events if event["event"] == "lost"]
    assert (lost["trial"], lost["attempt"], lost["cause"]) == (0, 1, SAID)
    assert lost["out_of_reach"]
    assert not [event for event in events if event["event"] == "error"]
    assert {trial.state for trial in engine.trials} <= {"complete", "pruned"}
