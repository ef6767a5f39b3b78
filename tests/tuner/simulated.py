"""A search without Ray, torch or waiting: made-up curves, a virtual clock, one event at a time."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna

from models.hyperparameters import Value
from tuner.engine.attempt import Attempt, Report
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine, NoAttempt
from tuner.record.journal import read_lines
from tuner.record.run_folder import RunFolder
from tuner.record.trials import EpochRow, SearchListener
from tuner.space import Space

Curve = Callable[[Mapping[str, Value], int], float]


def small_space(**changes: Any) -> Space:
    """Three hyperparameters, nine epochs, twelve trials.

    Where no sampler is named it is one that learns: a record that comes to something else than it
    did would lead to other configurations.
    """
    written: dict[str, Any] = {
        "detector": "two-discriminator-gan",
        "data": {"dataset": "digits", "normal": [0]},
        "search": {
            "abc_weight": {"log": [0.1, 5]},
            "patch_n": {"int": [1, 9]},
            "generator_lr": {"log": [2e-5, 1e-3]},
        },
        "trials": 12,
        "epochs": 9,
    }
    sampler = {"name": "tpe-qmc", **changes.pop("sampler", {})}
    return Space.model_validate({**written, "sampler": sampler, **changes})


def rising(hyperparameters: Mapping[str, Value], epoch: int) -> float:
    """A curve that depends on the hyperparameters alone: best at patch_n 5 and abc_weight 1."""
    distance = abs(float(hyperparameters["patch_n"]) - 5) + abs(
        float(hyperparameters["abc_weight"]) - 1
    )
    return 0.9 - 0.02 * distance + 0.01 * epoch


def row(hyperparameters: Mapping[str, Value], epoch: int, curve: Curve = rising) -> EpochRow:
    value = curve(hyperparameters, epoch)
    metrics = {"auroc": value, "best_auroc": value, "auprc": value, "best_auprc": value}
    return EpochRow(epoch=epoch, metrics=metrics, losses={"abc": 0.5}, seconds=1.0, worker="w")


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@dataclass
class Simulation:
    """Runs an engine's attempts in an order drawn from `order_seed`."""

    space: Space
    folder: Path
    slots: int = 1
    order_seed: int = 0
    curve: Curve = rising
    listeners: tuple[SearchListener, ...] = ()
    time_budget_s: float | None = None
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.engine = self.open()
        self._order = random.Random(self.order_seed)
        self._attempts = 0
        self.running: dict[str, Attempt] = {}

    def open(self) -> Engine:
        engine = Engine(
            self.space,
            RunFolder(self.folder),
            scheduler=make_scheduler(self.space),
            slots=self.slots,
            time_budget_s=self.time_budget_s,
            clock=self.clock,
        )
        engine.listeners.all = self.listeners
        return engine

    def fill(self) -> bool:
        """Take attempts as Tune does, until there is none; whether the search is over."""
        while True:
            self._attempts += 1
            attempt = self.engine.next_attempt(f"attempt-{self._attempts}")
            if isinstance(attempt, NoAttempt):
                return attempt is NoAttempt.FINISHED
            self.running[f"attempt-{self._attempts}"] = attempt

    def step(self) -> None:
        """One epoch of one running attempt."""
        attempt_id = self._order.choice(sorted(self.running))
        attempt = self.running[attempt_id]
        epoch = self.engine.history.trials[attempt.number].epochs + 1
        report = Report(outcome="epoch", row=row(attempt.hyperparameters, epoch, self.curve))
        if self.engine.report(attempt_id, report).action != "continue":
            self.let_go(attempt_id)

    def let_go(self, attempt_id: str) -> None:
        del self.running[attempt_id]
        self.engine.attempt_over(attempt_id)

    def run(self) -> Engine:
        while not self.fill():
            self.step()
        return self.engine


def recorded_events(folder: Path, *kinds: str) -> list[Mapping[str, Any]]:
    """The events of these kinds in the journal of a run's folder."""
    return [event for event in read_lines(folder / "events.jsonl") if event["event"] in kinds]


def disk_trials(folder: Path) -> list[optuna.trial.FrozenTrial]:
    """The trials in the study of a run's folder, as Optuna reads them."""
    storage = f"sqlite:///{folder / 'study.db'}"
    return optuna.load_study(study_name=None, storage=storage).get_trials()
