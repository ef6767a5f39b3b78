"""Trials as lanes of one worker, trained for real on digits."""

import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.fitted import FittedDetector
from models.lanes.lane import EpochResult, Lane
from models.trainer import Trainer
from tests.tuner.packing.packing import LANES, MakeSetting, Requests, alone, differing, until
from tests.tuner.worker.attempts import attempt
from tuner.engine.attempt import Attempt, AttemptGivenUpError, Report
from tuner.packing.member import Member
from tuner.packing.pack import PackWorker
from tuner.record.pack_names import is_pack
from tuner.worker.files import Checkpoint
from tuner.worker.progress import TrainedEpoch
from tuner.worker.search_setting import TrialSetting


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


def test_what_lanes_train_together_would_not_be_told_by_their_rows(pack: Requests) -> None:
    """The lanes of an epoch have its seconds to the last digit, under the name of a pack."""
    asked = [pack.ask(differing(n)) for n in range(LANES) for _ in range(2)]
    rows = [row for one in asked if (row := one.result(60).row) is not None]
    assert all(is_pack(row.worker) for row in rows)
    counted = Counter(row.seconds for row in rows)
    assert max(counted.values()) > 1


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
    (member,) = [p for p in pack.pack._members.values() if p.attempt == slow]
    assert member.progress is not None
    assert len(member.progress.rows) == 2
    assert len(member.untaken) == 1


def test_an_epoch_that_nobody_asked_for_would_reach_the_files(
    setting: TrialSetting, pack: Requests
) -> None:
    stopped = differing(0)
    pack.curve(stopped, 2).result(60)
    (member,) = pack.pack._members.values()
    until(lambda: member.untaken)
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
        if row.metrics["auroc"] >= best:  # of equal epochs the latest
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


def test_an_attempt_that_was_given_up_would_write_over_its_successors_files(
    pack: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up when it has its epoch in hand, and waits for the trial's files."""
    in_hand, wait = threading.Event(), PackWorker._wait_for_epoch

    def told(one: PackWorker, member: Member) -> TrainedEpoch | Report:
        epoch = wait(one, member)
        in_hand.set()
        return epoch

    pack.ask(differing(0)).result(60)
    monkeypatch.setattr(PackWorker, "_wait_for_epoch", told)
    with pack.pack._file_locks[0]:
        late = pack.ask(differing(0))
        assert in_hand.wait(60)
        pack.pack.leave(0, 1)
    with pytest.raises(AttemptGivenUpError):
        late.result(60)


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
    waiting = pack.pack._members
    until(lambda: sum(one.wants_lane for one in list(waiting.values())) == LANES + 2)
    pack.pack.leave(0, 1)
    assert [one.result(60).outcome for one in late] == ["epoch", "epoch"]


def test_a_trial_would_be_trained_beyond_its_last_epoch(pack: Requests) -> None:
    pack.curve(differing(0), 8).result(60)
    pack.curve(differing(1), 2).result(60)
    used = pack.pack.occupancy().used
    assert used <= 8 + 3
