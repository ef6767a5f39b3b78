"""The contract of early stopping."""

import random
from abc import ABC, abstractmethod

from tuner.engine.early_stopping import EarlyStopping
from tuner.record.trials import Decision

_EPOCHS, _STEPS, _SLOTS = 12, 300, 4
Told = tuple[int, int, float]


class SchedulerContract(ABC):
    """`make` gives a scheduler that has seen nothing; trials have 12 epochs."""

    @abstractmethod
    def make(self) -> EarlyStopping:
        """A fresh one; two are equal until they are shown something."""

    def test_the_same_values_would_be_decided_otherwise(self) -> None:
        """A resume shows a fresh scheduler the record, and goes on where the last one stood."""
        told, decided, promoted = self._searched(seed=1)
        again = self.make()
        assert [again.decide(*each) for each in told] == decided
        assert self._searched(seed=1)[2] == promoted

    def test_a_decision_would_depend_on_what_comes_later(self) -> None:
        """Or on the order of trials that it has not seen."""
        told, decided, _ = self._searched(seed=2)
        half = len(told) // 2
        again = self.make()
        assert [again.decide(*each) for each in told[:half]] == decided[:half]

    def test_a_trial_that_does_not_wait_would_be_promoted(self) -> None:
        """It is under way, or has ended."""
        assert self.make().promotion(()) is None
        for seed in range(5):
            self._searched(seed)  # which asserts it at every step

    def test_a_decision_would_not_say_what_it_is_by(self) -> None:
        """The console and the report show rung, rank and number; the record keeps the reason."""
        for (_, epoch, _), decision in zip(*self._searched(seed=3)[:2], strict=True):
            if decision.action != "continue":
                assert decision.reason, f"{decision} has no reason"
                assert decision.rung == epoch
            if decision.rung is not None:
                assert decision.rank is not None and decision.of is not None
                assert 1 <= decision.rank <= decision.of

    def test_the_best_trial_would_be_stopped(self) -> None:
        """One that is better than all others at every epoch goes on, or can."""
        scheduler, paused = self.make(), set[int]()
        for number in range(30):
            for epoch in range(1, _EPOCHS):
                decision = scheduler.decide(number, epoch, number + epoch / 100)
                assert decision.action != "stop", f"trial {number}, the best by far: {decision}"
                if decision.action == "pause":
                    paused.add(number)
                    break
        while (promotion := scheduler.promotion(paused)) is not None:
            paused.remove(promotion.number)
        assert len(paused) < 30

    def _searched(self, seed: int) -> tuple[list[Told], list[Decision], list[int]]:
        """A search of random trials: what was told and decided, and who was promoted."""
        generator, scheduler = random.Random(seed), self.make()
        told, decided, promoted = list[Told](), list[Decision](), list[int]()
        running, paused, started = dict[int, int](), dict[int, int](), 0
        for _ in range(_STEPS):
            if len(running) < _SLOTS:
                promotion = scheduler.promotion(paused)
                if promotion is None:
                    running[started] = 0
                    started += 1
                else:
                    assert promotion.number in paused, f"{promotion} does not wait"
                    running[promotion.number] = paused.pop(promotion.number)
                    promoted.append(promotion.number)
            number = generator.choice(sorted(running))
            running[number] += 1
            told.append((number, running[number], round(generator.random(), 2)))
            decided.append(scheduler.decide(*told[-1]))
            if decided[-1].action == "pause":
                paused[number] = running.pop(number)
            elif decided[-1].action == "stop" or running[number] == _EPOCHS:
                del running[number]
        return told, decided, promoted
