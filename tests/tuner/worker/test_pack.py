"""Trials as lanes of one worker, trained for real on digits."""

import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.data.sources import DataNotFound
from models.scoring import FittedDetector
from models.trainer import EpochResult, Lane, Trainer
from tests.tuner.worker.conftest import attempt, essence
from tuner.attempt import (
    Attempt,
    AttemptGivenUpError,
    OutOfReachError,
    Report,
    WorkerLostError,
)
from tuner.setting import TrialSetting
from tuner.storage import StorageError
from tuner.storage.folder import FolderStorage
from tuner.worker import faults
from tuner.worker.files import Checkpoint
from tuner.worker.pack import PackWorker

LANES = 3
Curve = list[tuple[object, ...]]
MakeSetting = Callable[[str], TrialSetting]


class Requests:
    """Asks a pack from several threads, as trial actors do."""

    def __init__(self, pack: PackWorker) -> None:
        self.pack = pack
        self._threads = ThreadPoolExecutor(16)

    def ask(self, of: Attempt) -> "Future[Report]":
        return self._threads.submit(self.pack.next_report, of)

    def curve(self, of: Attempt, epochs: int) -> "Future[Curve]":
        return self._threads.submit(
            lambda: [essence(self.pack.next_report(of)) for _ in range(epochs)]
        )


@pytest.fixture
def pack(setting: TrialSetting) -> Iterator[Requests]:
    worker = PackWorker(setting, LANES)
    yield Requests(worker)
    worker.close()


def alone(setting: TrialSetting, of: Attempt, epochs: int) -> Curve:
    worker = PackWorker(setting, LANES)
    try:
        return [essence(worker.next_report(of)) for _ in range(epochs)]
    finally:
        worker.close()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def differing(number: int) -> Attempt:
    return attempt(number, seed=number, patch_n=1 + number, generator_lr=1e-4 * (1 + number))


def checkpoint_of(setting: TrialSetting, of: Attempt) -> Checkpoint | None:
    return setting.files(of.number).read_checkpoint({**of.hyperparameters, "seed": of.seed})


def test_a_neighbour_would_change_a_trials_curve(make_setting: MakeSetting, pack: Requests) -> None:
    undisturbed = [alone(make_setting(f"alone{n}"), differing(n), 4) for n in (1, 4)]
    first = pack.curve(differing(1), 4)
    early = pack.curve(differing(2), 1)
    early.result(60)
    pack.pack.leave(2, 1)
    late = pack.curve(differing(3), 2)
    late.result(60)
    pack.pack.leave(3, 1)
    last = pack.curve(differing(4), 4)
    assert [first.result(60), last.result(60)] == undisturbed


def test_more_trials_than_lanes_would_never_get_one(pack: Requests) -> None:
    asked = [pack.ask(differing(n)) for n in range(LANES + 2)]
    until(lambda: sum(one.done() for one in asked) == LANES)
    time.sleep(0.1)
    assert sum(one.done() for one in asked) == LANES
    for number in [n for n in range(LANES + 2) if asked[n].done()]:
        pack.pack.leave(number, 1)
    assert [one.result(60).outcome for one in asked] == ["epoch"] * (LANES + 2)


def test_a_lane_would_run_further_ahead_than_one_epoch(pack: Requests) -> None:
    slow, quick = differing(0), differing(1)
    pack.ask(slow).result(60)
    pack.curve(quick, 6).result(60)
    (passenger,) = [p for p in pack.pack._passengers.values() if p.attempt == slow]
    assert passenger.progress is not None
    assert len(passenger.progress.rows) == 2
    assert len(passenger.untaken) == 1


def test_an_epoch_that_nobody_asked_for_would_reach_the_files(
    setting: TrialSetting, pack: Requests
) -> None:
    stopped = differing(0)
    pack.curve(stopped, 2).result(60)
    (passenger,) = pack.pack._passengers.values()
    until(lambda: passenger.untaken)
    pack.pack.leave(0, 1)
    checkpoint = checkpoint_of(setting, stopped)
    assert checkpoint is not None
    assert [row.epoch for row in checkpoint.rows] == [1, 2]
    assert checkpoint.state["epoch"] == 2
    assert pack.pack.occupancy().dropped == 1
    with pytest.raises(AttemptGivenUpError):
        pack.pack.next_report(stopped)


def test_the_files_would_not_hold_the_reported_epoch(
    setting: TrialSetting, pack: Requests, tmp_path: Path
) -> None:
    beside = pack.curve(differing(1), 5)
    best, weights = -1.0, None
    for _ in range(5):
        row = pack.pack.next_report(differing(0)).row
        assert row is not None
        checkpoint = checkpoint_of(setting, differing(0))
        assert checkpoint is not None
        assert checkpoint.rows[-1] == row
        assert checkpoint.state["epoch"] == row.epoch
        kept = FittedDetector.load(tmp_path / "trials" / "0" / "best").weights
        if row.metrics["auroc"] > best:
            best, weights = row.metrics["auroc"], kept
            assert all(torch.equal(kept[n], checkpoint.state["weights"][n]) for n in kept)
        assert weights is not None
        assert all(torch.equal(weights[name], kept[name]) for name in weights)
    beside.result(60)


def test_a_resumed_trial_would_not_go_on_at_its_epoch(
    make_setting: MakeSetting, setting: TrialSetting
) -> None:
    undisturbed = alone(make_setting("undisturbed"), differing(0), 5)
    first = alone(setting, differing(0), 3)
    for recorded in (1, 3):  # the checkpoint ahead of the record, and just where it is
        resumed = replace(differing(0), attempt=2, recorded_epochs=recorded)
        rest = alone(setting, resumed, 5 - recorded)
        assert first[:recorded] + rest == undisturbed


def test_a_checkpoint_behind_the_record_would_report_an_epoch_twice(
    make_setting: MakeSetting, setting: TrialSetting
) -> None:
    undisturbed = alone(make_setting("undisturbed"), differing(0), 5)
    alone(setting, differing(0), 1)
    resumed = replace(differing(0), attempt=2, recorded_epochs=3)
    assert alone(setting, resumed, 2) == undisturbed[3:]


def test_a_second_attempt_would_share_the_trials_files_with_the_first(pack: Requests) -> None:
    pack.ask(differing(0)).result(60)
    second = replace(differing(0), attempt=2, recorded_epochs=1)
    assert pack.ask(second).result(60).outcome == "epoch"
    with pytest.raises(AttemptGivenUpError):
        pack.pack.next_report(differing(0))


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
    pack: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack.ask(differing(0)).result(60)

    def failing(trainer: Trainer, active: object) -> None:
        raise RuntimeError("out of paper")

    monkeypatch.setattr(Trainer, "epoch", failing)
    for asked in [pack.curve(differing(n), 8) for n in range(LANES)]:
        with pytest.raises(WorkerLostError, match="RuntimeError: out of paper"):
            asked.result(60)


def test_a_pack_without_images_would_fail_its_trials_or_leave_somebody_waiting(
    pack: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise DataNotFound("no copy\nhere")

    monkeypatch.setattr(faults, "sleep", lambda _seconds: None)
    monkeypatch.setattr("tuner.worker.images.load_training", refuse)
    for asked in [pack.ask(differing(n)) for n in range(LANES + 1)]:
        with pytest.raises(WorkerLostError) as caught:
            asked.result(60)
        assert str(caught.value) == f"{socket.gethostname()}: DataNotFound: no copy here"


def test_a_trial_whose_checkpoint_is_out_of_reach_would_begin_anew_or_end_its_neighbours(
    pack: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = pack.curve(differing(1), 2)
    beside.result(60)

    def refuse(*_arguments: object) -> None:
        raise StorageError("it cannot be reached")

    monkeypatch.setattr(faults, "sleep", lambda _seconds: None)
    monkeypatch.setattr(FolderStorage, "get", refuse)
    with pytest.raises(OutOfReachError, match=f"{socket.gethostname()}: .* cannot be reached"):
        pack.ask(replace(differing(0), recorded_epochs=2)).result(60)
    assert len(pack.curve(differing(1), 2).result(60)) == 2


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


def test_trials_of_another_structure_would_join_the_lanes(pack: Requests) -> None:
    pack.ask(differing(0)).result(60)
    wide = pack.ask(attempt(1, width=8))
    time.sleep(0.2)
    assert not wide.done()
    pack.pack.leave(0, 1)
    assert wide.result(60).outcome == "epoch"


def test_the_lane_of_a_trial_that_leaves_while_it_trains_would_be_lost(
    pack: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on, epoch = threading.Event(), threading.Event(), Trainer.epoch

    def held(trainer: Trainer, active: set[int]) -> dict[int, EpochResult]:
        started.set()
        assert go_on.wait(60)
        return epoch(trainer, active)

    monkeypatch.setattr(Trainer, "epoch", held)
    stopped = pack.ask(differing(0))
    assert started.wait(60)
    pack.pack.leave(0, 1)
    with pytest.raises(AttemptGivenUpError):
        stopped.result(60)
    go_on.set()
    others = [pack.ask(differing(n)) for n in range(1, LANES + 1)]
    assert [one.result(60).outcome for one in others] == ["epoch"] * LANES
    assert pack.pack.occupancy().dropped == 1


def test_a_lane_that_empties_while_others_sit_down_would_fail_the_next(
    pack: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(LANES):
        pack.ask(differing(number)).result(60)
    replace_lane = Trainer.replace

    def leaving(trainer: Trainer, place: int, new: Lane) -> None:
        replace_lane(trainer, place, new)
        pack.pack.leave(1, 1)

    monkeypatch.setattr(Trainer, "replace", leaving)
    late = [pack.ask(differing(number)) for number in (LANES, LANES + 1)]
    waiting = pack.pack._passengers
    until(lambda: sum(one.wants_lane for one in list(waiting.values())) == LANES + 2)
    pack.pack.leave(0, 1)
    assert [one.result(60).outcome for one in late] == ["epoch", "epoch"]


def test_a_trial_would_be_trained_beyond_its_last_epoch(pack: Requests) -> None:
    pack.curve(differing(0), 8).result(60)
    pack.curve(differing(1), 2).result(60)
    used = pack.pack.occupancy().used
    assert used <= 8 + 3
