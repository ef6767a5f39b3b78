"""Tables of real curves: many configurations of a space, each trained to its end.

    nice -n 19 python benchmarks/curves.py --record shirt     # hours; goes on where it stopped
    TUNER_DATA=/data python benchmarks/curves.py --record bottle

A table is made by a real search (sampler random, no early stopping, one trial at a time) and stored
as curves/<name>.json.
"""

import argparse
import os
from pathlib import Path

from _curves import RECORDINGS, Recording, write_table
from _running import ROOT, run

from tuner.record.run_folder import RunFolder

SEED = 1000  # of the draws; searches on a table have seeds from 0


def main() -> None:
    given = _options().parse_args()
    if given.record:
        _record(given.record, RECORDINGS[given.record], given.trials, given.runs)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = options.add_argument
    add("--record", choices=tuple(RECORDINGS), metavar="NAME", help="make this table, or go on")
    add("--trials", type=int, metavar="N", help="configurations, where not the usual number")
    add("--runs", type=Path, default=ROOT / "runs" / "curves", metavar="FOLDER")
    return options


def _record(name: str, recording: Recording, trials: int | None, runs: Path) -> None:
    changes = [
        *recording.changes,
        "sampler.name=random",
        f"sampler.seed={SEED}",
        "scheduler.name=none",
        "resources.concurrent_trials=1",
        f"trials={trials or recording.trials}",
    ]
    if recording.images:
        changes.append(
            f"data.folder={Path(os.environ['TUNER_DATA']).absolute() / recording.images}"
        )
    space = ROOT / "search_spaces" / f"{recording.space}.yaml"
    sets = [word for change in changes for word in ("--set", change)]
    where = ["--runs", str(runs), "--name", name, "--resume", "--yes", "--wandb", "off"]
    runs.mkdir(parents=True, exist_ok=True)
    run(["-m", "tuner.search", "--space", str(space), *where, *sets], runs / f"{name}.txt")
    print(f"written: {write_table(name, RunFolder(runs / name), recording.images)}")


if __name__ == "__main__":
    main()
