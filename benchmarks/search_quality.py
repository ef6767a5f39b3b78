"""How soon a search finds what is good, on tables of real curves, beside other ways to search.

    python benchmarks/search_quality.py --syne PYTHON      # goes on where it stopped
    python benchmarks/search_quality.py --only bottle --seeds 2

Trial-epochs and virtual time until a search has found a value of a table's 95th and 99th
percentile: the space file's own settings, random search, ASHA on random draws, Optuna's TPE with
its Hyperband pruner, Ray Tune's OptunaSearch with its ASHA, what keeps the best tenth after one
epoch, and two of Syne Tune's, where PYTHON is that of an environment with syne-tune; 1, 8, 64 and
500 workers, ten seeds. A search that does not find it is shown with all that it
trained, and counts as one that never ends. A cell that is done is kept under --work, until what it
depends on is changed.
"""

import argparse
import hashlib
import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from _curves import Table, file_of, read_table, space_on, there
from _rivals import METRIC, RIVALS, Finds, Rival, run_rival
from _running import ROOT, finish
from _syne import syne_rivals

from tuner.cli.text import aligned
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.record.provenance import code_digest
from tuner.record.run_folder import RunFolder
from tuner.record.trials import Decision, EpochRow, SearchListener, TrialView
from tuner.results.leaderboard import best
from tuner.simulation.backend import SimulatedBackend
from tuner.simulation.recorded import RecordedCurves
from tuner.space import Space
from tuner.versions import installed

OURS = "ours"
MakeRival = Callable[[Space, int], Rival]
WORKERS, SEEDS = (1, 8, 64, 500), 10
PERCENTILES = (95, 99)
TRIALS = 1000  # of a search that does not find it: more than any table has rows
AT = 8
_NEVER = 99.0
"""A ratio's highest: so it is written where ours does not find it in half of the seeds."""
_ROOMS = ("engine", "study", "simulation", "space", "record", "results")
_OF_OTHERS = ("engine", "simulation", "space")
_OWN = ("search_quality.py", "_rivals.py", "_syne.py", "_syne_side.py", "_curves.py")
PICTURE = Path(__file__).parent / "pictures" / "search-quality.png"
Cell = dict[str, Any]
"""`steps`, each a better value with the trial-epochs and the time by then, and the whole search's
`epochs` and `seconds`."""


def main() -> None:
    given = _options().parse_args()
    tables = [read_table(name) for name in given.only or there()]
    rivals = {**RIVALS, **syne_rivals(given.syne)}
    methods = (OURS, *rivals)
    cells = {
        (table.name, method, workers, seed): _cell(
            given.work, table, method, rivals.get(method), workers, seed
        )
        for seed in range(given.seeds)
        for workers in WORKERS
        for method in methods
        for table in tables
    }
    found = {
        (table.name, percentile, method, workers): [
            _reached(cells[table.name, method, workers, seed], _target(table, percentile))
            for seed in range(given.seeds)
        ]
        for table in tables
        for percentile in PERCENTILES
        for method in methods
        for workers in WORKERS
    }
    for table in tables:
        _print(table, found, methods)
    standard = given.seeds == SEEDS and not given.only and given.syne
    _draw(tables, cells, methods, PICTURE if standard else given.work / PICTURE.name)
    finish("search_quality", _figures(tables, found), standard=standard)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = options.add_argument
    add("--only", nargs="+", choices=tuple(there()), help="these tables (default: all)")
    add("--seeds", type=int, default=SEEDS)
    add("--syne", type=Path, metavar="PYTHON", help="of an environment with syne-tune")
    add("--work", type=Path, default=ROOT / "runs" / "search-quality", metavar="FOLDER")
    return options


def _cell(
    work: Path, table: Table, method: str, rival: MakeRival | None, workers: int, seed: int
) -> Cell:
    """Search once, unless that was done with the same table, settings, code and libraries.

    Without a `rival` it is ours.
    """
    space = space_on(table, TRIALS, [f"sampler.seed={seed}"])
    depends = [file_of(table.name).read_text(), method, workers, seed, TRIALS]
    without = {"sampler"} if rival else set()
    code = _code(_OF_OTHERS if rival else _ROOMS)
    depends += [space.model_dump_json(exclude=without), code, installed(("optuna", "ray"))]
    key = hashlib.sha256(json.dumps(depends).encode()).hexdigest()[:16]
    file = work / f"{table.name}-{method}-{workers}-{seed}-{key}.json".replace(" ", "_")
    if file.exists():
        kept: Cell = json.loads(file.read_text())
        return kept
    enough = _target(table, max(PERCENTILES))
    if rival is None:
        finds = _ours(space, table, workers, enough)
    else:
        finds = run_rival(rival(space, seed), table, workers, TRIALS, enough)
    cell: Cell = {"steps": finds.steps, "epochs": finds.epochs, "seconds": finds.seconds}
    work.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(cell))
    print(
        f"{table.name} {method} {workers} workers, seed {seed}: {finds.epochs:,} epochs", flush=True
    )
    return cell


@cache
def _code(rooms: Sequence[str]) -> str:
    own = "".join((Path(__file__).parent / name).read_text() for name in _OWN)
    code = code_digest([ROOT / "tuner" / room for room in rooms])
    return hashlib.sha256(f"{code}{own}".encode()).hexdigest()


class _Watch(SearchListener):
    """Ends a search that has found enough."""

    def __init__(self, engine: Engine, finds: Finds) -> None:
        self._engine, self._finds = engine, finds

    def epoch_reported(self, trial: TrialView, row: EpochRow, decision: Decision) -> None:
        if self._finds.take(self._engine.clock(), row.stage, row.metrics[f"best_{METRIC}"]):
            self._engine.interrupt()


def _ours(space: Space, table: Table, workers: int, enough: float) -> Finds:
    """The engine itself: its sampler, its early stopping, its record."""
    finds = Finds(enough, table.last_stage)
    backend = SimulatedBackend(RecordedCurves(table.space, table.trials), workers)
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(
            space,
            RunFolder(Path(folder)),
            scheduler=make_scheduler(space),
            slots=workers,
            clock=backend.clock,
        )
        engine.watch(_Watch(engine, finds))
        backend.run(engine)
        engine.close()
    return finds


def _target(table: Table, percentile: int) -> float:
    """The value that so many of a hundred configurations do not reach, trained to their end."""
    ends = (best([trial], table.space.objective) for trial in table.trials)
    values = sorted(end.value if end else 0.0 for end in ends)
    return values[math.ceil(percentile / 100 * len(values)) - 1]


@dataclass(frozen=True)
class Reach:
    """Trial-epochs and time until the target, or all of them where it was not `found`."""

    epochs: int
    seconds: float
    found: bool


def _reached(cell: Cell, target: float) -> Reach:
    for epochs, time, value in cell["steps"]:
        if value >= target:
            return Reach(epochs, time, True)
    return Reach(cell["epochs"], cell["seconds"], False)


Found = Mapping[tuple[str, int, str, int], Sequence[Reach]]


def _print(table: Table, found: Found, methods: Sequence[str]) -> None:
    for percentile in PERCENTILES:
        target = _target(table, percentile)
        print(f"\n{table.name}: to {target:.4f}, the {percentile}th percentile; median (range)\n")
        rows = [("trial-epochs, time", *(f"{workers} workers" for workers in WORKERS))]
        for method in methods:
            each = [found[table.name, percentile, method, workers] for workers in WORKERS]
            rows.append((method, *map(_text, each)))
        print("\n".join(aligned(rows)))


def _text(reached: Sequence[Reach]) -> str:
    epochs = [each.epochs for each in reached]
    missed = sum(not each.found for each in reached)
    seconds = median(each.seconds for each in reached)
    said = f"{median(epochs):.0f} ({min(epochs)} to {max(epochs)}), {seconds:.1f} s"
    return f"{said}, {missed} missed" if missed else said


def _figures(tables: Sequence[Table], found: Found) -> dict[str, float]:
    rivals = {"random": "random", "hyperband": "Optuna Hyperband", "tune": "Tune"}
    rivals |= {"asha": "random + ASHA", "tenth": "best tenth", "bohb": "Syne Tune BOHB"}
    rivals |= {"syne_asha": "Syne Tune ASHA"}
    searched = {method for _, _, method, _ in found}
    rivals = {short: rival for short, rival in rivals.items() if rival in searched}
    figures: dict[str, float] = {}
    for short, rival in rivals.items():
        for percentile in PERCENTILES:
            ratios = [_ratio(table.name, percentile, rival, found) for table in tables]
            figures[f"ratio_to_{short}_{AT}_{percentile}"] = max(ratios)
        both = [figures[f"ratio_to_{short}_{AT}_{percentile}"] for percentile in PERCENTILES]
        figures[f"ratio_to_{short}_{AT}"] = max(both)
    for workers in (64, 500):
        figures[f"scaling_{workers}"] = min(
            _scaling(table.name, workers, found) for table in tables
        )
    figures["missed"] = sum(
        not each.found
        for (_, percentile, method, workers), reached in found.items()
        if (percentile, method, workers) == (max(PERCENTILES), OURS, AT)
        for each in reached
    )
    figures["tables"] = len(tables)
    figures["configurations"] = sum(len(table.trials) for table in tables)
    return figures


def _ratio(table: str, percentile: int, rival: str, found: Found) -> float:
    """Our trial-epochs as a part of another's, both medians; a search that misses never ends."""
    ours, theirs = (
        median(
            each.epochs if each.found else math.inf for each in found[table, percentile, one, AT]
        )
        for one in (OURS, rival)
    )
    if math.isinf(ours):
        return _NEVER
    return min(_NEVER, ours / theirs)


def _scaling(table: str, workers: int, found: Found) -> float:
    """How many times sooner than one worker so many find the 99th percentile."""
    alone, together = (
        median(
            each.seconds if each.found else math.inf
            for each in found[table, max(PERCENTILES), OURS, count]
        )
        for count in (1, workers)
    )
    return alone / together if math.isfinite(together) else 0.0


def _draw(
    tables: Sequence[Table],
    cells: Mapping[tuple[str, str, int, int], Cell],
    methods: Sequence[str],
    path: Path,
) -> None:
    """The best value so far over trial-epochs, the median of all seeds."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(tables), figsize=(5 * len(tables), 4), squeeze=False)
    for axis, table in zip(axes[0], tables, strict=True):
        for method in methods:
            of = [
                cell["steps"]
                for (name, one, workers, _), cell in cells.items()
                if (name, one, workers) == (table.name, method, AT)
            ]
            grid = [round(10 ** (nth / 20)) for nth in range(81)]
            line = [median(_value_at(steps, epochs) for steps in of) for epochs in grid]
            axis.plot(grid, line, label=method, linewidth=2.5 if method == OURS else 1.2)
        for percentile in PERCENTILES:
            axis.axhline(_target(table, percentile), color="0.7", linewidth=0.8, linestyle="--")
        axis.set(title=table.name, xscale="log", xlabel=f"trial-epochs, {AT} workers")
        axis.set_ylim(bottom=_target(table, 50))
    axes[0][0].set_ylabel("best validation AUROC so far, median")
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    print(f"picture: {path}")


def _value_at(steps: Sequence[tuple[int, float, float]], epochs: int) -> float:
    return max((value for by, _, value in steps if by <= epochs), default=0.0)


if __name__ == "__main__":
    main()
