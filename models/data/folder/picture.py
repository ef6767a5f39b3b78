"""One picture of a folder, as its place and its table say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

GOOD = "good"
"""The class of normal pictures, whatever their folder is called."""

OwnPart = Literal["", "train", "validation", "test"]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A file, its name below the folder, and its kind: the class that its place says.

    `part` is what the folder itself says that it is for; "" where that is open. `mask` marks the
    defect, None where there is none.
    """

    path: Path
    name: str
    kind: str
    part: OwnPart = ""
    mask: Path | None = None
