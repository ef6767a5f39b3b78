"""The space that the options ask for: of a file, with what was typed beside it, or of a record."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.errors import SpaceError, TunerError
from tuner.record.run_folder import RunFolder
from tuner.search.options import More

if TYPE_CHECKING:
    from tuner.space import Space

_SHORTHANDS = {"trials": "trials", "seed": "sampler.seed", "wandb": "wandb.mode"}


def wanted_space(given: argparse.Namespace, run_folder: RunFolder, recorded: Space | None) -> Space:
    """Return the space to search, which may go on with the one that is recorded."""
    from tuner.record.compatibility import resumed_space  # noqa: PLC0415 - for --help

    if recorded is not None:
        wanted = _loaded(given, given.space or run_folder.space, recorded)
        return resumed_space(recorded, wanted, run_folder)
    if given.space is None:
        raise TunerError(_nothing_to_resume(given, run_folder))
    if isinstance(given.trials, More):
        raise TunerError(
            f"--trials {given.trials} adds to a run that there is: go on with it by --resume "
            f"--run <name>; a new search takes a number, --trials {given.trials.trials}."
        )
    space = _loaded(given, given.space)
    if files := run_folder.foreign_files():
        raise TunerError(exists_text(run_folder, files))
    return space


def exists_text(run_folder: RunFolder, files: Sequence[str]) -> str:
    """What to say of a folder that a new search would be made in."""
    remedy = "" if run_folder.space.name not in files else "go on with it by --resume, or "
    return (
        f"{run_folder} exists, with {', '.join(files[:3])} in it, and is never overwritten: "
        f"{remedy}start another search with --run."
    )


def address_of(given: argparse.Namespace) -> str | None:
    """The cluster's address, given or of the environment; None for this machine alone."""
    from tuner.backend.address import named_address  # noqa: PLC0415

    return named_address(given.address)


def _nothing_to_resume(given: argparse.Namespace, run_folder: RunFolder) -> str:
    if given.resume:
        from tuner.record.run_names import nearest_run  # noqa: PLC0415 - for --help

        like = nearest_run(run_folder)
        hint = f"nearest: {like}" if like else "start one with --space <file>"
        return f"{run_folder} holds no search to resume; {hint}."
    return "Say what to search with --space <file>, or go on with this run by --resume."


def _loaded(given: argparse.Namespace, path: Path, recorded: Space | None = None) -> Space:
    """Read the space, that of a new search where none is recorded.

    What is wrong with a shorthand is said of the option that was typed.
    """
    from tuner.planning.machine import find_machine  # noqa: PLC0415
    from tuner.space import load_space  # noqa: PLC0415

    machine = None if address_of(given) else find_machine()
    said = {option: getattr(given, option) for option in _SHORTHANDS}
    typed = {
        f"{_SHORTHANDS[option]}={_meant(value, recorded)}": f"--{option} {value}"
        for option, value in said.items()
        if value is not None
    }
    try:
        return load_space(path, [*given.overrides, *typed], machine, new=recorded is None)
    except SpaceError as error:
        options = {f"--set {key}": option for key, option in typed.items()}
        raise error.with_origins(options) from None


def _meant(value: object, recorded: Space | None) -> object:
    if isinstance(value, More) and recorded is not None:
        return recorded.trials + value.trials
    return value
