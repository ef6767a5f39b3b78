"""Tables of real curves: many configurations of a space, each trained to its end.

    nice -n 19 python benchmarks/curves.py --record shirt     # hours; goes on where it stopped
    TUNER_DATA=/data python benchmarks/curves.py --record bottle

    python benchmarks/curves.py --search bottle --trials 1000 --workers 64

A table is made by a real search (sampler random, no early stopping, --at-once trials) and stored as
curves/<name>.json. A search on one trains nothing: sampler, early stopping and record are those
of a real search, its clock runs by the recorded seconds, and a configuration between the recorded
ones takes the curve of the nearest.
"""

import argparse
import csv
import time
from pathlib import Path
from statistics import median

from _curves import RECORDINGS, SPACES, Recording, read_table, space_on, there, write_table
from _running import ROOT, extra_images, run

from tuner.cli.text import duration
from tuner.record.past import read_past
from tuner.record.run_folder import RunFolder
from tuner.report.writing import write_report
from tuner.results.leaderboard import best, value_text
from tuner.seeds import trial_seed
from tuner.simulation.recorded import RecordedCurves
from tuner.simulation.search import simulate

SEED = 1000  # of the draws; searches on a table have seeds from 0


def main() -> None:
    given = _options().parse_args()
    if given.record:
        recording = RECORDINGS[given.record]
        _record(given.record, recording, given.trials, given.at_once, given.runs)
    else:
        _search(given)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = options.add_argument
    what = options.add_mutually_exclusive_group(required=True)
    what.add_argument("--record", choices=tuple(RECORDINGS), help="make this table, or go on")
    what.add_argument("--search", choices=tuple(there()), help="search on this table")
    add("--workers", type=int, default=8)
    add("--seed", type=int, default=0, help="of the search on a table")
    change = "of sampler or scheduler, for a search on a table"
    add("--set", dest="changes", action="append", default=[], metavar="KEY=VALUE", help=change)
    add("--trials", type=int, metavar="N", help="configurations, where not the usual number")
    add("--at-once", type=int, default=1, metavar="N", help="trials that train side by side")
    add("--runs", type=Path, default=ROOT / "runs" / "curves", metavar="FOLDER")
    return options


def _record(name: str, recording: Recording, trials: int | None, at_once: int, runs: Path) -> None:
    changes = [
        *recording.changes,
        "sampler.name=random",
        f"sampler.seed={SEED}",
        "scheduler.name=none",
        f"resources.concurrent_trials={at_once}",
        f"trials={trials or recording.trials}",
    ]
    if recording.images:
        changes.append(f"data.folder={extra_images(recording.images)}")
    space = SPACES / f"{recording.space}.yaml"
    sets = [word for change in changes for word in ("--set", change)]
    where = ["--runs", str(runs), "--name", name, "--resume", "--yes", "--wandb", "off"]
    runs.mkdir(parents=True, exist_ok=True)
    run(["-m", "tuner.search", "--space", str(space), *where, *sets], runs / f"{name}.txt")
    print(f"written: {write_table(name, RunFolder(runs / name), recording.images)}")


def _search(given: argparse.Namespace) -> None:
    """Search on a table; record, report and distances lie in a run's folder afterwards."""
    table = read_table(given.search)
    space = space_on(table, given.trials or 100, [*given.changes, f"sampler.seed={given.seed}"])
    curves = RecordedCurves(table.space, table.trials)
    folder = given.runs / f"on-{table.name}-{given.seed}-{given.workers}-{space.trials}"
    if folder.exists():
        raise SystemExit(f"{folder} exists: remove it, or name another folder by --runs")
    begun = time.perf_counter()
    trials = simulate(space, folder, curves, workers=given.workers)
    took = time.perf_counter() - begun
    away = {
        each.number: curves.found(each.hyperparameters, trial_seed(given.seed, each.number))
        for each in trials
    }
    with (folder / "distances.csv").open("w", newline="") as file:
        rows = [
            (number, table.trials[one.nth].number, one.distance) for number, one in away.items()
        ]
        csv.writer(file).writerows([("trial", "row", "distance"), *rows])
    middle = median(one.distance for one in away.values())
    near = [each for each in trials if away[each.number].distance <= middle]
    found, nearby = best(trials, space.objective), best(near, space.objective)
    top = max(each.value for t in table.trials if (each := best([t], space.objective)))
    print(f"{folder}: {len(trials)} trials, {sum(each.epochs for each in trials)} trial-epochs, ")
    print(f"{duration(read_past(RunFolder(folder)).history.seconds)} virtual, {took:.1f} s real")
    print(f"best {space.objective}: {found and value_text(found)}; of the table {top:.4f}")
    print(f"distance of the curves: {middle:.3f} in the median; without those beyond it the best")
    print(f"is {nearby and value_text(nearby)}")
    print(f"report: {write_report(RunFolder(folder))}")


if __name__ == "__main__":
    main()
