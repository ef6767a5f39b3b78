"""The keys of a space file, each by itself; what holds between them are the rules."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictStr

from models.data.config import DataConfig
from tuner.objectives import Objective
from tuner.space.data_section import Data
from tuner.space.domains import Domain
from tuner.space.plain_values import PlainValue
from tuner.space.sections import (
    Budget,
    Count,
    Resources,
    Sampler,
    Scale,
    Scheduler,
    Section,
    SizeOrNone,
    Wandb,
)


def _several(written: object) -> object:
    return [written] if isinstance(written, str) else written


def _wandb_mode(written: object) -> object:
    return {"mode": written} if isinstance(written, str | bool) else written


class SpaceFields(Section):
    """What a space says; only `Space` has also been held against the rules."""

    detector: StrictStr
    """The model to train, by the name of its folder."""
    data: Data = Field(default_factory=DataConfig)
    """The images and how they are split."""
    objective: Objective = "best_auroc"
    """What the search maximises, on validation; the sampler and the scheduler see the same."""
    search: dict[str, Domain] = Field(default_factory=dict)
    """The hyperparameters to search, each with its domain, and perhaps `when` it is searched."""
    fixed: dict[str, PlainValue] = Field(default_factory=dict)
    """Hyperparameters held at one value; all others stay at the detector's defaults."""
    require: Annotated[list[StrictStr], BeforeValidator(_several)] = Field(default_factory=list)
    """What configurations must meet beside their domains: comparisons such as
    `patch_n <= clusters + 2`, one or a list. The published sets are tried whatever they are."""
    sampler: Sampler = Sampler()
    scheduler: Scheduler = Scheduler()
    resources: Resources = Resources()
    trials: Count = 1
    """Configurations to try. Required where not every scale says its own."""
    epochs: Count = 1
    """Most epochs of a trial. Required where not every scale says its own."""
    scale: Annotated[StrictStr, Field(min_length=1)] = "auto"
    """One of the scales; auto takes `gpu` where there is a GPU, else `cpu`."""
    scales: dict[str, Scale] = Field(default_factory=dict)
    """Named sizes of the search; one of them is chosen at the start."""
    storage_limit: SizeOrNone = 20_000_000_000
    """Most bytes of all checkpoints and best detectors together, such as 20 GB; none for no limit.

    When room is needed, the best detectors of the worst ended trials go first."""
    budget: Budget = Budget()
    wandb: Annotated[Wandb, BeforeValidator(_wandb_mode)] = Wandb()
    result: dict[str, Any] | None = None
    """What a search found, in its best.yaml; a new search does not read it."""
