"""The folder of all runs: which names are taken there, which run goes on, can it be written to."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from models.names import nearest
from tuner.cli.command_line import check_name
from tuner.errors import TunerError
from tuner.record.lock import driver_of, no_runs
from tuner.record.run_folder import RunFolder

_LONGEST_STEM = 80
"""Which leaves room for a number."""
_MOST_NAMED = 10


def check_runs(runs: Path) -> None:
    """Raise TunerError where runs cannot be written; nothing of the attempt stays."""
    try:
        there = next(path for path in (runs, *runs.absolute().parents) if path.exists())
        tempfile.TemporaryDirectory(prefix=".check-", dir=there).cleanup()
    except OSError as error:
        raise TunerError(no_runs(runs, error)) from error


def name_stem(space_file: Path) -> str:
    """The space file's own name as far as a run can have it: `my space.yaml` gives my-space."""
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "-", space_file.stem).strip("-._+")
    return plain[:_LONGEST_STEM] or "search"


def known_name(name: str, runs: Path) -> str:
    """Return a run's name, which may be any that a folder there has.

    Raises TunerError where neither is so.
    """
    is_plain = name not in ("", ".", "..") and not set(name) & {"/", "\0"}
    if is_plain and RunFolder(runs / name).holds_run():
        return name
    return check_name(name)


def free_name(stem: str, runs: Path, others: Iterable[str] = ()) -> str:
    """Return the stem with the lowest number above all that are taken: quickstart-1.

    What a start left that came to nothing takes no name. `others` are taken elsewhere.
    """
    here = [name for name in _names(runs) if _is_taken(RunFolder(runs / name))]
    return f"{stem}-{max(_numbers(stem, [*here, *others]), default=0) + 1}"


def newest_name(
    stem: str, runs: Path, others: Iterable[str] = (), *, is_run: Callable[[str], bool]
) -> str | None:
    """Return the run of this stem with the highest number, here or elsewhere, or None."""
    numbers = sorted(set(_numbers(stem, [*_names(runs), *others])), reverse=True)
    return next((name for number in numbers if is_run(name := f"{stem}-{number}")), None)


def nearest_run(run_folder: RunFolder) -> str:
    """Return the name of the run beside it that is most like its own, or ""."""
    runs = run_folder.path.parent
    return nearest(run_folder.name, [run.name for run in _runs(runs)])


def which_run(runs: Path) -> str:
    """Ask which run goes on, and name those that can, the newest first."""
    newest = sorted(_runs(runs), key=_last_written, reverse=True)
    if not newest:
        return f"There is no run in {runs} to go on with: start one with --space <file>."
    names = ", ".join(run.name for run in newest[:_MOST_NAMED])
    more = f" and {len(newest) - _MOST_NAMED} older ones" if len(newest) > _MOST_NAMED else ""
    return f"Say which run goes on: --resume --run <name>. In {runs} there are: {names}{more}."


def _runs(runs: Path) -> list[RunFolder]:
    return [run for name in _names(runs) if (run := RunFolder(runs / name)).holds_run()]


def _last_written(run: RunFolder) -> float:
    there = [path for path in (run.space, run.journal) if path.exists()]
    return max((path.stat().st_mtime for path in there), default=0.0)


def _is_taken(run_folder: RunFolder) -> bool:
    return bool(run_folder.foreign_files()) or driver_of(run_folder) is not None


def _names(runs: Path) -> list[str]:
    try:
        return [entry.name for entry in runs.iterdir() if entry.is_dir()] if runs.is_dir() else []
    except OSError as error:
        raise TunerError(no_runs(runs, error)) from error


def _numbers(stem: str, names: Iterable[str]) -> Iterator[int]:
    pattern = re.compile(rf"{re.escape(stem)}-([1-9]\d*)")
    return (int(found[1]) for name in names if (found := pattern.fullmatch(name)))
