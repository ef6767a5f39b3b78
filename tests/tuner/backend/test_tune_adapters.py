"""What Tune tells of an attempt's end, as the engine hears it."""

import time
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import RayActorError, RayTaskError
from ray.tune.execution import experiment_state
from ray.tune.execution.tune_controller import TuneController

from tests.tuner.backend.lacking_actor import SAID, LackingActor
from tests.tuner.backend.made_up_actor import MadeUpActor
from tests.tuner.backend.stuck_actor import StuckSetting
from tests.tuner.simulated import small_space
from tuner.backend.connection import connection
from tuner.backend.tune_adapters import cause_of
from tuner.backend.tune_run import run
from tuner.engine.attempt import OutOfReachError, WorkerLostError
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.record.journal import read_lines
from tuner.record.run_folder import RunFolder
from tuner.worker.error_text import OUT_OF_MEMORY


def raised(error: Exception) -> Exception:
    """What the driver gets of an error that a step raised."""
    try:
        raise error from OSError("something before")
    except Exception:
        return RayTaskError("step", traceback.format_exc(), error).as_instanceof_cause()


@pytest.mark.parametrize("kind", [OutOfReachError, WorkerLostError])
def test_the_record_would_not_say_in_its_own_words_why_a_worker_ended(
    kind: type[Exception],
) -> None:
    said = f"{SAID} {'x' * 200}"
    assert cause_of(raised(kind(said))) == (said, kind is OutOfReachError)
    assert cause_of(raised(kind(f"{SAID}\nand more"))) == (
        f"{SAID} and more",
        kind is OutOfReachError,
    )


def test_a_line_of_another_error_would_be_taken_for_a_machine_that_reaches_nothing() -> None:
    name = f"{OutOfReachError.__module__}.{OutOfReachError.__name__}"
    said = f"ValueError: no\n{name}: in the text of another kind of error"
    assert cause_of(raised(ValueError(said)))[1] is False


def test_the_record_would_not_say_why_a_worker_was_lost() -> None:
    assert cause_of(None) == ("", False)
    died = RayActorError(error_msg="The actor died.\nIts worker has died.")
    assert cause_of(died) == ("Its worker has died.", False)
    low = "1 worker(s) were killed due to the node running low on memory. ...\nSee ..."
    assert cause_of(RayActorError(error_msg=low)) == (OUT_OF_MEMORY, False)
    assert cause_of(raised(ValueError("no"))) == ("ValueError: no", False)


@pytest.mark.long
def test_a_process_that_lacks_something_would_be_given_the_next_trial(tmp_path: Path) -> None:
    space = small_space(trials=3, epochs=2, resources={"concurrent_trials": 1})
    with connection(None) as machine:
        engine = Engine(space, RunFolder(tmp_path), scheduler=make_scheduler(space), slots=1)
        setting: Any = StuckSetting(tmp_path, "asleep")
        run(engine, setting, space, machine, actor=LackingActor)
        engine.close()
    events = read_lines(tmp_path / "events.jsonl")
    (lost,) = [event for event in events if event["event"] == "lost"]
    assert (lost["trial"], lost["attempt"], lost["cause"]) == (0, 1, SAID)
    assert lost["out_of_reach"]
    assert not [event for event in events if event["event"] == "error"]
    assert {trial.state for trial in engine.trials} <= {"complete", "pruned"}


@pytest.mark.long
def test_a_signal_would_meet_tune_copying_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does so when a search begins and ends, and not in between; its clock runs fast here."""
    saved: list[TuneController] = []
    save = TuneController.save_to_dir

    def counted(controller: TuneController) -> None:
        saved.append(controller)
        save(controller)

    monkeypatch.setattr(TuneController, "save_to_dir", counted)
    fast = SimpleNamespace(monotonic=lambda: 10_000 * time.monotonic())
    monkeypatch.setattr(experiment_state, "time", fast)
    space = small_space(trials=4, epochs=3, scheduler={"name": "none"})
    with connection(None) as machine:
        engine = Engine(space, RunFolder(tmp_path), scheduler=make_scheduler(space), slots=2)
        setting: Any = StuckSetting(tmp_path, "asleep")
        run(engine, setting, space, machine, actor=MadeUpActor)
        engine.close()
    assert engine.finished
    assert 0 < len(saved) <= 3
