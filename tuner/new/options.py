"""What a person said about a folder, and what of it can be judged before a picture is opened."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models import detectors
from models.data.config import SIZES
from models.data.folder.layout import GOOD_NAMES, Layout
from models.data.folder.picture import GOOD
from models.data.preprocessing import Resize
from models.names import unknown
from tuner.errors import TunerError

_MOST_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The options of the command; None and () where the pictures are to tell."""

    folder: Path
    detector: str | None = None
    size: int | None = None
    normal: tuple[str, ...] = ()
    anomalous: tuple[str, ...] = ()
    grayscale: bool | None = None
    resize: Resize = "stretch"
    skip_unreadable: bool = False


def check_wishes(wishes: Wishes) -> None:
    """Raise TunerError for a detector that there is not, or a size that it cannot take."""
    if wishes.normal and wishes.anomalous:
        raise TunerError("give either --normal or --anomalous, not both")
    if wishes.detector is not None and wishes.detector not in detectors.names():
        raise TunerError(f"--detector: {unknown('detector', wishes.detector, detectors.names())}")
    if wishes.size is None:
        return
    low, high = SIZES
    if not low <= wishes.size <= high:
        raise TunerError(
            f"--size: {wishes.size} is not allowed; give a number from {low} to {high}"
        )
    if wishes.detector is not None:
        check_size(wishes.detector, wishes.size)


def check_size(detector: str, size: int) -> None:
    """Raise TunerError for a size that a detector cannot take."""
    if problem := detectors.requirements(detector).size_problem(size):
        raise TunerError(f"--size: {detector}: {problem}")


def check_classes(wishes: Wishes, layout: Layout, command: Sequence[str]) -> None:
    """Raise TunerError where nothing says which classes are normal; `command` looks again."""
    if wishes.normal or wishes.anomalous or GOOD in layout.kinds:
        return
    counts = Counter(picture.kind for picture in layout.pictures)
    shown = [f"  {name}: {counts[name]:,}" for name in layout.kinds[:_MOST_NAMED]]
    more = len(counts) - len(shown)
    names = " or ".join(GOOD_NAMES)
    raise TunerError(
        "\n".join(
            [
                f"{wishes.folder} has {len(counts):,} classes, and none is called {names}:",
                *shown,
                *([f"  and {more:,} more"] if more else []),
                "Say which are normal, once for each, or by --anomalous which are not, such as:",
                f"  {shlex.join([*command, '--normal', layout.kinds[0]])}",
            ]
        )
    )
