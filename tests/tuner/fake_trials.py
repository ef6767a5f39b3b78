"""Made-up trials that look like those of a real search, for whatever shows or stores them."""

import random
from typing import Any

from models.hyperparameters import Value
from tuner.record.events import Event, decode
from tuner.record.trials import EpochRow, TrialState, TrialView

EPOCHS = 8


def event(kind: str, trial: int = 0, time: float = 0.0, **written: Any) -> Event:
    """An event as a record holds it."""
    filled = {"searched": {}, "published": None} if kind == "asked" else {}
    return decode({"event": kind, "trial": trial, "time": time, **filled, **written})


def row(epoch: int, auroc: float, **metrics: float) -> EpochRow:
    losses = {"reconstruction": 0.05 / epoch, "patch": 0.2 / epoch}
    values = {"auroc": auroc, "best_auroc": auroc, "auprc": auroc - 0.01, "auroc/error": auroc}
    return EpochRow(
        epoch=epoch, metrics={**values, **metrics}, losses=losses, seconds=6.1, worker="w"
    )


def trial(
    number: int, *aurocs: float, state: TrialState = "complete", reason: str = "", **more: Any
) -> TrialView:
    rows = tuple(row(epoch, auroc) for epoch, auroc in enumerate(aurocs, start=1))
    hyperparameters: dict[str, Value] = {"patch_n": 3, "generator_lr": 1e-4, "score": "error"}
    return TrialView(
        number=number,
        state=state,
        reason=reason,
        rows=rows,
        **{"hyperparameters": hyperparameters, **more},
    )


def realistic(count: int, seed: int = 0, epochs: int = EPOCHS) -> list[TrialView]:
    """W1 and W2 first; then some good, some stopped at rungs 1 and 3, some diverged or failed."""
    generator = random.Random(seed)
    return [_realistic(number, generator, epochs) for number in range(count)]


def _realistic(number: int, generator: random.Random, epochs: int) -> TrialView:
    level = 0.976 - 0.03 * generator.random() ** 2 if generator.random() < 0.7 else 0.9
    level = 0.9735 if number < 2 else level - (0.25 * generator.random() if level == 0.9 else 0)
    curve = [
        min(0.999, level - 0.06 * 0.35**epoch + generator.gauss(0, 0.0018))
        for epoch in range(epochs)
    ]
    values: dict[str, Value] = {
        "abc_weight": generator.uniform(0.1, 5),
        "patch_n": generator.randint(1, 9),
        "generator_lr": 10 ** generator.uniform(-4.7, -3),
        "score": generator.choice(["error", "mixture"]),
    }
    if number < 2:
        published = f"W{number + 1}"
        return trial(number, *curve, published=published, hyperparameters=values)
    chance = generator.random()
    if chance < 0.04:
        return trial(number, *curve[:2], state="pruned", reason="diverged", hyperparameters=values)
    if chance < 0.06:
        reason = "error: OutOfMemoryError: CUDA out of memory.\nTried to allocate 2 GiB on GPU 0"
        return trial(number, *curve[:1], state="failed", reason=reason, hyperparameters=values)
    if level < 0.962 or chance < 0.2:
        length = 1 if level < 0.95 else 3
        return trial(number, *curve[:length], state="pruned", reason="asha", hyperparameters=values)
    return trial(number, *curve, hyperparameters=values)
