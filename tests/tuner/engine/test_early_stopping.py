"""The rungs: the stop type against Ray Tune's own class, the promote type against the paper."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from tests.tuner.simulated import small_space
from tuner.engine.early_stopping import (
    EarlyStopping,
    NoStopping,
    PromotingAsha,
    StoppingAsha,
    catch_up,
    make_scheduler,
    rungs_of,
)
from tuner.record.events import EpochReported
from tuner.record.trials import Decision, EpochRow


class Tunes:
    """Ray Tune's ASHA, asked by trial numbers."""

    def __init__(self, grace_epochs: int, reduction_factor: int, epochs: int) -> None:
        self._scheduler = AsyncHyperBandScheduler(
            time_attr="epoch",
            metric="value",
            mode="max",
            max_t=epochs,
            grace_period=grace_epochs,
            reduction_factor=reduction_factor,
        )
        self._known: dict[int, Any] = {}

    def goes_on(self, number: int, epoch: int, value: float) -> bool:
        if number not in self._known:
            self._known[number] = SimpleNamespace(trial_id=number)
            self._scheduler.on_trial_add(None, self._known[number])
        result = {"epoch": epoch, "value": value}
        said = self._scheduler.on_trial_result(None, self._known[number], result)
        return bool(said == TrialScheduler.CONTINUE)


def rungs(grace_epochs: int, reduction_factor: int, epochs: int) -> tuple[int, ...]:
    scheduler = {"grace_epochs": grace_epochs, "reduction_factor": reduction_factor}
    return rungs_of(small_space(epochs=epochs, scheduler=scheduler))


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, 10))]
)
def test_a_decision_would_not_be_tunes(part: int) -> None:
    """10,000 searches of trials in any order of their epochs; many values are equal."""
    for seed in range(1000 * part, 1000 * (part + 1)):
        generator = random.Random(seed)
        grace, factor = generator.randint(1, 4), generator.randint(2, 5)
        epochs = generator.randint(grace, 40)
        ours, tunes = (
            StoppingAsha(rungs(grace, factor, epochs), factor),
            Tunes(grace, factor, epochs),
        )
        running = dict.fromkeys(range(generator.randint(1, 6)), 0)
        started = len(running)
        for _ in range(generator.randint(2, 20)):
            number = generator.choice(list(running))
            running[number] += 1
            value = round(generator.random(), generator.choice([1, 2, 12]))
            decision = ours.decide(number, running[number], value)
            last = running[number] == epochs
            expected = tunes.goes_on(number, running[number], value)
            if not last:
                assert (decision.action == "continue") == expected, (seed, number, running)
            if last or not expected:
                del running[number]
                running[started] = 0
                started += 1


def test_a_rung_would_be_left_out_or_be_the_end() -> None:
    assert rungs(1, 3, 50) == (1, 3, 9, 27)
    assert rungs(2, 4, 8) == (2,)
    assert rungs_of(small_space(scheduler={"name": "none"})) == ()
    assert isinstance(make_scheduler(small_space(scheduler={"name": "none"})), NoStopping)
    assert isinstance(make_scheduler(small_space()), StoppingAsha)
    assert isinstance(make_scheduler(small_space(scheduler={"type": "promote"})), PromotingAsha)


class Papers:
    """Algorithm 2 of Li et al., MLSys 2020, by the letter, with all of its sorting."""

    def __init__(self, rungs: tuple[int, ...], factor: int) -> None:
        self.rungs, self.factor = rungs, factor
        self.values: dict[int, dict[int, float]] = {rung: {} for rung in rungs}

    def top(self, rung: int) -> list[int]:
        of = self.values[rung]
        return sorted(of, key=lambda each: (-of[each], each))[: len(of) // self.factor]

    def promotable(self, paused: dict[int, int]) -> int | None:
        """`get_job`: from the highest rung down, the best that has not been promoted."""
        for rung in reversed(self.rungs):
            candidates = [number for number in self.top(rung) if paused.get(number) == rung]
            if candidates:
                return candidates[0]
        return None


@pytest.mark.parametrize("seed", range(40))
def test_another_trial_than_the_papers_would_be_promoted(seed: int) -> None:
    generator = random.Random(seed)
    levels, factor = (1, 3, 9), generator.randint(2, 4)
    ours: EarlyStopping = PromotingAsha(levels, factor)
    paper = Papers(levels, factor)
    paused: dict[int, int] = {}
    running: dict[int, int] = {}
    started = promotions = 0
    for _ in range(1000):
        if len(running) < 3:
            promotion = ours.promotion(paused)
            expected = paper.promotable(paused)
            assert (promotion and promotion.number) == expected
            if promotion is not None:
                assert promotion.rung == paused[promotion.number]
                assert promotion.of == len(paper.values[promotion.rung])
                assert promotion.rank <= promotion.of // factor
                running[promotion.number] = paused.pop(promotion.number)
                promotions += 1
            else:
                running[started] = 0
                started += 1
        number = generator.choice(list(running))
        running[number] += 1
        epoch, value = running[number], round(generator.random(), 2)
        decision = ours.decide(number, epoch, value)
        if epoch in levels:
            paper.values[epoch][number] = value
            goes_on = number in paper.top(epoch)
            assert decision.action == ("continue" if goes_on else "pause")
            assert decision.of == len(paper.values[epoch])
            if not goes_on:
                paused[number] = running.pop(number)
        else:
            assert (decision.action, decision.rung) == ("continue", None)
        if running.get(number) == 12:
            del running[number]
    assert promotions > 10


def test_equal_trials_would_have_different_ranks() -> None:
    for kind in (StoppingAsha, PromotingAsha):
        scheduler = kind((1,), 3)
        ranks = [scheduler.decide(number, 1, 0.5).rank for number in range(3)]
        assert ranks == [1, 1, 1]
        assert scheduler.decide(3, 1, 0.9).rank == 1
        assert scheduler.decide(4, 1, 0.5).rank == 2


def test_the_best_of_few_that_wait_would_never_go_on() -> None:
    scheduler = PromotingAsha((1, 3), 3)
    for number, value in enumerate((0.5, 0.7)):
        assert scheduler.decide(number, 1, value).action == "pause"
    assert scheduler.promotion({0, 1}) is None
    nearest = scheduler.nearest({0, 1})
    assert nearest is not None
    assert (nearest.number, nearest.rung, nearest.rank, nearest.of) == (1, 1, 1, 2)
    assert scheduler.nearest(set()) is None


def test_a_resumed_scheduler_would_compare_another_figure() -> None:
    """What counts was 0.9, 0.8 and 0.7, whatever the epoch itself had."""
    past = [
        EpochReported(
            time=float(number),
            trial=number,
            row=EpochRow(
                epoch=3,
                metrics={"auroc": 0.2, "best_auroc": best},
                losses={},
                seconds=1,
                worker="a",
            ),
            decision=Decision(action="continue"),
        )
        for number, best in enumerate((0.9, 0.8, 0.7))
    ]
    scheduler = StoppingAsha((3,), 2)
    catch_up(scheduler, past, "best_auroc")
    decision = scheduler.decide(3, 3, 0.75)
    assert (decision.action, decision.rank, decision.of) == ("stop", 3, 4)
