"""The step on static buffers, recorded or not, is the plain step."""

import gc
import logging
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from models.data.images import TrainingData
from models.lanes import step as lane_step
from models.lanes import step_graph
from models.lanes.draws import EpochDraws
from models.lanes.group import GroupEpoch, LaneGroup
from models.lanes.lane import EpochResult, Lane
from models.lanes.step import Step
from models.lanes.step_graph import GraphPool, Work, captured, warm_up
from models.pixels import scaled
from models.trainer import Trainer
from tests.models.conftest import needs_gpu, on_every_device

MakeTrainer = Callable[..., Trainer]
UNEQUAL: tuple[dict[str, Any], ...] = ({}, {"patch_n": 1, "generator_lr": 4e-4}, {"beta1": 0.9})


def _equal(one: LaneGroup, other: LaneGroup) -> bool:
    pairs = zip(one.state.tensors(), other.state.tensors(), strict=True)
    return all(torch.equal(mine, theirs) for mine, theirs in pairs)


def _draws(group: LaneGroup, orders: Tensor) -> EpochDraws:
    draws = group._plan.stages[0].draws
    return EpochDraws(draws, 0, [0] * len(group), orders.shape[2], orders.device)


def _epoch(group: LaneGroup, orders: Tensor) -> dict[str, Tensor]:
    return group.steps[0].epoch(orders, _draws(group, orders), [0.0] * len(group))


def test_static_buffers_give_the_plain_steps_numbers(make_trainer: MakeTrainer) -> None:
    static, plain = make_trainer(*UNEQUAL).whole(), make_trainer(*UNEQUAL).whole()
    orders = static.fit.orders([0, 4, 2])
    means = _epoch(static, orders)
    draws = _draws(plain, orders)
    sums: dict[str, Tensor] = {}
    for rows in orders:
        terms = plain.steps[0].run(scaled(plain.fit.images[rows]), draws.next())
        for name, term in terms.items():
            sums[name] = sums.get(name, torch.zeros_like(term)) + term
    assert _equal(static, plain)
    for name, total in sums.items():
        assert torch.equal(means[name], total / len(orders)), name


def test_warming_up_for_a_recording_leaves_no_trace(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm, cold = make_trainer(*UNEQUAL).whole(), make_trainer(*UNEQUAL).whole()

    def capture(work: Work, state: Sequence[Tensor], *_: object) -> Work:
        warm_up(work, state)
        return work

    orders = warm.fit.orders([0, 1, 2])
    monkeypatch.setattr(lane_step, "captured", capture)
    monkeypatch.setattr(warm.state, "device", SimpleNamespace(type="cuda"))  # so that it records
    for _ in range(2):
        theirs, ours = _epoch(cold, orders), _epoch(warm, orders)
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert _equal(warm, cold)


def test_a_replaced_lane_needs_no_new_recording(make_trainer: MakeTrainer) -> None:
    """All that a recorded step reads or writes keeps its place in memory."""
    trainer = make_trainer(*UNEQUAL)
    trainer.epoch()
    group = trainer.whole()

    def addresses() -> list[int]:
        step = group.steps[0]
        tensors = [*group.state.tensors(), *group.state.settings.values(), step._rows]
        return [tensor.data_ptr() for tensor in [*tensors, *step._sums.values()]]

    before, state = addresses(), trainer.state(2)
    first = trainer.lanes[0]
    assert first is not None
    trainer.replace(1, Lane(hyperparameters={**first.hyperparameters, "beta1": 0.1}, seed=9))
    trainer.load_state(0, state)
    trainer.epoch(active=[0, 1])
    trainer.release(1)
    trainer.epoch()
    assert addresses() == before


def test_what_cannot_be_recorded_runs_as_it_is() -> None:
    def work() -> None:
        raise AssertionError("nothing runs before it is asked for")

    assert captured(work, [], torch.device("cpu"), GraphPool()) is None


def test_it_is_said_once_that_a_step_is_slower(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            step_graph._say_that_it_is_slower("operation not permitted")
    assert [record.args for record in caplog.records] == [("operation not permitted",)]


@on_every_device
@pytest.mark.parametrize("limit", [1, 2])
def test_lanes_without_room_train_in_groups_and_lose_nothing(
    make_trainer: MakeTrainer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    limit: int,
    device: str,
) -> None:
    """Memory runs out in the second epoch, after two steps, when more than `limit` lanes train."""
    lanes = (*UNEQUAL, {"patch_weight": 4.0})
    crowded, roomy = make_trainer(*lanes), make_trainer(*lanes)
    first, expected = crowded.epoch(), [roomy.epoch(), roomy.epoch(), roomy.epoch()]
    epoch = Step.epoch

    def short_of_memory(
        self: Step, orders: Tensor, draws: EpochDraws, done: Sequence[float]
    ) -> dict[str, Tensor]:
        if orders.shape[1] <= limit:
            return epoch(self, orders, draws, done)
        epoch(self, orders[:2], draws, done)
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(Step, "epoch", short_of_memory)
    with caplog.at_level(logging.WARNING):
        second, third = crowded.epoch(), crowded.epoch(active=[0, 3])
    assert [len(group) for group in crowded._groups] == [limit] * (4 // limit)
    said = [record.getMessage() for record in caplog.records]
    text = f"no memory for 4 lanes in one step on {device}: they train as two groups in turn"
    assert said[0] == text
    assert len(said) == 4 // limit - 1
    assert set(third) == {0, 3}
    for lane in range(4):
        assert first[lane].losses == expected[0][lane].losses
        assert second[lane].losses == pytest.approx(expected[1][lane].losses, rel=1e-3)
        assert second[lane].epoch == 2
    crowded.replace(3, crowded.lanes[0])  # type: ignore[arg-type]
    assert crowded.epoch()[3].epoch == 1


def test_halves_would_train_beside_the_group_that_had_no_room(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowded = make_trainer(*UNEQUAL)
    crowded.epoch()
    whole, run = weakref.ref(crowded.whole()), Step.run
    beside: list[LaneGroup | None] = []

    def short_of_memory(self: Step, images: Tensor, *more: Any) -> Any:
        if len(images) == len(UNEQUAL):
            circle = RuntimeError("CUDA out of memory")
            raise circle  # which its own traceback holds
        beside.append(whole())
        return run(self, images, *more)

    monkeypatch.setattr(Step, "run", short_of_memory)
    assert set(crowded.epoch()) == {0, 1, 2}
    assert beside and set(beside) == {None}


def test_halves_would_be_made_where_the_failed_step_still_takes_the_memory(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowded, happened = make_trainer({}, {}), []
    (step,), part = crowded.whole().steps, LaneGroup.part
    forget = step.forget

    def forgetting() -> None:
        happened.append("forgotten")
        forget()

    monkeypatch.setattr(step, "forget", forgetting)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: happened.append("emptied"))

    def parted(self: LaneGroup, places: Sequence[int]) -> LaneGroup:
        happened.append("parted")
        return part(self, places)

    monkeypatch.setattr(LaneGroup, "part", parted)
    crowded._halve(0)
    assert happened == ["forgotten", "emptied", "parted", "parted", "emptied"]


def test_a_trainer_would_live_on_until_the_next_collection_of_garbage(
    make_trainer: MakeTrainer,
) -> None:
    trainer = make_trainer()
    trainer.epoch()
    step = weakref.ref(trainer.whole().steps[0])
    gc.collect()
    gc.disable()
    try:
        del trainer
        assert step() is None
    finally:
        gc.enable()


def test_lanes_of_two_groups_are_as_fast_as_the_whole_epoch(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer({}, {})
    trainer._halve(0)
    epoch = LaneGroup.epoch
    taken = iter((1.0, 3.0))

    def timed(self: LaneGroup, *arguments: Any) -> GroupEpoch:
        return replace(epoch(self, *arguments), train_seconds=next(taken))

    monkeypatch.setattr(LaneGroup, "epoch", timed)
    results = trainer.epoch()
    images = results[0].images_per_second * 4.0
    assert images == results[1].images_per_second * 4.0 == trainer.whole().fit.per_epoch


def test_one_lane_without_room_fails(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short_of_memory(*arguments: Any) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(Step, "run", short_of_memory)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        make_trainer({}, {}).epoch()


@needs_gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_recorded_step_gives_the_eager_steps_numbers(
    digits: TrainingData,
    make_trainer: MakeTrainer,
    monkeypatch: pytest.MonkeyPatch,
    precision: Any,
) -> None:
    lanes = make_trainer(*UNEQUAL).lanes

    def curves(recorded: bool) -> list[tuple[dict[str, float], dict[str, float]]]:
        trainer = Trainer(
            "two-discriminator-gan", digits, lanes, device="cuda", precision=precision
        )
        results: list[EpochResult] = []
        for active in ([0, 1, 2], [0, 2], [0, 1, 2]):
            results += trainer.epoch(active).values()
        trainer.replace(1, lanes[0])  # type: ignore[arg-type]
        results += trainer.epoch().values()
        (step,) = trainer.whole().steps
        replays = [getattr(work, "__name__", "") == "replay" for work in step._recorded.values()]
        assert replays == [recorded]
        return [(result.losses, result.metrics) for result in results]

    recorded = curves(recorded=True)
    monkeypatch.setattr(lane_step, "captured", lambda *_: None)
    assert curves(recorded=False) == recorded
