"""A search by tuner.search beside one as Ray Tune's guide shows it (guide_search.py).

    python benchmarks/search.py

Same images, split, space and number of trials; one after the other, each timed from the start of
its process to its end. The split is given to the guide's search; tuner.search makes its own, which
must turn out the same. The guide's search scores by the reconstruction error, ours as its space
says; our best by the reconstruction error is printed too. ASHA and Optuna choose for themselves, so
the two searches do not try the same configurations; ours begins with both published sets.
"""

import argparse
import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

from _running import finish, is_standard, run

from models.data.protocol import make_split
from models.data.sources import find
from models.data.split import Split
from tuner.planning.machine import find_machine
from tuner.record.history import History
from tuner.record.journal import read_journal, read_lines
from tuner.record.run_folder import RunFolder
from tuner.space import Space, dump_space, load_space, resolve_scale

SPACE = Path(__file__).parent.parent / "search_spaces" / "quickstart.yaml"
TRIALS, EPOCHS = 12, 4
IMAGES = "data.fit_normals=4800"  # all that validation leaves; the quickstart takes fewer


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one search went; AUROC is on validation, seconds count from the start of its process."""

    trials: int
    trial_epochs: int
    best_auroc: float
    best_auroc_by_error: float
    first_result_s: float
    total_s: float

    @property
    def trial_epochs_per_minute(self) -> float:
        """Over the whole life of the process."""
        return 60 * self.trial_epochs / self.total_s


def main() -> None:
    given = _options().parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        folder = Path(scratch)
        _prepare(given, folder)
        run(["-c", "import ray.tune, torch, optuna, sklearn.metrics, wandb"])  # both find them read
        guide = _guide(folder) if given.only != "own" else None
        own = _own(folder) if given.only != "guide" else None
    figures = _figures(own, guide)
    finish("search", figures, standard=_is_standard(given))


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = options.add_argument
    add("--space", type=Path, default=SPACE, help="default: the quickstart's")
    add("--trials", type=int, default=TRIALS)
    add("--epochs", type=int, default=EPOCHS)
    add("--only", choices=("own", "guide"), help="run one side; nothing is written")
    add("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
    return options


def _is_standard(given: argparse.Namespace) -> bool:
    settings = (given.space.resolve(), given.trials, given.epochs, given.only)
    return settings == (SPACE.resolve(), TRIALS, EPOCHS, None) and is_standard(given.overrides)


def _prepare(given: argparse.Namespace, folder: Path) -> None:
    """Write the space and the split that both searches take."""
    resolved = resolve_scale(load_space(given.space, [IMAGES, *given.overrides]), find_machine())
    source = find(resolved.data)
    content = resolved.model_dump() | {"trials": given.trials, "epochs": given.epochs}
    if source.folder is not None:
        content["data"]["folder"] = str(source.folder)
    space = Space.model_validate(content)
    split = make_split(space.data, source)
    dump_space(space, folder / "space.yaml")
    split.save(folder / "split.npz")
    print(
        f"{len(split.fit_normals):,} normals and {len(split.fit_anomalies):,} known anomalies, "
        f"validation {len(split.validation_normals):,} + {len(split.validation_anomalies):,}; "
        f"{space.trials} trials of at most {space.epochs} epochs"
    )


def _guide(folder: Path) -> Outcome:
    script = str(Path(__file__).with_name("guide_search.py"))
    output = folder / "guide.json"
    files = {"space": folder / "space.yaml", "split": folder / "split.npz", "output": output}
    options = [word for name, file in files.items() for word in (f"--{name}", str(file))]
    started, ended = run([script, *options], folder / "guide.log")
    result = json.loads(output.read_text())
    if result["failed"]:
        print(f"{result['failed']} trials of the guide's search failed")
    rows = [row for trial in result["trials"] for row in trial]
    best = max(auroc for _, auroc in rows)
    return Outcome(
        trials=len(result["trials"]),
        trial_epochs=len(rows),
        best_auroc=best,
        best_auroc_by_error=best,
        first_result_s=min(reported for reported, _ in rows) - started,
        total_s=ended - started,
    )


def _own(folder: Path) -> Outcome:
    options = ["--space", str(folder / "space.yaml"), "--runs", str(folder), "--name", "own"]
    command = ["-m", "tuner.search", *options, "--wandb", "offline"]
    started, ended = run(command, folder / "own.log")
    own = RunFolder(folder / "own")
    if Split.load(own.split).digest != Split.load(folder / "split.npz").digest:
        raise SystemExit("the two searches had different splits: nothing can be compared")
    events = read_lines(own.journal)
    trials = History(read_journal(own.journal)).trials.values()
    rows = [row.metrics for trial in trials for row in trial.rows]
    return Outcome(
        trials=len(trials),
        trial_epochs=len(rows),
        best_auroc=max(row["auroc"] for row in rows),
        best_auroc_by_error=max(row.get("auroc/error", math.nan) for row in rows),
        first_result_s=next(e["time"] for e in events if e["event"] == "epoch") - started,
        total_s=ended - started,
    )


def _figures(own: Outcome | None, guide: Outcome | None) -> dict[str, float]:
    figures: dict[str, float] = {}
    if own:
        figures |= _of_one("", own)
        figures["best_validation_auroc_by_error"] = own.best_auroc_by_error
    if guide:
        figures |= _of_one("guide_", guide)
    if own and guide:
        pace = own.trial_epochs_per_minute
        figures["ratio_to_guide"] = pace / guide.trial_epochs_per_minute
    return figures


def _of_one(prefix: str, outcome: Outcome) -> dict[str, float]:
    return {
        f"{prefix}trial_epochs_per_minute": outcome.trial_epochs_per_minute,
        f"{prefix}first_result_s": outcome.first_result_s,
        f"{prefix}best_validation_auroc": outcome.best_auroc,
        f"{prefix}trials": outcome.trials,
        f"{prefix}trial_epochs": outcome.trial_epochs,
        f"{prefix}total_s": outcome.total_s,
    }


if __name__ == "__main__":
    main()
