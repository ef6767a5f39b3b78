"""Where a Ray of our own keeps its files: a folder whose path is short enough for its sockets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tuner.errors import TunerError

_SYSTEM_LIMIT = 107  # bytes in the path of a socket
_LONGEST_BELOW = "/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store.1"
MOST_BYTES = _SYSTEM_LIMIT - len(_LONGEST_BELOW)
_ELSEWHERE = ("/tmp", "/var/tmp", "/dev/shm")


def ray_files(environment: Mapping[str, str] = os.environ) -> tuple[Path, str]:
    """The folder, and what to say where it is not the one that the environment asks for; else "".

    Raises TunerError where there is none.
    """
    variable = next((name for name in ("RAY_TMPDIR", "TMPDIR") if environment.get(name)), "")
    wished = Path(environment[variable] if variable else _ELSEWHERE[0]).absolute()
    why = _unfit(wished)
    if not why:
        return _own(wished), ""
    for place in map(Path, _ELSEWHERE):
        if not _unfit(place):
            return _own(place), f"{variable or wished} {why}: Ray's files go to {_own(place)}."
    raise TunerError(
        f"Ray cannot start on this machine: {variable or wished} {why}, and none of "
        f"{', '.join(_ELSEWHERE)} can be used. Set RAY_TMPDIR to a folder of at most "
        f"{MOST_BYTES - len('/ray')} letters that can be written."
    )


def _unfit(place: Path) -> str:
    """Why Ray's files cannot lie below a folder; "" where they can."""
    longest = len(os.fsencode(_own(place))) - len(os.fsencode(place))
    if len(os.fsencode(place)) + longest > MOST_BYTES:
        return (
            f"is too long for Ray's sockets ({len(os.fsencode(place))} letters; "
            f"{MOST_BYTES - longest} fit)"
        )
    there = next(_existing(place))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return f"cannot be written ({place})"
    return ""


def _own(place: Path) -> Path:
    """Ray's usual folder, or where that is another user's alone, one of this user's."""
    usual = place / "ray"
    taken = usual.exists() and not os.access(usual, os.W_OK | os.X_OK)
    return place / f"ray-{os.getuid()}" if taken else usual


def _existing(place: Path) -> Iterator[Path]:
    """The nearest folder above, or itself, that is there: Ray makes the rest."""
    return (each for each in (place, *place.parents) if each.exists())
