"""What the search and the retrain have cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tuner.cli.text import counted, duration
from tuner.figures.metrics import Metrics, keyed_blocks
from tuner.record.events import DriverStarted
from tuner.record.trials import TrialView
from tuner.report.kinds import APART, CUT, WAITING, WHOLE, kind_of
from tuner.report.material import Material
from tuner.report.savings import saved
from tuner.report.section import Section
from tuner.report.words import listed
from tuner.results.device_time import device_seconds

_MINUTES_ABOVE_S, _HOURS_ABOVE_S = 600, 5400
_DEVICES = {"gpu": "GPU", "cpu": "CPU"}


@dataclass(frozen=True, kw_only=True)
class _Spent:
    """A row: so many `trials` (or trainings) of so many `epochs` in all; None where unknown."""

    name: str
    trials: int
    epochs: int | None
    seconds: float


def section(material: Material) -> Section:
    """A row for each kind of trial, one for the retrain, and their sums."""
    on_device, trials = device_seconds(material.trials), material.trials
    kinds = [_trials(name, of, on_device) for name, of in _kinds(trials) if of]
    search, retrain = _trials("search, together", trials, on_device), _retrain(material.metrics)
    parts = kinds if retrain is None else [*kinds, retrain]
    unit = _unit(sum(one.seconds for one in parts))
    shown = [_row(one, unit) for one in parts]
    total = {**_sum(shown[: len(kinds)]), "name": search.name, "total": True}
    rows = [*shown[: len(kinds)], total]
    if retrain is not None:
        rows += [shown[-1], {**_sum(shown), "name": "search and retrain", "total": True}]
    for row in rows:
        seconds = row["units"] * unit.seconds
        row["said"] = f"{seconds:.0f} s" if seconds < _MINUTES_ABOVE_S else duration(seconds)
    share = saved(material)
    return Section(
        key="cost",
        title="Cost",
        sentence=_sentence(total, None if retrain is None else shown[-1], material),
        context={
            "rows": [_written(row, unit) for row in rows],
            "total": total,
            "saved": share if share.epochs else None,
            "saved_time": _saved_time(share.epochs, search),
            "price": material.space.budget.price_per_device_hour,
        },
    )


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """In what times are written; each row is rounded, so that what is seen adds up."""

    seconds: float
    decimals: int
    heading: str


def _unit(total_s: float) -> _Unit:
    if total_s > _HOURS_ABOVE_S:
        return _Unit(seconds=3600.0, decimals=2, heading="device-hours")
    return _Unit(seconds=1.0, decimals=0, heading="device s")


def _row(one: _Spent, unit: _Unit) -> dict[str, Any]:
    return {
        "name": one.name,
        "trials": one.trials,
        "epochs": one.epochs,
        "units": round(one.seconds / unit.seconds, unit.decimals),
        "hours": one.seconds / 3600,
    }


def _sum(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    epochs = [row["epochs"] for row in rows]
    return {
        "trials": sum(row["trials"] for row in rows),
        "epochs": None if None in epochs else sum(epochs),
        "units": sum(row["units"] for row in rows),
        "hours": sum(row["hours"] for row in rows),
    }


def _written(row: dict[str, Any], unit: _Unit) -> dict[str, Any]:
    epochs = "" if row["epochs"] is None else f"{row['epochs']:,}"
    time = f"{row['units']:,.{unit.decimals}f}"
    return {"total": False, **row, "epochs": epochs, "time": time, "heading": unit.heading}


def _sentence(total: dict[str, Any], retrain: dict[str, Any] | None, material: Material) -> str:
    price = material.space.budget.price_per_device_hour
    costs = "" if price is None else f", which cost {price * total['hours']:.2f}"
    more = "" if retrain is None else f"; the retrain took {retrain['said']} more"
    return (
        f"The search took {total['said']} of {_devices(material)} time for "
        f"{counted(total['epochs'], 'epoch')} of training{costs}, "
        f"{duration(material.history.seconds)} by the clock{more}."
    )


def _devices(material: Material) -> str:
    """Of which kind they were; earlier versions did not record it."""
    told = (one.device for one in material.events if isinstance(one, DriverStarted))
    kinds = sorted({_DEVICES[device] for device in told if device in _DEVICES})
    return listed(kinds) if kinds else "device"


def _saved_time(epochs: int, search: _Spent) -> str:
    """What they would have taken, as long as the others took on average."""
    return duration(epochs * search.seconds / search.epochs) if search.epochs else ""


def _kinds(trials: Sequence[TrialView]) -> list[tuple[str, list[TrialView]]]:
    kinds: dict[str, list[TrialView]] = {
        WHOLE.name: [],
        CUT.name: [],
        "diverged": [],
        "failed": [],
        WAITING.name: [],
    }
    for trial in trials:
        kinds[_kind(trial)].append(trial)
    return list(kinds.items())


def _kind(trial: TrialView) -> str:
    kind = kind_of(trial)
    if kind is APART:
        return "diverged" if trial.diverged else "failed"
    return kind.name


def _trials(name: str, trials: Sequence[TrialView], seconds: dict[int, float]) -> _Spent:
    return _Spent(
        name=name,
        trials=len(trials),
        epochs=sum(trial.epochs for trial in trials),
        seconds=sum(seconds[trial.number] for trial in trials),
    )


def _retrain(metrics: Metrics | None) -> _Spent | None:
    """All trainings of all contenders; None of a retrain of each class, which has none itself."""
    if metrics is None or "trainings" not in metrics:
        return None
    blocks = keyed_blocks(metrics).values()
    trainings = [one for block in blocks for one in block.get("trainings", ())]
    others = _others(metrics)
    epochs = _epochs(trainings)
    return _Spent(
        name="retrain: all contenders and seeds",
        trials=len(trainings) + others.trials,
        epochs=None if epochs is None or others.epochs is None else epochs + others.epochs,
        seconds=float(sum(one.get("seconds", 0.0) for one in trainings)) + others.seconds,
    )


def _others(metrics: Metrics) -> _Spent:
    """The candidates that were retrained and not chosen, of the means that are on record.

    And those that were left out of the choice, which earlier versions did not do.
    """
    choice = metrics.get("chosen_among", {"chosen": None, "candidates": []})
    rows = [each for each in choice["candidates"] if each["trial"] != choice["chosen"]]
    counts = [len(each["values"]) for each in rows]
    left_out = choice.get("left_out", [])
    return _Spent(
        name="candidates that were not chosen",
        trials=sum(counts) + sum(len(each["seeds"]) for each in left_out),
        epochs=round(sum(n * each["epochs"] for n, each in zip(counts, rows, strict=True)))
        + sum(each["epochs"] for each in left_out),
        seconds=sum(n * each["training_seconds"] for n, each in zip(counts, rows, strict=True))
        + sum(each["seconds"] for each in left_out),
    )


def _epochs(trainings: Iterable[Metrics]) -> int | None:
    """As many as there are figures on validation."""
    figures = [
        [of for name, of in one.items() if name.startswith("validation_")] for one in trainings
    ]
    return sum(len(of[0]) for of in figures) if all(figures) else None
