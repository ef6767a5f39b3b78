"""The published sets among a space's trials."""

from __future__ import annotations

from models import detectors
from tuner.space.model import Space


def published_trials(space: Space) -> tuple[str, ...]:
    """Return the published sets that the search tries first; each runs its full length.

    Where nothing is searched there is one configuration, and it is the space's own.
    """
    if not space.search:
        return ()
    return tuple(detectors.published(space.detector))[: space.trials]
