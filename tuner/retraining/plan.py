"""What a retrain trains, and on what: settled before anything starts. Imports no torch."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models import detectors
from models.data.config import DataConfig
from models.data.sources import Source
from models.hyperparameters import Value
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.record.trials import metric_of
from tuner.resume import recorded_space
from tuner.seeds import derive
from tuner.space import Space

BEST, DEFAULTS, AUTOENCODER = "best", "defaults", "autoencoder"
BASELINES = (AUTOENCODER, "random")


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One configuration of the report: what the search found, or what it is held against."""

    key: str
    label: str
    detector: str
    hyperparameters: Mapping[str, Value]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every contender is trained once with each seed; the first contender is the search's best.

    A training keeps its epoch of highest validation `metric`. All trainings see the images of an
    epoch in the same order, drawn from `data_seed`, as lanes of one step must.
    """

    run_folder: RunFolder
    data: DataConfig
    contenders: tuple[Contender, ...]
    seeds: tuple[int, ...]
    epochs: int
    objective: str
    search_seed: int

    @property
    def metric(self) -> str:
        """The validation figure by which epochs and the model's seed are chosen."""
        return metric_of(self.objective)

    @property
    def best(self) -> Contender:
        """What the search found."""
        return self.contenders[0]

    @property
    def data_seed(self) -> int:
        """Of the order of images: another than the search's."""
        return derive(self.search_seed, "retrain data", 0)

    def configuration(self) -> dict[str, Any]:
        """What a report depends on, as metrics.json holds it: where the files lie is no part."""
        data = dataclasses.asdict(self.data)
        del data["folder"]
        contenders = {
            each.key: {"detector": each.detector, "hyperparameters": dict(each.hyperparameters)}
            for each in self.contenders
        }
        configuration: dict[str, Any] = json.loads(
            json.dumps(
                {
                    "data": data | {"normal": self.data.normal_classes},
                    "metric": self.metric,
                    "objective": self.objective,
                    "epochs": self.epochs,
                    "seeds": self.seeds,
                    "data_seed": self.data_seed,
                    "contenders": contenders,
                }
            )
        )
        return configuration


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What every training process needs beside its job; `work` is emptied when all is done."""

    plan: Plan
    source: Source
    split_file: Path
    work: Path

    def folder(self, contender: Contender, number: int) -> Path:
        """Where the training with the seed of this number, from 0, leaves its detector."""
        return self.work / f"{contender.key}-{number}"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One contender with some of the plan's seeds, by number from 0: one on CPU, all on a GPU."""

    contender: Contender
    numbers: tuple[int, ...]


def make_plan(
    run_folder: RunFolder,
    space: Space,
    *,
    seeds: int,
    epochs: int | None,
    baselines: bool,
    published: bool,
) -> Plan:
    """Settle what is trained; raises TunerError where the space leaves something to search."""
    if space.search:
        raise TunerError(
            f"a retrain needs one value for each hyperparameter, and {', '.join(space.search)} "
            "under `search` can have many; give the best.yaml that a search has written"
        )
    best = dict(detectors.resolve(space.detector, space.fixed))
    others = _baselines(space.detector, best) if baselines else ()
    defaults = (_defaults(run_folder, space.detector, best),) if published else ()
    label = f"{space.detector}, best found" if space.detector in BASELINES else space.detector
    contender = Contender(key=BEST, label=label, detector=space.detector, hyperparameters=best)
    return Plan(
        run_folder=run_folder,
        data=space.data,
        contenders=(contender, *defaults, *others),
        seeds=tuple(derive(space.sampler.seed, "retrain", number) for number in range(seeds)),
        epochs=epochs or space.epochs,
        objective=space.objective,
        search_seed=space.sampler.seed,
    )


def _baselines(detector: str, best: Mapping[str, Value]) -> tuple[Contender, ...]:
    """The baselines at their own defaults, as wide as the best configuration."""
    made = []
    for name in BASELINES:
        known = {hyperparameter.name for hyperparameter in detectors.hyperparameters(name)}
        shared = {key: best[key] for key in ("width",) if key in best and key in known}
        label = f"{name}, defaults" if name == detector else name
        resolved = detectors.resolve(name, shared)
        made.append(Contender(key=name, label=label, detector=name, hyperparameters=resolved))
    return tuple(made)


def _defaults(run_folder: RunFolder, detector: str, best: Mapping[str, Value]) -> Contender:
    """The first published set as the search tried it, in the structure of the best."""
    structure = detectors.structure(detector, best)
    recorded = recorded_space(run_folder)
    held = recorded.fixed if recorded is not None and recorded.detector == detector else {}
    name, values = next(iter(detectors.published(detector).items()), ("defaults", {}))
    return Contender(
        key=DEFAULTS,
        label="published defaults" if name != "defaults" else "defaults",
        detector=detector,
        hyperparameters=detectors.resolve(detector, {**structure, **held, **values}),
    )
