"""The two types of ASHA: how many trial-epochs until the best of the stop type's whole search.

    python benchmarks/early_stopping.py
    python benchmarks/early_stopping.py --runs FOLDER   # where the searches are kept; else in runs/

Real searches of the hard class, Shirt, on `lossweights` at its cpu scale but for eight channels:
both types with the same seed, three seeds. They are kept, so that a run that was cut off goes on.
Then simulated searches on a formula, 30 seeds, with 1, 8 and 64 workers: trial-epochs until a trial
is as good as the best twentieth of all configurations that random sampling finds.
"""

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from _running import ROOT, finish, run

from tuner.record.events import EpochReported
from tuner.record.journal import read_journal
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate
from tuner.space import Machine, Space, load_space, resolve_scale

SPACE = ROOT / "search_spaces" / "lossweights.yaml"
TYPES = ("stop", "promote")
SEEDS, SIMULATED_SEEDS, WORKERS = (0, 1, 2), range(30), (1, 8, 64)
SIMULATED_TRIALS = 100
FORMULA = Formula(
    best={"abc_weight": 3.0, "patch_weight": 2.0, "encoder_weight": 0.5, "generator_lr": 4e-4}
)
Curve = list[float]
"""The best value so far, after each trial-epoch of a search."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=Path, default=ROOT / "runs" / "early-stopping")
    options.add_argument("--simulated", action="store_true", help="without the real searches")
    given = options.parse_args()
    figures = {} if given.simulated else _real(given.runs)
    figures |= _simulated()
    finish("early_stopping", figures, standard=not given.simulated)


def _real(runs: Path) -> dict[str, float]:
    figures: dict[str, float] = {}
    for seed in SEEDS:
        curves = {kind: _searched(runs, kind, seed) for kind in TYPES}
        target = curves["stop"][-1]
        for kind, curve in curves.items():
            figures[f"{kind}_epochs_to_target_{seed}"] = _reached(curve, target)
            figures[f"{kind}_epochs_{seed}"] = len(curve)
            figures[f"{kind}_best_auroc_{seed}"] = curve[-1]
    for kind in TYPES:
        each = [figures[f"{kind}_epochs_to_target_{seed}"] for seed in SEEDS]
        figures[f"{kind}_epochs_to_target"] = median(each)
    return figures


def _searched(runs: Path, kind: str, seed: int) -> Curve:
    name = f"{kind}-{seed}"
    changes = (
        f"scheduler.type={kind}",
        f"sampler.seed={seed}",
        "data.normal=[Shirt]",
        "scales.cpu.width=8",
    )
    command = ["-m", "tuner.search", "--space", str(SPACE), "--runs", str(runs), "--name", name]
    sets = [part for change in changes for part in ("--set", change)]
    run([*command, *sets, "--wandb", "off", "--resume"], runs / f"{name}.txt")
    return _curve(runs / name / "events.jsonl")


def _curve(record: Path) -> Curve:
    rows = [event.row for event in read_journal(record) if isinstance(event, EpochReported)]
    return list(_running_best(row.metrics["auroc"] for row in rows))


def _running_best(values: Iterable[float]) -> Iterable[float]:
    best = float("-inf")
    for value in values:
        best = max(best, value)
        yield best


def _reached(curve: Curve, target: float) -> float:
    """The trial-epochs until the target; all of them and one more where it was not reached."""
    return next((count for count, best in enumerate(curve, 1) if best >= target), len(curve) + 1)


def _simulated() -> dict[str, float]:
    figures: dict[str, float] = {}
    target = _best_twentieth()
    for workers in WORKERS:
        for kind in TYPES:
            each = [
                _reached(_simulated_curve(kind, seed, workers), target) for seed in SIMULATED_SEEDS
            ]
            figures[f"simulated_{kind}_epochs_to_target_at_{workers}"] = median(each)
    return figures


def _simulated_curve(kind: str, seed: int, workers: int) -> Curve:
    changes = [f"scheduler.type={kind}", f"sampler.seed={seed}"]
    with tempfile.TemporaryDirectory() as folder:
        simulate(_space(changes), Path(folder), FORMULA, workers=workers)
        return _curve(Path(folder) / "events.jsonl")


def _best_twentieth() -> float:
    """The value that one configuration in twenty reaches, trained to its end."""
    changes = ["scheduler.name=none", "sampler.name=random", "sampler.seed=1000"]
    with tempfile.TemporaryDirectory() as folder:
        trials = simulate(_space(changes, trials=400), Path(folder), FORMULA, workers=64)
    ends = sorted(max(row.metrics["auroc"] for row in trial.rows) for trial in trials)
    return ends[-len(ends) // 20]


def _space(changes: Sequence[str], trials: int = SIMULATED_TRIALS) -> Space:
    sized = [*changes, f"scales.cpu.trials={trials}"]
    return resolve_scale(load_space(SPACE, sized), Machine(cpus=2))


if __name__ == "__main__":
    main()
