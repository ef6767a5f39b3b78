"""What a retrain trains, and on what: settled before anything starts. Imports no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models import detectors
from models.data.config import DataConfig
from models.data.sources import Source
from models.evaluation.criteria_names import CRITERIA
from models.stages import epochs_problem
from tuner.errors import TunerError
from tuner.figures.metrics import DEFAULTS
from tuner.figures.task import data_configuration, without_place
from tuner.objectives import metric_of
from tuner.record.run_folder import RunFolder
from tuner.retrain.contenders import (
    Baselines,
    Contender,
    baselines_for,
    best_contender,
    best_tried,
    claimed_gain,
    published_contender,
)
from tuner.retrain.run_check import Searched, searched_in
from tuner.seeds import derive
from tuner.space import Space


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
    left_out: tuple[str, ...] = ()
    """A line about each contender that is not trained, and why."""
    unasked: tuple[str, ...] = ()
    """Keys of contenders that nobody asked for: a report of earlier need not have them."""
    claimed_gain: float | None = None
    """The AUROC on validation by which the search saw the best ahead of the published set."""
    unrecorded: str = ""
    """Which search the configuration comes from, in words, where its record is not here."""
    numbers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By key of a contender that is not trained with every seed: the numbers of those, from 0."""
    own_seeds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By key of a contender that is trained with other seeds than the plan's: its own."""
    ensemble: int = 0
    """So many trainings at most become an ensemble where validation says so; 0 for none."""
    chosen_among: Mapping[str, Any] | None = None
    """What was known of the candidates that the best was chosen among, as metrics.json has it."""

    @property
    def metric(self) -> str:
        """The validation figure by which epochs and the model's seed are chosen."""
        return metric_of(self.objective)

    @property
    def best(self) -> Contender:
        """What the search found."""
        return self.contenders[0]

    def numbers_of(self, contender: Contender) -> tuple[int, ...]:
        """Of the seeds that it is trained with: all, unless it is said."""
        return self.numbers.get(contender.key, tuple(range(len(self.seeds))))

    def seed_of(self, contender: Contender, number: int) -> int:
        """The seed of a training by its number, from 0."""
        return self.own_seeds.get(contender.key, self.seeds)[number]

    def seed_text(self, contender: Contender, number: int) -> str:
        """A training as it is named: `trial 4 seed 2/3`."""
        of = len(self.own_seeds.get(contender.key, self.seeds))
        return f"{contender.label} seed {number + 1}/{of}"

    @property
    def data_seed(self) -> int:
        """Of the order of images: another than the search's."""
        return derive(self.search_seed, "retrain data", 0)

    def configuration(self) -> dict[str, Any]:
        """What a report depends on, as metrics.json holds it: where the files lie is no part.

        Which files they are is told by the digest of the split, which the report holds too.
        """
        contenders = {
            each.key: {"detector": each.detector, "hyperparameters": dict(each.hyperparameters)}
            for each in self.contenders
        }
        configuration: dict[str, Any] = json.loads(
            json.dumps(
                {
                    "data": data_configuration(self.data),
                    "metric": self.metric,
                    "objective": self.objective,
                    "epochs": self.epochs,
                    "seeds": self.seeds,
                    "data_seed": self.data_seed,
                    "contenders": contenders,
                    **({"seeds_of_others": self._seeds_of_others} if self.numbers else {}),
                    **({"ensemble": self.ensemble} if self.ensemble else {}),
                }
            )
        )
        return configuration

    @property
    def _seeds_of_others(self) -> list[int]:
        """How many seeds each contender but the best has, in their order."""
        return [len(self.numbers_of(each)) for each in self.contenders[1:]]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What every training needs beside its job; `work` is emptied when all is done."""

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


def make_plan(  # noqa: PLR0913
    run_folder: RunFolder,
    space: Space,
    *,
    seeds: int,
    epochs: int | None,
    baselines: bool,
    published: bool | None,
    record: RunFolder | None = None,
    ensemble: int = 0,
) -> Plan:
    """Settle what is trained; raises TunerError where the space leaves something to search.

    `published` None adds the better published set where the search has tried one to its end, as
    long as there are other contenders too. `record` is the run whose record tells, if not this one.
    """
    if space.search:
        raise TunerError(
            f"a retrain needs one value for each hyperparameter, and {', '.join(space.search)} "
            "under `search` can have many; give the best.yaml that a search has written"
        )
    if problem := epochs_problem(detectors.stages(space.detector), epochs or space.epochs):
        raise TunerError(f"{space.detector}: {problem}")
    if ensemble and metric_of(space.objective) in CRITERIA:
        raise TunerError(
            f"--ensemble {ensemble} is kept where it is better on anomalies of validation, and the "
            f"objective {space.objective} needs none: leave it out, or search anew with objective: "
            "best_auroc"
        )
    found = dict(detectors.resolve(space.detector, space.fixed))
    best = best_contender(space.detector, found)
    searched = searched_in(record or run_folder)
    of_this = _is_of(searched.space, space)
    trained = epochs or space.epochs
    others = baselines_for(best, space.data, trained) if baselines else Baselines()
    left_out, defaults = others.left_out, []
    tried = baselines and of_this and best_tried(searched, space.objective) is not None
    if tried if published is None else published:
        defaults = [published_contender(searched, best, space.objective)]
    if published is None and defaults and _is_same(defaults[0], best):
        left_out = (*left_out, f"The best found is the {defaults.pop().label}: no gain to measure.")
    return Plan(
        run_folder=run_folder,
        data=space.data,
        contenders=(best, *defaults, *others.contenders),
        seeds=fresh_seeds(space.sampler.seed, "retrain", seeds),
        epochs=trained,
        objective=space.objective,
        search_seed=space.sampler.seed,
        left_out=left_out,
        ensemble=ensemble,
        unasked=(DEFAULTS,) if published is None else (),
        unrecorded="" if run_folder.is_recorded() else _search_of(space),
        claimed_gain=_claimed(searched, space, best) if defaults and of_this else None,
    )


def fresh_seeds(search_seed: int, purpose: str, count: int) -> tuple[int, ...]:
    """So many seeds that no trial of the search has trained with, of a purpose of their own."""
    return tuple(derive(search_seed, purpose, number) for number in range(count))


def _search_of(space: Space) -> str:
    """The search that has written this configuration, "" where a person has."""
    if space.result is None:
        return ""
    trial = space.result.get("trial")
    return "a search" if trial is None else f"a search, trial {trial} of it"


def _is_of(recorded: Space | None, space: Space) -> bool:
    """Whether a search was of this detector on these data, or of each class of them in turn."""
    if recorded is None or recorded.detector != space.detector:
        return False
    before, now = without_place(recorded.data), without_place(space.data)
    if recorded.data.each:
        del before["normal"], now["normal"]
    return before == now


def _claimed(searched: Searched, space: Space, best: Contender) -> float | None:
    """The gain in AUROC that a search claims for this configuration on these images."""
    claimed = claimed_gain(searched, space.objective)
    of_each = searched.space is not None and searched.space.data.each  # a mean over the classes
    if claimed is None or of_each or metric_of(space.objective) != "auroc":
        return None
    found = detectors.resolve(best.detector, claimed.best.trial.hyperparameters)
    return claimed.value if dict(found) == dict(best.hyperparameters) else None


def _is_same(one: Contender, other: Contender) -> bool:
    return dict(one.hyperparameters) == dict(other.hyperparameters)
