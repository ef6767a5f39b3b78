"""Names that W&B takes for no project, found before it would fail after the first epoch."""

from __future__ import annotations

from tuner.errors import Problem
from tuner.space.model import Space

_REFUSED = "/\\#?%:"
_MOST = 128


def project_problems(space: Space) -> list[Problem]:
    """Say so of a new search; what was recorded by an earlier version must be read."""
    name = space.wandb.project
    found = [letter for letter in _REFUSED if letter in name]
    if not found and len(name) <= _MOST:
        return []
    text = f"must have none of {' '.join(_REFUSED)} and at most {_MOST} letters; got {name[:60]!r}"
    return [Problem(path=("wandb", "project"), text=text)]
