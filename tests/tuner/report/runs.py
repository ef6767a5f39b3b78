"""Runs to be reported on: a finished search, one interrupted with faults, one retrained."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.hyperparameters import Value
from tests.tuner.retrain.own_pictures import good_alone, space_of
from tests.tuner.simulated import Simulation, small_space
from tuner.engine.attempt import Report
from tuner.record.run_folder import RunFolder
from tuner.record.trials import EpochRow
from tuner.retrain import final_test, jobs
from tuner.retrain.flow import retrain
from tuner.retrain.plan import Setting
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate
from tuner.space import Space, dump_space

BEST = {"abc_weight": 1.0, "patch_n": 5.0, "generator_lr": 3e-4}


def finished(folder: Path, *_: object) -> RunFolder:
    """A search that has stopped trials early, on curves whose best settings are known."""
    simulate(small_space(trials=40, wandb="off"), folder, Formula(best=BEST), workers=4)
    return RunFolder(folder)


def interrupted(folder: Path, *_: object) -> RunFolder:
    """A killed search and another driver, with a lost worker, an error, a hang and pauses."""
    space = small_space(trials=30, scheduler={"type": "promote"})
    first = Simulation(space, folder, slots=3)
    for _ in range(12):
        first.fill()
        first.step()
    first.fill()
    first.let_go(sorted(first.running)[0])  # its worker is gone
    first.clock.now += 7000
    second = Simulation(space, folder, slots=3, clock=first.clock)
    second.fill()
    failing = sorted(second.running)[0]
    second.engine.report(failing, Report(outcome="error", reason="ValueError: <b>no</b> </script>"))
    second.let_go(failing)
    second.fill()
    second.engine.report(
        sorted(second.running)[0], Report(outcome="diverged", reason="diverged: loss is NaN")
    )
    second.let_go(sorted(second.running)[0])
    for _ in range(40):
        second.fill()
        second.step()
    dump_space(space, RunFolder(folder).space)
    return RunFolder(folder)


class _Rising(Formula):
    """Rows without losses, as PCA has none."""

    def epoch(self, hyperparameters: Mapping[str, Value], seed: int, epoch: int) -> EpochRow:
        return replace(super().epoch(hyperparameters, seed, epoch), worker="host/1")


def retrained(folder: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A search on good images alone, and its retrain: all figures are on synthetic anomalies."""

    def here(setting: Setting, say: Any, *more: Any) -> list[Any]:
        return jobs._train_here(jobs._jobs(setting.plan, fused=False), setting, say, more[-1])

    monkeypatch.setattr(jobs, "_train_on_ray", here)
    monkeypatch.setattr(final_test, "_draw", lambda tested, folder: None)
    written = space_of(good_alone(folder.parent / "parts"), validation="synthetic").model_dump()
    searched = {"fixed": {}, "search": {"components": {"int": [2, 12]}}, "trials": 14}
    space = Space.model_validate(written | searched)
    simulate(space, folder, _Rising(best={"components": 6.0}), workers=2)
    retrain(folder, seeds=2, epochs=1, say=lambda text: None)
    return RunFolder(folder)


MAKERS: Mapping[str, Callable[[Path, pytest.MonkeyPatch], RunFolder]] = {
    "finished": finished,
    "interrupted": interrupted,
    "retrained": retrained,
}
