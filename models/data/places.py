"""A source of images, and the walk through the places where one may be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)


class DataProblem(Exception):  # noqa: N818 - those below say what happened
    """Something about the data that the user can put right; its text says how."""


class DataTooSmall(DataProblem, ValueError):  # noqa: N818
    """The settings ask for more images than there are."""


class DataNotFound(DataProblem):
    """No usable copy of the data; the text says what was tried, why it failed, what to do."""


class DataDamaged(DataNotFound):
    """A file is there and is not the published one."""


class SplitDamaged(DataProblem, ValueError):  # noqa: N818
    """The file of a split is no longer what was written."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the images are read from; `folder` is None for data that comes with a package.

    `cache` is where decoded pictures go, and the images of a search as they are used.
    """

    folder: Path | None
    description: str
    cache: Path | None = None


@dataclass(frozen=True, kw_only=True)
class DataLocation:
    """One place to look in; `look` returns the folder with the files or raises `DataNotFound`."""

    description: str
    look: Callable[[], Path]


def take_first(title: str, places: Sequence[DataLocation], advice: str) -> Source:
    """Take the first place that has the files, and log it with the reasons against earlier ones.

    Raises:
        DataNotFound: none has them; the text lists every place, its reason, and `advice`.
    """
    reasons: list[str] = []
    for place in places:
        try:
            folder = place.look()
        except DataNotFound as reason:
            reasons.append(f"{place.description}: {reason}")
            continue
        description = f"{place.description}, {folder}"
        skipped = f" (not taken: {'; '.join(reasons)})" if reasons else ""
        logger.info("%s from %s%s", title, description, skipped)
        return Source(folder=folder, description=description)
    tried = "\n".join(f"  - {reason}" for reason in reasons)
    raise DataNotFound(f"No copy of {title} could be found. Tried:\n{tried}\n{advice}")
