"""Write docs/run-folder.md: the files of a run, from the docstrings that say where they are.

python -m tuner.reference.run_folder > docs/run-folder.md
"""

from __future__ import annotations

import inspect
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tuner.cli.markdown import in_one_line, print_page, table
from tuner.record.run_folder import RunFolder
from tuner.results.leaderboard import COLUMNS
from tuner.storage.checkpoints import BEST, FOLDER, PLACES, log_key

_HEAD = """\
# The folder of a run

Made by `python -m tuner.reference.run_folder > docs/run-folder.md` from
`tuner/record/run_folder.py` and `tuner/results/leaderboard.py`.

A search writes to `runs/<name>/`. Commands and their exit codes are in [commands.md](commands.md),
what goes to Weights & Biases in [tracking.md](tracking.md), copies on shared storage in
[storage.md](storage.md).

## Files
"""
_OF_A_TRIAL = f"""
## Files of a trial

`{FOLDER}/<number>/` is in the run's folder, or with `--storage` in the storage.

| file | what it is |
| --- | --- |
| `{PLACES[0]}`, `{PLACES[1]}` | the training states of the last two epochs, in turns; removed when the trial has ended |
| `{BEST}/` | the detector of the best epoch, until `storage_limit` needs the room |
| `{Path(log_key(0)).name}` | what happened to the trial, in plain lines |
"""  # noqa: E501 - rows of a table
_REPORT = """
## Files of a retrain

In `retrain/`, beside `metrics.json`:

| file | what it is |
| --- | --- |
| `roc.png`, `pr.png` | ROC and precision-recall curves on test |
| `confusion.png` | confusion matrix at the threshold from validation |
| `examples-fit.png`, `examples-test.png` | images, reconstructions and errors |
| `maps-test.png` | anomaly maps of test images, on one scale |
| `generated.png` | what a generator makes of noise, where the detector has one |

`model/` holds the best seed's detector: `model.safetensors`, `config.json`, their checksums
`sums.json`, and `card.json`, which says what it was trained on and how good it is. Of an ensemble,
`ensemble.json` says how its members' scores are averaged, and `members/` holds them. `tuner.score`,
`tuner.export` and `load` of `tuner.api` read either.

## Columns of `trials.csv`
"""
_COLUMNS_END = """
After these there is a column for each hyperparameter. Only trials that neither failed nor diverged
are ranked; the same scores for all images count as diverged (`collapsed`).

## States
"""
_STATES = (
    ("`complete`", "trained to its last epoch", "complete"),
    (
        "`pruned`: `asha`",
        "stopped, or still paused at the end of the search",
        "pruned, with its values",
    ),
    (
        "`pruned`: `diverged`, `collapsed`",
        "NaN, or all images score the same; never ranked",
        "pruned",
    ),
    ("`failed`", "errors, lost workers or hangs beyond the retries", "failed"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the page, in Markdown."""
    return print_page(argv, "tuner.reference.run_folder", __doc__, page)


def page() -> str:
    """Return the files of a run, of a trial and of a retrain, and the columns of its table."""
    columns = [(f"`{name}`", about) for name, about in COLUMNS.items()]
    lines = [_HEAD, *table(("file", "what it is"), _files()), _OF_A_TRIAL.rstrip(), _REPORT]
    lines += [*table(("column", "what it is"), columns), _COLUMNS_END]
    lines += table(("state", "what happened", "in Optuna"), _STATES)
    return "\n".join(lines) + "\n"


def _files() -> Iterator[Sequence[str]]:
    with tempfile.TemporaryDirectory() as runs:
        run_folder = RunFolder(Path(runs, "name"))
        run_folder.path.mkdir()
        run_folder.space.touch()  # it is a run's folder by that
        for name, kind in vars(RunFolder).items():
            place = getattr(run_folder, name) if isinstance(kind, property) else None
            if isinstance(place, Path):
                yield f"`{_written(place, run_folder)}`", in_one_line(inspect.getdoc(kind))


def _written(place: Path, run_folder: RunFolder) -> str:
    """A path as seen from the run's folder; what has no suffix there is a folder."""
    return os.path.relpath(place, run_folder.path) + ("" if place.suffix else "/")


if __name__ == "__main__":
    sys.exit(main())
