"""Other ways to search, on a table of curves: their real decision code under a virtual clock.

Each is asked for configurations and told of epochs; `run_rival` is what trains in between. None of
them knows of published sets.
"""

from __future__ import annotations

import heapq
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from _curves import Table
from _finds import METRIC, Finds

from models.hyperparameters import Value
from tuner.engine.early_stopping import StoppingAsha
from tuner.simulation.curves import NoEpoch
from tuner.simulation.recorded import RecordedCurves
from tuner.space import Space
from tuner.study.distributions import distribution

Settings = Mapping[str, Value]


class Rival(ABC):
    """A way to search: proposes configurations and says after each epoch whether a trial goes on.

    Trials are numbered from 0; `value` is the best of a trial's stage so far.
    """

    def __init__(self, space: Space, seed: int) -> None:
        self.space, self.seed = space, seed
        self.distributions = {name: distribution(each) for name, each in space.search.items()}

    @abstractmethod
    def ask(self, number: int) -> Settings:
        """The next configuration, by what is searched."""

    @abstractmethod
    def goes_on(self, number: int, epoch: int, value: float) -> bool:
        """Take in an epoch that is not the last one."""

    def ended(  # noqa: B027 - random search has no use for it
        self, number: int, epoch: int, value: float | None, *, stopped: bool
    ) -> None:
        """A trial has ended; None without a value."""


class Random(Rival):
    """Draws at random, trains all to the end."""

    def __init__(self, space: Space, seed: int) -> None:
        import optuna

        super().__init__(space, seed)
        self._study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))

    def ask(self, number: int) -> Settings:
        return self._study.ask(self.distributions).params

    def goes_on(self, number: int, epoch: int, value: float) -> bool:
        return True


class RandomAsha(Random):
    """The same with ASHA that stops, at the usual rungs 1, 3, 9, ... from the space's grace."""

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        rungs = [space.grace_epochs * 3**nth for nth in range(9)]
        self._asha = StoppingAsha([rung for rung in rungs if rung < space.epochs], 3)

    def goes_on(self, number: int, epoch: int, value: float) -> bool:
        return self._asha.decide(number, epoch, value).action == "continue"


class BestTenth(Random):
    """Keeps what is among the best tenth of all so far after its grace, one epoch of one stage."""

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._values: list[float] = []

    def goes_on(self, number: int, epoch: int, value: float) -> bool:
        if epoch != self.space.grace_epochs:
            return True
        self._values.append(value)
        better = sum(other > value for other in self._values)
        return better < max(1, len(self._values) // 10)


class Hyperband(Rival):
    """Optuna alone: its TPE with its HyperbandPruner."""

    def __init__(self, space: Space, seed: int) -> None:
        import optuna

        super().__init__(space, seed)
        self._study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=optuna.pruners.HyperbandPruner(
                min_resource=space.grace_epochs, max_resource=space.epochs, reduction_factor=3
            ),
            study_name=f"hyperband-{seed}",  # the brackets are drawn from it
        )
        self._trials: dict[int, Any] = {}

    def ask(self, number: int) -> Settings:
        self._trials[number] = self._study.ask(self.distributions)
        return self._trials[number].params

    def goes_on(self, number: int, epoch: int, value: float) -> bool:
        self._trials[number].report(value, epoch)
        return not self._trials[number].should_prune()

    def ended(self, number: int, epoch: int, value: float | None, *, stopped: bool) -> None:
        from optuna.trial import TrialState

        trial = self._trials.pop(number)
        if value is None:
            self._study.tell(trial, state=TrialState.FAIL)
        elif stopped:
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            self._study.tell(trial, value)


class Tune(Rival):
    """Ray Tune's OptunaSearch and ASHAScheduler as they come, but for the longest training."""

    def __init__(self, space: Space, seed: int) -> None:
        from ray.tune.schedulers import ASHAScheduler
        from ray.tune.search.optuna import OptunaSearch

        super().__init__(space, seed)
        self._search = OptunaSearch(space=self.distributions, metric=METRIC, mode="max", seed=seed)
        self._asha = ASHAScheduler(
            metric=METRIC, mode="max", max_t=space.epochs, grace_period=space.grace_epochs
        )
        self._trials: dict[int, Any] = {}

    def ask(self, number: int) -> Settings:
        trial = SimpleNamespace(trial_id=f"{number:05}")
        settings = self._search.suggest(trial.trial_id)
        assert settings is not None
        self._asha.on_trial_add(None, trial)  # type: ignore[arg-type]
        self._trials[number] = trial
        return settings

    def goes_on(self, number: int, epoch: int, value: float) -> bool:
        """As Tune's controller does it: the searcher hears of each result that goes on."""
        trial, result = self._trials[number], _result(epoch, value)
        if self._asha.on_trial_result(None, trial, result) == "STOP":  # type: ignore[arg-type]
            return False
        self._search.on_trial_result(trial.trial_id, result)
        return True

    def ended(self, number: int, epoch: int, value: float | None, *, stopped: bool) -> None:
        trial = self._trials.pop(number)
        if value is None:
            self._search.on_trial_complete(trial.trial_id, error=True)
            self._asha.on_trial_remove(None, trial)  # type: ignore[arg-type]
            return
        self._search.on_trial_complete(trial.trial_id, _result(epoch, value))
        self._asha.on_trial_complete(None, trial, _result(epoch, value))  # type: ignore[arg-type]


def _result(epoch: int, value: float) -> dict[str, float]:
    return {"training_iteration": epoch, METRIC: value}


RIVALS: Mapping[str, type[Rival]] = {
    "random": Random,
    "random + ASHA": RandomAsha,
    "best tenth": BestTenth,
    "Optuna Hyperband": Hyperband,
    "Tune": Tune,
}


def run_rival(rival: Rival, table: Table, workers: int, trials: int, enough: float) -> Finds:
    """Train on a table until enough is found, or so many trials have ended."""
    return _Loop(rival, table, workers, trials, Finds(table, enough)).run()


class _Loop:
    """Workers that each train a trial an epoch at a time; the first to end is heard first."""

    def __init__(self, rival: Rival, table: Table, workers: int, trials: int, finds: Finds) -> None:
        self._rival, self._finds = rival, finds
        self._curves = RecordedCurves(table.space, table.trials)
        self._epochs = table.space.epochs
        self._common = table.about["hyperparameters"]
        self._workers, self._trials = workers, trials
        self._seeds = random.Random(rival.seed)
        self._ends: list[tuple[float, int, int]] = []
        self._rows: dict[int, Any] = {}
        self._settings: dict[int, tuple[Settings, int]] = {}
        self._values: dict[int, list[tuple[str, float]]] = {}
        self._now, self._order = 0.0, 0

    def run(self) -> Finds:
        while True:
            while len(self._ends) < self._workers and len(self._settings) < self._trials:
                self._begin(len(self._settings))
            if not self._ends:
                return self._finds
            self._now, _, number = heapq.heappop(self._ends)
            if self._hear(number):
                return self._finds

    def _begin(self, number: int) -> None:
        settings = {**self._common, **self._rival.ask(number)}
        self._settings[number] = settings, self._seeds.getrandbits(31)
        self._values[number] = []
        self._train(number)

    def _train(self, number: int) -> None:
        row = self._curves.epoch(*self._settings[number], len(self._values[number]) + 1)
        seconds = 0.0 if isinstance(row, NoEpoch) else row.seconds
        self._rows[number] = row
        heapq.heappush(self._ends, (self._now + seconds, self._order, number))
        self._order += 1

    def _hear(self, number: int) -> bool:
        row, values = self._rows.pop(number), self._values[number]
        if isinstance(row, NoEpoch):
            self._rival.ended(number, len(values), None, stopped=False)
            return False
        values.append((row.stage, row.metrics[METRIC]))
        value = max(value for stage, value in values if stage == row.stage)
        if self._finds.take(self._now, row.stage, value, self._settings[number][0]):
            return True
        if row.epoch >= self._epochs:
            self._rival.ended(number, row.epoch, value, stopped=False)
        elif self._rival.goes_on(number, row.epoch, value):
            self._train(number)
        else:
            self._rival.ended(number, row.epoch, value, stopped=True)
        return False
