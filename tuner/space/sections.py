"""The sections of a space file, one frozen model each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)

from models.data.config import MOST
from models.hyperparameters import Value
from models.names import shown
from tuner.cli.command_line import seconds
from tuner.cli.text import size_bytes
from tuner.space.plain_values import PlainValue


class Section(BaseModel):
    """A part of a space file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _count_or_auto(value: object) -> object:
    if value == "auto" or _is_whole(value, MOST):
        return value
    raise ValueError(f"must be a whole number from 1 to {MOST}, or auto; got {shown(value)}")


def _is_whole(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


_MOST_LANES = 64  # Ray books a 64th of a GPU exactly
_MOST_BYTES, _MOST_SIZE = 10**18, "1000000 TB"


def _lanes(value: object) -> object:
    if value == "auto" or _is_whole(value, _MOST_LANES):
        return value
    raise ValueError(f"must be a whole number from 1 to {_MOST_LANES}, or auto; got {shown(value)}")


def _or_auto(**limits: int) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "integer", **limits}, {"const": "auto"}]})


Lanes = Annotated[
    StrictInt | Literal["auto"],
    BeforeValidator(_lanes),
    _or_auto(minimum=1, maximum=_MOST_LANES),
]
Count = Annotated[StrictInt, Field(ge=1, le=MOST)]
CountFromNone = Annotated[StrictInt, Field(ge=0, le=MOST)]
CountOrAuto = Annotated[
    StrictInt | Literal["auto"], BeforeValidator(_count_or_auto), _or_auto(minimum=1, maximum=MOST)
]


def _size_or_none(value: object) -> object:
    if value == "none" or _is_whole(value, _MOST_BYTES):
        return value
    size = size_bytes(value) if isinstance(value, str) else None
    if not _is_whole(size, _MOST_BYTES):
        raise ValueError(
            f"must be a size of at most {_MOST_SIZE} such as 20 GB or 500 MB, or none; "
            f"got {shown(value)}"
        )
    return size


SizeOrNone = Annotated[
    StrictInt | Literal["none"],
    BeforeValidator(_size_or_none),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _MOST_BYTES},
                {"type": "string", "pattern": r"^\s*(none|\d+(\.\d+)? *([kKmMgGtT]?[bB])?)\s*$"},
            ]
        }
    ),
]


class Sampler(Section):
    """Who proposes the next configuration."""

    name: Literal["qmc", "tpe-qmc", "tpe", "gp", "cmaes", "random", "grid"] = "qmc"
    """qmc, random and grid do not look at the trials so far; the others learn from them."""
    seed: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 0
    """Of the whole search: every trial's own seed is drawn from it and the trial's number."""
    startup_trials: CountFromNone = 10
    """Trials before tpe-qmc, tpe or gp begins to learn; random but for tpe-qmc."""
    considered_trials: Count = 2000
    """Most ended trials that TPE looks at, and gp if they are fewer than 300: the best ones, then
    the newest. All stay recorded."""


class Scheduler(Section):
    """Who stops bad trials early."""

    name: Literal["asha", "none"] = "asha"
    """asha compares trials at growing numbers of epochs; none trains all to the end."""
    type: Literal["stop", "promote"] = "stop"
    """What becomes of a trial that compares badly: stop ends it; promote pauses it until it is
    among the best of those that have come as far."""
    grace_epochs: CountOrAuto = "auto"
    """Epochs that every trial gets before it may be stopped; auto reaches the first epoch of the
    last stage of the detector's training: 1 where there is one stage."""
    reduction_factor: Annotated[StrictInt, Field(ge=2, le=MOST)] = 3
    """One trial in so many goes on from each rung to the next."""


class Resources(Section):
    """What a trial takes of the machine or cluster."""

    cpus_per_trial: Count = 1
    """Cores of one trial where there is no GPU."""
    lanes: Lanes = "auto"
    """Trials that train as one on each GPU, or on each trial's cores where there is none; auto
    measures on a GPU how many pay, and is 1 on cores."""
    concurrent_trials: CountOrAuto = "auto"
    """Most trials at work at the same time; auto fills the machine or cluster."""
    infrastructure_retries: CountFromNone = 3
    """How often in a row, without an epoch, a trial goes on elsewhere after its worker was lost."""
    error_retries: CountFromNone = 1
    """How often in a row, without an epoch, a trial goes on after an error of its training."""


def _time(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = repr(float(value))  # to the last digit: a record is compared with its file
    if not isinstance(value, str):
        raise ValueError(f"must be a time such as 90, 10m or 2h; got {shown(value)}")
    return seconds(value)


Seconds = Annotated[
    float,
    BeforeValidator(_time),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?[smhd]?\s*$"},
            ]
        }
    ),
]
Amount = Annotated[float, Strict(), Field(gt=0, le=_MOST_BYTES, allow_inf_nan=False)]


class Budget(Section):
    """What a search may cost, all its starts together; what it has found by then is its result."""

    time: Seconds | None = None
    """Time by the clock, such as 2h; `--time-budget` goes before it."""
    device_hours: Amount | None = None
    """Hours of GPUs, or of workers' cores where there are no GPUs. No trial begins, and none is
    promoted, that would not come to its next rung within them; until an epoch has told how long
    one takes, each slot begins a trial."""
    price_per_device_hour: Amount | None = None
    """What an hour of a device costs, in any currency."""
    money: Amount | None = None
    """The same limit in that currency; takes the price."""

    @property
    def device_s(self) -> float | None:
        """Seconds of devices that may be used; None without a limit."""
        hours = [] if self.device_hours is None else [self.device_hours]
        if self.money is not None and self.price_per_device_hour is not None:
            hours.append(self.money / self.price_per_device_hour)
        return 3600 * min(hours) if hours else None


class Wandb(Section):
    """Where the curves of Weights & Biases go."""

    mode: Literal["auto", "online", "offline", "off"] = "auto"
    """auto is online where there is a key, else offline."""
    project: Annotated[StrictStr, Field(min_length=1)] = "tuner"
    """The project on Weights & Biases."""


class Scale(BaseModel):
    """One size of the search: its epochs, trials, images, and hyperparameters held fixed.

    Every other key is a hyperparameter of the detector, such as `width`.
    """

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)
    __pydantic_extra__: dict[str, PlainValue]

    epochs: Count | None = None
    """Most epochs of a trial; without it, the space's own number."""
    trials: Count | None = None
    """Configurations to try; without it, the space's own number."""
    fit_normals: Count | None = None
    """Normal images to train on; without it, the number under `data`."""

    @property
    def hyperparameters(self) -> dict[str, Value]:
        """The hyperparameters that this scale fixes."""
        return dict(self.__pydantic_extra__)
