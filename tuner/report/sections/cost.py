"""What the search and the retrain have cost."""

from collections.abc import Sequence
from typing import Any

from tuner.cli.text import counted, duration
from tuner.figures.metrics import Metrics, keyed_blocks
from tuner.record.trials import TrialView
from tuner.report.kinds import APART, CUT, WAITING, WHOLE, kind_of
from tuner.report.material import Material
from tuner.report.savings import saved
from tuner.report.section import Section
from tuner.results.device_time import device_seconds


def section(material: Material) -> Section:
    """A row for each kind of trial, and one for the retrain."""
    seconds = device_seconds(material.trials)
    rows = [_row(name, trials, seconds) for name, trials in _kinds(material.trials) if trials]
    total = _row("search, together", material.trials, seconds)
    retrained = _retrain_seconds(material.metrics)
    share = saved(material)
    return Section(
        key="cost",
        title="Cost",
        sentence=_sentence(total, material),
        context={
            "rows": rows,
            "total": total,
            "retrained": None if retrained is None else duration(retrained),
            "saved": share if share.epochs else None,
            "price": material.space.budget.price_per_device_hour,
            "elapsed": duration(material.history.seconds),
        },
    )


def _sentence(total: dict[str, Any], material: Material) -> str:
    price = material.space.budget.price_per_device_hour
    costs = "" if price is None else f", which cost {price * total['hours']:.2f}"
    return (
        f"{counted(total['epochs'], 'trial-epoch')} in {total['time']} of devices "
        f"({total['hours']:.2f} device-hours{costs}), "
        f"{duration(material.history.seconds)} by the clock."
    )


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


def _row(name: str, trials: Sequence[TrialView], seconds: dict[int, float]) -> dict[str, Any]:
    spent = sum(seconds[trial.number] for trial in trials)
    return {
        "name": name,
        "trials": len(trials),
        "epochs": sum(trial.epochs for trial in trials),
        "time": duration(spent),
        "hours": spent / 3600,
    }


def _retrain_seconds(metrics: Metrics | None) -> float | None:
    """All trainings of all contenders; None of a retrain of each class, which has none itself."""
    if metrics is None or "trainings" not in metrics:
        return None
    blocks = keyed_blocks(metrics).values()
    return float(
        sum(one.get("seconds", 0.0) for block in blocks for one in block.get("trainings", ()))
    )
