"""A choice whose trainings are scripted: values and seconds are planted, nothing is trained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.tuner.fake_trials import row
from tests.tuner.retrain.conftest import plan_of
from tests.tuner.simulated import small_space
from tuner.record.trials import EpochRow
from tuner.retrain.choosing import trainings
from tuner.retrain.choosing.candidates import Candidate
from tuner.retrain.choosing.choose import Choice
from tuner.retrain.choosing.kept import Keeper
from tuner.retrain.choosing.rounds import Rule
from tuner.retrain.plan import Job, Setting
from tuner.retrain.training import Trained
from tuner.simulation.curves import Formula


class WithoutLosses(Formula):
    """The epochs of a simulated search, on one machine."""

    def epoch(self, hyperparameters: Any, seed: int, epoch: int) -> EpochRow:
        return replace(super().epoch(hyperparameters, seed, epoch), worker="host/1")


@dataclass
class Training:
    """Stands for `train_all`: `means` by candidate, a training's luck by its seed.

    Seconds are by candidate, or by its stages. What comes to `nothing`, or diverges `early`, before
    the last stage, is by candidate and number.
    """

    means: dict[str, float]
    seconds: dict[str, float] = field(default_factory=dict)
    nothing: Sequence[tuple[str, int]] = ()
    early: Sequence[tuple[str, int]] = ()
    backwards: bool = False
    stop_after: int | None = None
    trained: list[tuple[str, int, int]] = field(default_factory=list)

    def __call__(self, setting: Setting, *_: object, done: Any, **__: object) -> None:
        plan = setting.plan
        jobs = [
            Job(contender=contender, numbers=(number,))
            for contender in plan.contenders
            for number in plan.numbers_of(contender)
        ]
        for job in reversed(jobs) if self.backwards else jobs:
            if self.stop_after is not None and len(self.trained) >= self.stop_after:
                raise KeyboardInterrupt
            key, (number,) = job.contender.key, job.numbers
            seed = plan.seed_of(job.contender, number)
            self.trained.append((key, number, seed))
            if (key, number) in self.nothing:
                done(job, _nothing(setting.folder(job.contender, number), key, number))
            else:
                done(job, self._training(setting.folder(job.contender, number), key, number, seed))

    def _training(self, folder: Path, key: str, number: int, seed: int) -> Trained:
        folder.mkdir(parents=True)
        for name in ("model.safetensors", "config.json"):
            (folder / name).write_text(f"{key} {number}")
        luck = float(np.random.default_rng(seed).normal(0, 0.01))
        rows = [self._row(key, epoch, self.means[key] + luck) for epoch in (1, 2)]
        if (key, number) in self.early:
            rows = [replace(each, stage="a first one") for each in rows]
        return Trained(
            contender=key,
            number=number,
            folder=folder,
            kept_epoch=2,
            diverged_epoch=None,
            why="",
            rows=tuple(rows),
        )

    def _row(self, key: str, epoch: int, value: float) -> EpochRow:
        return replace(row(epoch, value), seconds=self.seconds.get(key, 1.0))


def _nothing(folder: Path, key: str, number: int) -> Trained:
    return Trained(
        contender=key,
        number=number,
        folder=folder,
        kept_epoch=0,
        diverged_epoch=1,
        why="its loss is not finite",
        rows=(),
    )


def candidates(numbers: Sequence[int]) -> list[Candidate]:
    best = plan_of(Path("nowhere")).best
    return [
        Candidate(
            trial=number,
            searched=0.99,
            space=small_space(),
            contender=replace(best, key=f"trial-{number}", label=f"trial {number}"),
        )
        for number in numbers
    ]


def make_choice(
    folder: Path,
    training: Training,
    monkeypatch: Any,
    say: Callable[[str], None] = print,
    most: int = 0,
) -> Choice:
    """Among as many as have means, from 3 seeds each up to `most`, which is 5 for each."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr(trainings, "train_all", training)
    monkeypatch.setattr(trainings, "room_here", lambda: 1)
    among = candidates([int(key.removeprefix("trial-")) for key in training.means])
    plan = replace(plan_of(folder), contenders=tuple(each.contender for each in among))
    setting = Setting(plan=plan, source=None, split_file=folder, work=folder / "work")  # type: ignore[arg-type]
    keeper = Keeper(folder=plan.run_folder.candidate_trainings, digest="of these images")
    return Choice(
        plan=plan,
        candidates=among,
        rule=Rule(level=0.95, first=3, most=most or 5 * len(among)),
        trainings=trainings.Trainings(setting=setting, keeper=keeper, say=say),
        say=say,
    )
