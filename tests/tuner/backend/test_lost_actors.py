"""What becomes of an actor that died of something Tune does not know, and what is said of it."""

from pathlib import Path

import pytest
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import ActorDiedError, OutOfMemoryError, RayActorError, RayTaskError

from tuner.backend import lost_actors
from tuner.backend.adapters import _cause
from tuner.worker.error_text import OUT_OF_MEMORY


def test_a_worker_that_ray_ends_for_memory_would_end_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RayActorManager, "_actor_task_failed", None)
    taken = list[Exception]()
    monkeypatch.setattr(lost_actors, "_handle", lambda manager, task, error: taken.append(error))
    lost_actors.take_every_death_for_a_lost_actor()
    known = [ActorDiedError(), RayTaskError("step", "traceback", ValueError("no"))]
    for error in (OutOfMemoryError("the node running low on memory"), *known):
        RayActorManager._actor_task_failed(None, tracked_actor_task=None, exception=error)
    assert isinstance(taken[0], RayActorError)
    assert "OutOfMemoryError" in str(taken[0])
    assert taken[1:] == known


def test_the_record_would_not_say_why_a_worker_was_lost(tmp_path: Path) -> None:
    report = tmp_path / "error.txt"
    assert _cause(None) == _cause(str(report)) == ("", False)
    report.write_text("Failure # 1 (occurred at noon)\nThe actor died.\nIts worker has died.\n")
    assert _cause(str(report)) == ("Its worker has died.", False)
    report.write_text("1 worker(s) were killed due to the node running low on memory. ...\nSee ...")
    assert _cause(str(report)) == (OUT_OF_MEMORY, False)
