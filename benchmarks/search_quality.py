"""How soon a search finds what is good, on tables of real curves, beside other ways to search.

    python benchmarks/search_quality.py --syne PYTHON      # goes on where it stopped
    python benchmarks/search_quality.py --only bottle --seeds 2

Trial-epochs and virtual time until a search has found a value of a table's 95th and 99th
percentile: the space file's own settings, random search, ASHA on random draws, Optuna's TPE with
its Hyperband pruner, Ray Tune's OptunaSearch with its ASHA, what keeps the best tenth after one
epoch, and two of Syne Tune's, where PYTHON is that of an environment with syne-tune; 1, 8, 64 and
500 workers, ten seeds. With 8 workers also the space file's settings with samplers that learn.

A configuration between the rows of a table takes the nearest row's curve; what is found is told of
all configurations, and of those alone that lie as near to a row as half of random ones do. A search
that does not find a target is shown with all that it trained, and counts as one that never ends. A
cell that is done is kept under --work, until what it depends on is changed.
"""

import argparse
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from _curves import Table, file_of, read_table, space_on, there
from _finds import METRIC, Finds
from _quality_figures import AT, OURS, PERCENTILES, Cell, Searched, figures, print_table, target
from _quality_picture import draw
from _rivals import RIVALS, Rival, run_rival
from _running import ROOT, finish
from _syne import syne_rivals

from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.record.provenance import code_digest
from tuner.record.run_folder import RunFolder
from tuner.record.trials import Decision, EpochRow, SearchListener, TrialView
from tuner.simulation.backend import SimulatedBackend
from tuner.simulation.recorded import RecordedCurves
from tuner.space import Space
from tuner.versions import installed

MakeRival = Callable[[Space, int], Rival]
WORKERS, SEEDS = (1, AT, 64, 500), 10
TRIALS = 400  # of a search that does not find it: more than any table has rows
OTHER_SAMPLERS = {f"{OURS}, {name}": (f"sampler.name={name}",) for name in ("tpe-qmc", "tpe")}
"""With 8 workers alone: where they find nothing, they take long."""
_ROOMS = ("engine", "study", "simulation", "space", "record", "results")
_OF_OTHERS = ("engine", "simulation", "space")
_OWN = ("search_quality.py", "_finds.py", "_rivals.py", "_syne.py", "_syne_side.py", "_curves.py")
PICTURE = Path(__file__).parent / "pictures" / "search-quality.png"


def main() -> None:
    given = _options().parse_args()
    tables = [read_table(name) for name in given.only or there()]
    rivals = {**RIVALS, **syne_rivals(given.syne)}
    cells = {
        (table.name, method, workers, seed): _cell(
            given.work, table, method, rivals.get(method), workers, seed
        )
        for seed in range(given.seeds)
        for method, workers in _searches(rivals)
        for table in tables
    }
    searched = Searched(tables, cells)
    for table in tables:
        print_table(table, searched)
    standard = given.seeds == SEEDS and not given.only and given.syne
    draw(searched, PICTURE if standard else given.work / PICTURE.name)
    finish("search_quality", figures(searched), standard=standard)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = options.add_argument
    add("--only", nargs="+", choices=tuple(there()), help="these tables (default: all)")
    add("--seeds", type=int, default=SEEDS)
    add("--syne", type=Path, metavar="PYTHON", help="of an environment with syne-tune")
    add("--work", type=Path, default=ROOT / "runs" / "search-quality", metavar="FOLDER")
    return options


def _searches(rivals: Mapping[str, MakeRival]) -> Iterator[tuple[str, int]]:
    """Each method with each number of workers that it is tried with."""
    for method in (OURS, *rivals, *OTHER_SAMPLERS):
        for workers in (AT,) if method in OTHER_SAMPLERS else WORKERS:
            yield method, workers


def _cell(
    work: Path, table: Table, method: str, rival: MakeRival | None, workers: int, seed: int
) -> Cell:
    """Search once, unless that was done with the same table, settings, code and libraries.

    Without a `rival` it is ours.
    """
    changes = OTHER_SAMPLERS.get(method, ())
    space = space_on(table, TRIALS, [*changes, f"sampler.seed={seed}"])
    depends = [file_of(table.name).read_text(), method, workers, seed, TRIALS]
    without = {"sampler"} if rival else set()
    code = _code(_OF_OTHERS if rival else _ROOMS)
    depends += [space.model_dump_json(exclude=without), code, installed(("optuna", "ray"))]
    key = hashlib.sha256(json.dumps(depends).encode()).hexdigest()[:16]
    file = work / f"{table.name}-{method}-{workers}-{seed}-{key}.json".replace(" ", "_")
    if file.exists():
        kept: Cell = json.loads(file.read_text())
        return kept
    enough = target(table, max(PERCENTILES))
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
        value = row.metrics[f"best_{METRIC}"]
        if self._finds.take(self._engine.clock(), row.stage, value, trial.hyperparameters):
            self._engine.interrupt()


def _ours(space: Space, table: Table, workers: int, enough: float) -> Finds:
    """The engine itself: its sampler, its early stopping, its record."""
    finds = Finds(table, enough)
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


if __name__ == "__main__":
    main()
