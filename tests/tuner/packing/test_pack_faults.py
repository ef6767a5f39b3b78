"""A lane is an island: what goes wrong with one trial of a pack, or with the pack itself."""

import math
import socket
from dataclasses import replace
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
import torch
from torch import Tensor

from models.data.sources import DataNotFound
from models.lanes.lane import EpochResult
from models.lanes.step import Step
from models.trainer import Trainer
from tests.tuner.packing.packing import LANES, MakeSetting, Requests, alone, differing, until
from tests.tuner.worker.attempts import attempt
from tuner.engine.attempt import (
    OutOfReachError,
    WorkerLostError,
)
from tuner.packing.pack import PackWorker
from tuner.storage import StorageError
from tuner.storage.folder import FolderStorage
from tuner.worker import faults
from tuner.worker.search_setting import TrialSetting


def test_a_request_would_wait_for_ever_in_a_closed_pack(
    setting: TrialSetting,
) -> None:
    worker = PackWorker(setting, LANES)
    assert worker.next_report(differing(0)).outcome == "epoch"
    answers: Queue[Exception] = Queue()

    def wait_for_a_lane() -> None:
        try:
            worker.next_report(attempt(1, width=8))  # of another structure
        except WorkerLostError as error:
            answers.put(error)

    Thread(target=wait_for_a_lane, daemon=True).start()
    until(lambda: len(worker._members) == 2)
    worker.close()
    assert "the pack was closed" in str(answers.get(timeout=60))


def test_a_trial_that_diverges_would_reach_its_neighbours(
    make_setting: MakeSetting, pack: Requests
) -> None:
    undisturbed = alone(make_setting("undisturbed"), differing(1), 3)
    values = {**differing(0).hyperparameters, "generator_lr": math.inf}
    wild = replace(differing(0), hyperparameters=values)
    healthy, diverged = pack.curve(differing(1), 3), pack.ask(wild)
    report = diverged.result(60)
    assert (report.outcome, report.row) == ("diverged", None)
    assert healthy.result(60) == undisturbed
    pack.pack.leave(0, 1)
    assert len(pack.curve(differing(2), 2).result(60)) == 2


@pytest.mark.parametrize("at_fault", ["scoring", "state", "configuration"])
def test_an_error_of_one_trial_would_end_its_neighbours(
    pack: Requests,
    tmp_path: Path,
    make_setting: MakeSetting,
    monkeypatch: pytest.MonkeyPatch,
    at_fault: str,
) -> None:
    undisturbed = alone(make_setting("undisturbed"), differing(1), 3)
    bad = differing(0)
    if at_fault == "configuration":
        bad = replace(bad, seed="none")  # type: ignore[arg-type]
    _break(monkeypatch, at_fault)
    healthy = pack.curve(differing(1), 3)
    report = pack.ask(bad).result(60)
    assert report.outcome == "error"
    assert "Traceback" in (tmp_path / "trials" / "0" / "log.txt").read_text()
    assert healthy.result(60) == undisturbed


def _break(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Let the lane of the trial with n = 1 fail where its own matters are looked at."""
    epoch, state = Trainer.epoch, Trainer.state

    def bad_lane(trainer: Trainer, place: int) -> bool:
        lane = trainer.lanes[place]
        return lane is not None and lane.hyperparameters["patch_n"] == 1

    def scored(trainer: Trainer, active: set[int] | None = None) -> dict[int, EpochResult]:
        results = epoch(trainer, active)
        error = OSError("made up")
        return {
            p: replace(r, error=error) if bad_lane(trainer, p) else r for p, r in results.items()
        }

    def copied(trainer: Trainer, place: int) -> dict[str, object]:
        if bad_lane(trainer, place):
            raise OSError("made up")
        return state(trainer, place)

    if what == "scoring":
        monkeypatch.setattr(Trainer, "epoch", scored)
    if what == "state":
        monkeypatch.setattr(Trainer, "state", copied)


def test_a_failing_step_would_leave_somebody_waiting(
    pack: Requests, setting: TrialSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack.ask(differing(0)).result(60)

    def failing(trainer: Trainer, active: object) -> None:
        raise RuntimeError("out of paper")

    monkeypatch.setattr(Trainer, "epoch", failing)
    for asked in [pack.curve(differing(n), 8) for n in range(LANES)]:
        with pytest.raises(WorkerLostError, match="RuntimeError: out of paper"):
            asked.result(60)
    told = setting.storage.get("trials/0/log.txt") or b""
    assert b'raise RuntimeError("out of paper")' in told, "where it was raised"


def test_a_pack_without_images_would_fail_its_trials_or_leave_somebody_waiting(
    pack: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise DataNotFound("no copy\nhere")

    monkeypatch.setattr(faults, "sleep", lambda _seconds: None)
    for way in ("load_training", "open_training"):
        monkeypatch.setattr(f"tuner.worker.images.{way}", refuse)
    for asked in [pack.ask(differing(n)) for n in range(LANES + 1)]:
        with pytest.raises(WorkerLostError) as caught:
            asked.result(60)
        assert str(caught.value) == f"{socket.gethostname()}: DataNotFound: no copy here"


def test_a_trial_whose_checkpoint_is_out_of_reach_would_begin_anew_or_end_its_neighbours(
    pack: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = pack.curve(differing(1), 2)
    beside.result(60)

    def refuse(*_arguments: object, **_named: object) -> None:
        raise StorageError("it cannot be reached")

    monkeypatch.setattr(faults, "sleep", lambda _seconds: None)
    monkeypatch.setattr(FolderStorage, "get", refuse)
    with pytest.raises(OutOfReachError, match=f"{socket.gethostname()}: .* cannot be reached"):
        pack.ask(replace(differing(0), recorded_epochs=2)).result(60)
    assert len(pack.curve(differing(1), 2).result(60)) == 2


def test_nobody_would_hear_that_the_lanes_train_in_turn(
    pack: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Step.run

    def short_of_memory(step: Step, images: Tensor, *rest: Any) -> Any:
        if len(images) == LANES:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return run(step, images, *rest)

    monkeypatch.setattr(Step, "run", short_of_memory)
    warnings = [pack.ask(differing(0)).result(60).warning for _ in range(2)]
    assert warnings == [
        f"no memory for {LANES} lanes in one step on cpu: they train as two groups in turn",
        "",
    ]


@pytest.mark.parametrize("where", ["__init__", "load_state", "state", "fitted"])
def test_memory_that_runs_out_beside_the_step_would_be_one_trials_error(
    pack: Requests, setting: TrialSetting, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    resumed = where == "load_state"
    if resumed:
        alone(setting, differing(0), 1)

    def fail(*_arguments: object, **_options: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Trainer, where, fail)
    trials = [replace(differing(0), recorded_epochs=int(resumed)), differing(1)]
    for asked in [pack.curve(trial, 8) for trial in trials]:
        with pytest.raises(WorkerLostError, match=f"{socket.gethostname()}: out of memory: lower"):
            asked.result(60)


def test_a_gpu_that_answers_no_more_would_be_one_trials_error(
    pack: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack.ask(differing(0)).result(60)

    def fail(*_arguments: object) -> None:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(Trainer, "state", fail)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", fail)
    for asked in [pack.curve(differing(n), 8) for n in range(LANES)]:
        with pytest.raises(WorkerLostError, match="the GPU answers this process no more"):
            asked.result(60)
