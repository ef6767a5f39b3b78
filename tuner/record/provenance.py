"""What the trials of a search depend on beside its space: the images, their division, the code."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.versions import installed

_ROOT = Path(__file__).parents[2]
_OWN = tuple(_ROOT / name for name in ("models", "tuner"))
_PACKAGES = ("torch", "numpy", "scikit-learn", "optuna")
_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Digests of the split and of the images, and versions by name; empty where it is not known."""

    split_digest: str = ""
    images_digest: str = ""
    code: Mapping[str, str] = field(default_factory=dict)


def check_provenance(recorded: Provenance, now: Provenance, run_folder: RunFolder) -> None:
    """Raise TunerError where trials of now would have other images than the recorded ones.

    Of other images the split is another too: they are looked at first.
    """
    if _differ(recorded.images_digest, now.images_digest):
        raise TunerError(
            f"the images are not those that {run_folder} was recorded on (their digest is "
            f"{now.images_digest[:_SHOWN]}, recorded is {recorded.images_digest[:_SHOWN]}): some "
            "were added, removed, changed or labelled anew; bring them back, or start another "
            "search"
        )
    if _differ(recorded.split_digest, now.split_digest):
        raise TunerError(
            f"{run_folder.split} is not the split that this search was recorded on (its digest is "
            f"{now.split_digest[:_SHOWN]}, recorded is {recorded.split_digest[:_SHOWN]}): bring "
            "the old file back, or remove it to have it made anew, or start another search"
        )


def code_changes(recorded: Provenance, now: Provenance) -> str:
    """Say that earlier trials were trained by other code; "" where they were not, as far as known.

    No search is refused for it: newer versions go on with earlier records.
    """
    changed = [
        f"{name} {recorded.code[name]}, now {now.code.get(name, 'none')}"
        for name in recorded.code
        if recorded.code[name] != now.code.get(name)
    ]
    if not changed:
        return ""
    return (
        f"Other code than before goes on with this search ({'; '.join(changed)}): figures of "
        "trials before and after may differ by that."
    )


@cache
def code_versions() -> dict[str, str]:
    """The versions of what trains and chooses; that of our own code is a digest of its files."""
    return {"python": platform.python_version(), "tuner": code_digest(), **installed(_PACKAGES)}


def code_digest(packages: Iterable[Path] = _OWN) -> str:
    """Twelve letters that are equal where every Python file of these folders is."""
    digest = sha256()
    for folder in packages:
        files = {path.relative_to(folder.parent).as_posix(): path for path in folder.rglob("*.py")}
        for name in sorted(files):
            content = files[name].read_bytes()
            digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:_SHOWN]


def _differ(recorded: str, now: str) -> bool:
    return bool(recorded and now and recorded != now)
