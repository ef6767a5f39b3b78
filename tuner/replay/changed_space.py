"""The space of a record as `--what-if` changes it: of what its curves can tell, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tuner.errors import Problem, SpaceError
from tuner.record.run_folder import RunFolder
from tuner.space import Space, dump_space, load_space
from tuner.space.samplers import package_problems

WHAT_IF = "--what-if"
_ASKED = ("scheduler", "sampler", "trials", "objective")
_CONCURRENT = ("resources", "concurrent_trials")
ASKABLE = f"{', '.join(_ASKED)} and {'.'.join(_CONCURRENT)}"


def changed_space(recorded: Space, changes: Sequence[str]) -> Space:
    """Change a recorded space by `key=value`, as `--set` does. Raises SpaceError."""
    with TemporaryDirectory() as folder:
        path = RunFolder(Path(folder)).space
        dump_space(recorded, path)
        try:
            space = load_space(path, changes)
        except SpaceError as error:
            origins = {f"--set {change}": f"{WHAT_IF} {change}" for change in changes}
            recorded_lines = [each.origin for each in error.problems if str(path) in each.origin]
            asked = f"{WHAT_IF} {' '.join(changes)}"  # what is recorded was right before it
            raise error.with_origins(origins | dict.fromkeys(recorded_lines, asked)) from None
    if problems := [*_unknowable(recorded, space), *package_problems(space)]:
        raise SpaceError(problems)
    return space


def _unknowable(recorded: Space, space: Space) -> list[Problem]:
    found = _changed(_told(recorded), _told(space))
    before, asked = (each.resources.concurrent_trials for each in (recorded, space))
    if asked == "auto" != before:
        text = "auto is what a machine has room for, and there is none here: give a number"
        found.append(Problem(path=_CONCURRENT, text=text, origin=WHAT_IF))
    return found


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Problem]:
    return [
        Problem(
            path=(key,),
            text=(
                "trials would have trained otherwise, and the recorded curves say nothing of it; "
                f"what can be asked: {ASKABLE}"
            ),
            origin=WHAT_IF,
        )
        for key in before
        if key not in _ASKED and before[key] != after[key]
    ]


def _told(space: Space) -> Mapping[str, Any]:
    section, key = _CONCURRENT
    written = space.model_dump()
    written[section].pop(key)
    return written
