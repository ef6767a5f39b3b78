"""storage_limit: what goes, what stays, and what is said where it cannot be kept."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import torch

from models import detectors
from models.data.loading import load_training
from models.data.protocol import make_split
from models.data.sources import find
from tests.tuner.simulated import row, small_space
from tuner.durability.background import BackgroundSync
from tuner.durability.retention import Retention, needed_bytes
from tuner.durability.size_forecast import search_bytes, trial_bytes
from tuner.record.trials import Decision, TrialState, TrialView
from tuner.storage import Storage, local_storage
from tuner.storage.checkpoints import Checkpoints

STATE, BEST = 1000, 400


def ended(number: int, value: float, state: TrialState = "pruned", reason: str = "") -> TrialView:
    rows = (row({"patch_n": 5, "abc_weight": 1}, 1, lambda _values, _epoch: value),)
    return TrialView(number=number, state=state, reason=reason, rows=rows)


def filled(storage: Storage, number: int) -> None:
    checkpoints = Checkpoints(storage, number)
    for epochs in (1, 2):
        checkpoints.put(epochs, {"number": number}, b"x" * STATE)
    checkpoints.put_best({"weights": b"y" * BEST})


def bests(storage: Storage) -> set[int]:
    return {int(key.split("/")[1]) for key in storage.sizes("trials/") if "weights" in key}


def pruner(storage: Storage, limit: int | None, said: list[str]) -> Retention:
    return Retention(storage, limit=limit, objective="best_auroc", slots=lambda: 1, say=said.append)


def test_the_limit_would_be_passed_or_the_best_detector_lost(tmp_path: Path) -> None:
    storage, said, limit = local_storage(tmp_path), list[str](), 8_000
    values = [0.5, 0.9, 0.6, 0.8, 0.7, 0.95, 0.55, 0.65, 0.85, 0.4, 0.45, 0.92]
    work, trials = pruner(storage, limit, said), []
    for number, value in enumerate(values):
        filled(storage, number)
        assert sum(storage.sizes().values()) <= limit
        trials.append(ended(number, value))
        work.prune(trials)
        best = max(range(number + 1), key=lambda n: values[n])
        assert best in bests(storage)
    assert not [key for key in storage.sizes() if "checkpoint" in key]
    kept = bests(storage)
    assert 2 <= len(kept) < len(values)
    assert kept == set(sorted(range(len(values)), key=lambda n: -values[n])[: len(kept)])
    assert said == []


def test_a_diverged_trial_would_be_kept_before_a_good_one(tmp_path: Path) -> None:
    storage = local_storage(tmp_path)
    trials = [ended(0, 0.7), ended(1, 0.99, "pruned", "diverged"), ended(2, 0.8)]
    for trial in trials:
        filled(storage, trial.number)
    work = pruner(storage, 4900, [])
    work.prune(trials)
    assert 2 in bests(storage)
    assert 1 not in bests(storage)


def test_without_a_limit_a_detector_would_go(tmp_path: Path) -> None:
    storage = local_storage(tmp_path)
    trials = [ended(number, 0.1 * number) for number in range(5)]
    for trial in trials:
        filled(storage, trial.number)
    pruner(storage, None, []).prune(trials)
    assert bests(storage) == {0, 1, 2, 3, 4}


def test_what_is_needed_would_go_or_the_shortage_stay_unsaid(tmp_path: Path) -> None:
    storage, said = local_storage(tmp_path), list[str]()
    filled(storage, 0)
    filled(storage, 7)  # still training
    work = pruner(storage, 500, said)
    work.prune([ended(0, 0.7)])
    work.prune([ended(0, 0.7)])
    assert bests(storage) == {0, 7}
    assert len([key for key in storage.sizes("trials/7/") if "checkpoint" in key]) == 2
    assert len(said) == 1
    assert "storage_limit is 500 bytes" in said[0]
    assert "need up to" in said[0]
    assert "--set storage_limit=" in said[0]


def test_trials_of_a_larger_machine_or_of_machines_that_joined_would_pass_the_limit(
    tmp_path: Path,
) -> None:
    storage, said = local_storage(tmp_path), list[str]()
    for number in range(3):
        filled(storage, number)
    slots = 1
    work = Retention(
        storage, limit=5_500, objective="best_auroc", slots=lambda: slots, say=said.append
    )
    work.prune([ended(0, 0.7), ended(1, 0.8)], under_way=1)
    assert bests(storage) == {0, 1, 2}
    assert said == []
    work.prune([ended(0, 0.7), ended(1, 0.8)], under_way=3)
    assert bests(storage) == {1, 2}
    assert "3 trials under way need up to" in said[0]
    slots, said[:] = 4, []
    work = Retention(
        storage, limit=5_500, objective="best_auroc", slots=lambda: slots, say=said.append
    )
    work.measure(2)
    assert "4 trials under way need up to" in said[0]


def test_a_shortage_would_be_said_only_when_a_trial_has_ended_or_twice(tmp_path: Path) -> None:
    storage, said = local_storage(tmp_path), list[str]()
    work = BackgroundSync(
        pruner(storage, 500, said), copies=None, lease=None, say=said.append, stop=lambda: None
    )
    first = ended(0, 0.7, "running")
    filled(storage, first.number)
    work.epoch_reported(first, first.rows[-1], Decision(action="continue"))
    for _ in range(2):
        work._turn()
        assert len(said) == 1
        assert "1 trials under way need up to" in said[0]
    work.trial_ended(ended(0, 0.7))
    work._turn()
    assert len(said) == 1


def test_the_forecast_of_a_trials_bytes_would_be_far_off() -> None:
    from models.lanes.lane import Lane
    from models.trainer import Trainer

    space = small_space(fixed={"width": 4, "batch_normals": 16, "batch_anomalies": 4})
    source = find(space.data)
    data = load_training(space.data, source, make_split(space.data, source))
    settings = detectors.resolve(space.detector, space.fixed)
    trainer = Trainer(space.detector, data, [Lane(hyperparameters=settings, seed=0)])
    body = io.BytesIO()
    torch.save(trainer.state(0), body)
    assert 0.8 < trial_bytes(space).state / len(body.getvalue()) < 1.2


def test_the_forecast_would_forget_what_is_held_at_once() -> None:
    assert needed_bytes(trials=2, state=100, best=10) == 2 * (300 + 20) + 10


def test_a_search_would_be_thought_smaller_than_it_grows() -> None:
    space = small_space(fixed={"width": 4}, trials=12)
    each = trial_bytes(space)
    running = needed_bytes(trials=2, state=each.state, best=each.best)
    assert search_bytes(space, slots=2) == running + 10 * each.best
    limited = small_space(fixed={"width": 4}, trials=12, storage_limit=running + 1)
    assert search_bytes(limited, slots=2) == running + 1
    tight = small_space(fixed={"width": 4}, trials=12, storage_limit=1)
    assert search_bytes(tight, slots=2) == running


def test_hundreds_of_ended_trials_would_hold_up_copies_and_the_lease(tmp_path: Path) -> None:
    storage = local_storage(tmp_path)
    for number in (0, 1):
        filled(storage, number)
    trials, work = [ended(0, 0.5), ended(1, 0.6)], pruner(storage, None, [])
    assert not work.prune(trials, until=time.monotonic() - 1)
    assert len([key for key in storage.sizes() if "checkpoint" in key]) == 4
    assert work.prune(trials, until=time.monotonic() + 60)
    assert not [key for key in storage.sizes() if "checkpoint" in key]


def waiting(number: int, value: float) -> TrialView:
    return ended(number, value, "paused")


def test_what_paused_trials_keep_would_pass_the_limit_or_the_best_of_them_begin_anew(
    tmp_path: Path,
) -> None:
    """Before any trial has ended, too."""
    storage, said = local_storage(tmp_path), list[str]()
    paused = [waiting(number, 0.5 + number / 100) for number in range(10)]
    for trial in paused:
        filled(storage, trial.number)
        Checkpoints(storage, trial.number).put_best({"weights": b"y" * 5 * STATE})
    each, state = sum(storage.sizes("trials/0/").values()), storage.sizes()["trials/0/checkpoint-0"]
    limit = needed_bytes(1, state, 5 * STATE) + 4 * each - 5 * STATE
    work = pruner(storage, limit, said)
    work.prune([], under_way=1, paused=paused)
    kept = {int(key.split("/")[1]) for key in storage.sizes("trials/") if "checkpoint" in key}
    assert kept == {6, 7, 8, 9}
    assert bests(storage) == kept
    assert not said


def test_a_trial_that_is_promoted_meanwhile_would_lose_its_checkpoint(tmp_path: Path) -> None:
    storage = local_storage(tmp_path)
    paused = [waiting(number, 0.5 + number / 100) for number in range(3)]
    for trial in paused:
        filled(storage, trial.number)

    def while_paused(number: int, drop: Callable[[], None]) -> None:
        if number != 0:
            drop()

    pruner(storage, 10, []).prune([], paused=paused, while_paused=while_paused)
    assert {int(key.split("/")[1]) for key in storage.sizes("trials/")} == {0}


def test_many_paused_trials_would_hold_up_copies_and_lease(tmp_path: Path) -> None:
    storage = local_storage(tmp_path)
    paused = [waiting(number, 0.5) for number in range(5)]
    assert not pruner(storage, 10_000, []).prune([], until=time.monotonic() - 1, paused=paused)
    assert pruner(storage, None, []).prune([], until=time.monotonic() - 1, paused=paused)
