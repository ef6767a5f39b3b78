"""Real searches of equal time: tuner.search beside Ray Tune's own search, on the same two cores.

    TUNER_DATA=/data nice -n 19 python benchmarks/real_search.py      # 9 hours; goes on
    python benchmarks/real_search.py --only shirt --seeds 1 --minutes 5

The U-Net GAN on FashionMNIST's Shirt and the autoencoder on a folder of pictures, ours and Tune's
(OptunaSearch, ASHAScheduler, a worker a trial) in turns, each so many minutes a seed. Both train
by models/, begin with the published sets and go by the best validation AUROC so far; the winner of
each is retrained with three fresh seeds and tested once. What is there already under --runs is
taken. `pictures/real-search.png` shows the best value so far over time.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from _real_picture import draw
from _running import ROOT, extra_images, finish, run

from models.data.protocol import make_split
from models.data.sources import find
from tuner.planning.machine import find_machine
from tuner.record.journal import read_lines
from tuner.record.run_folder import RunFolder
from tuner.space import Space, best_space, dump_space, load_space, resolve_scale

SPACES = ROOT / "search_spaces"
SIDES = ("ours", "tune")
MINUTES, SEEDS = 60, 3
SHARES = (0.1, 0.25, 0.5, 1.0)
"""Parts of the time after which the best value so far is told."""
TRIALS = 100_000  # more than any search of this length begins
METRIC = "auroc"
PICTURE = Path(__file__).parent / "pictures" / "real-search.png"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A file of `search_spaces/`, changed; `images` are a folder below $TUNER_DATA.

    A search of it takes `share` of the minutes: fewer where an epoch is shorter.
    """

    space: str
    changes: tuple[str, ...]
    images: str = ""
    share: float = 1


TASKS: Mapping[str, Task] = {
    "shirt": Task(space="lossweights", changes=("scale=cpu", "data.normal=[Shirt]")),
    "bottle": Task(
        space="autoencoder",
        changes=(
            "data.dataset=folder",
            "scale=cpu",
            "scales.cpu={width: 8, batch_normals: 16, epochs: 27}",
        ),
        images="mvtec/bottle",
        share=0.5,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Validation AUROC of every epoch with its second since the start, and test of the winner."""

    rows: Sequence[tuple[float, float]]
    test: float

    def best_by(self, seconds: float) -> float:
        """The best value so far; 0 before the first."""
        return max((value for at, value in self.rows if at <= seconds), default=0.0)


def main() -> None:
    given = _options().parse_args()
    given.runs.mkdir(parents=True, exist_ok=True)
    names = [given.only] if given.only else list(TASKS)
    found = {
        (name, side, seed): _outcome(name, side, seed, given)
        for seed in range(given.seeds)
        for name in names
        for side in SIDES
    }
    of_task = {
        name: {side: [found[name, side, seed] for seed in range(given.seeds)] for side in SIDES}
        for name in names
    }
    figures: dict[str, float] = {"minutes": given.minutes, "seeds": given.seeds}
    for name, of_side in of_task.items():
        figures |= _figures(name, of_side, 60 * TASKS[name].share * given.minutes)
    standard = not given.only and given.seeds == SEEDS
    if standard:
        minutes = {name: TASKS[name].share * given.minutes for name in names}
        draw(of_task, minutes, PICTURE)
    finish("real_search", figures, standard=standard, extra=True)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = options.add_argument
    add("--only", choices=tuple(TASKS))
    add(
        "--minutes",
        type=float,
        default=MINUTES,
        help="of a search (default: 60); half of them on bottle",
    )
    add("--seeds", type=int, default=SEEDS)
    add("--runs", type=Path, default=ROOT / "runs" / "real-search", metavar="FOLDER")
    return options


def _outcome(name: str, side: str, seed: int, given: argparse.Namespace) -> Outcome:
    """Search, retrain and test, unless that is done."""
    minutes = TASKS[name].share * given.minutes
    of_search = f"{name}-{side}-{seed}-{minutes:g}"
    file = given.runs / f"{of_search}.json"
    if not file.exists():
        space = _space(TASKS[name], seed)
        search = {"ours": _ours, "tune": _tunes}[side]
        rows, best = search(space, given.runs / of_search, minutes)
        dump_space(best, given.runs / of_search / "winner.yaml")
        test = _test(given.runs / of_search / "winner.yaml")
        file.write_text(json.dumps({"rows": rows, "test": test}))
    kept = json.loads(file.read_text())
    return Outcome(rows=[(at, value) for at, value in kept["rows"]], test=kept["test"])


def _space(task: Task, seed: int) -> Space:
    changes = [*task.changes, f"sampler.seed={seed}", f"trials={TRIALS}"]
    if task.images:
        changes.append(f"data.folder={extra_images(task.images)}")
    return resolve_scale(load_space(SPACES / f"{task.space}.yaml", changes), find_machine())


Found = tuple[Sequence[tuple[float, float]], Space]
"""What a search came to: each epoch's second and value, and the best configuration."""


def _ours(space: Space, folder: Path, minutes: float) -> Found:
    file = Path(f"{folder}.yaml")
    dump_space(space, file)
    where = ["--runs", str(folder.parent), "--name", folder.name, "--yes", "--wandb", "off"]
    limit = ["--time-budget", f"{60 * minutes:g}s"]
    command = ["-m", "tuner.search", "--space", str(file), *where, *limit]
    started, _ = run(command, Path(f"{folder}.log"))
    rows: list[tuple[float, float]] = []
    asked: dict[int, Mapping[str, Any]] = {}
    best: tuple[float, int] = (0.0, 0)
    for event in read_lines(RunFolder(folder).journal):
        if event["event"] == "asked":
            asked[event["trial"]] = event["hyperparameters"]
        elif event["event"] == "epoch":
            value = event["metrics"][METRIC]
            rows.append((event["time"] - started, value))
            best = max(best, (value, -event["trial"]))
    return rows, best_space(space, asked[-best[1]], {})


def _tunes(space: Space, folder: Path, minutes: float) -> Found:
    folder.mkdir(exist_ok=True)
    dump_space(space, folder / "space.yaml")
    make_split(space.data, find(space.data)).save(folder / "split.npz")
    files = {"space": "space.yaml", "split": "split.npz", "output": "trials.json"}
    options = [word for key, name in files.items() for word in (f"--{key}", str(folder / name))]
    script = str(Path(__file__).with_name("_tune_search.py"))
    command = [script, *options, "--minutes", f"{minutes:g}"]
    started, _ = run(command, Path(f"{folder}.log"))
    trials = json.loads((folder / "trials.json").read_text())
    rows = [(at - started, value) for trial in trials for at, value in trial["rows"]]
    best = max(trials, key=lambda trial: max((value for _, value in trial["rows"]), default=0.0))
    return sorted(rows), best_space(space, best["hyperparameters"], {})


def _test(winner: Path) -> float:
    """Mean AUROC on test of three fresh seeds."""
    run(
        ["-m", "tuner.retrain", "--config", str(winner), "--no-baselines"],
        Path(f"{winner.parent}-retrain.log"),
    )
    (metrics,) = winner.parent.rglob("metrics.json")
    return float(json.loads(metrics.read_text())["test"]["auroc"]["mean"])


def _figures(name: str, found: Mapping[str, Sequence[Outcome]], seconds: float) -> dict[str, float]:
    figures: dict[str, float] = {}
    for side, outcomes in found.items():
        for share in SHARES:
            by = share * seconds if share < 1 else math.inf  # the epoch under way at the end counts
            values = [each.best_by(by) for each in outcomes]
            figures[f"{name}_{side}_validation_at_{share:.0%}"[:-1]] = median(values)
        tests = [each.test for each in outcomes]
        figures[f"{name}_{side}_test"] = mean(tests)
        if len(tests) > 1:
            figures[f"{name}_{side}_test_std"] = stdev(tests)
        figures[f"{name}_{side}_epochs"] = median(len(each.rows) for each in outcomes)
    pairs = list(zip(found["ours"], found["tune"], strict=True))
    ahead = [ours.best_by(math.inf) > tune.best_by(math.inf) for ours, tune in pairs]
    figures[f"{name}_ahead_on_validation"] = sum(ahead)
    figures[f"{name}_ahead_on_test"] = sum(ours.test > tune.test for ours, tune in pairs)
    return figures


if __name__ == "__main__":
    main()
