"""How many pictures a configuration gives to fit, validation and test."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from models.data.config import FOLDS, DataConfig
from models.data.folder.dataset import OpenedFolder, open_folder

LEAST_VALIDATION = FOLDS
"""Pictures of each kind in validation, below which its anomalies are synthetic."""
LEAST_BAD = 5
"""Fewer bad pictures than this are all left for test."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Pictures of a folder under one configuration; equal files count once."""

    good: int
    bad: int
    fit_good: int
    fit_bad: int
    validation_good: int
    validation_bad: int
    test_bad: int

    @property
    def can_validate(self) -> bool:
        """Whether labelled pictures of both kinds suffice to choose by."""
        enough = min(self.validation_good, self.validation_bad) >= LEAST_VALIDATION
        return enough and self.bad >= LEAST_BAD


def count(data: DataConfig, cache: Path) -> Counts:
    """How the pictures divide; raises as `open_folder` does."""
    opened = open_folder(data, cache)
    return Counts(
        good=_of(opened, anomalous=False, sides=("fit", "validation", "test")),
        bad=_of(opened, anomalous=True, sides=("fit", "validation", "test", "unused")),
        fit_good=_of(opened, anomalous=False, sides=("fit",)),
        fit_bad=_of(opened, anomalous=True, sides=("fit",)),
        validation_good=_of(opened, anomalous=False, sides=("validation",)),
        validation_bad=_of(opened, anomalous=True, sides=("validation",)),
        test_bad=_of(opened, anomalous=True, sides=("test",)),
    )


def _of(opened: OpenedFolder, *, anomalous: bool, sides: Collection[str]) -> int:
    normal = {opened.class_names[each] for each in opened.normal_classes}
    counted_once = {
        digest
        for picture, digest, side in zip(opened.pictures, opened.digests, opened.sides, strict=True)
        if side in sides and (picture.kind not in normal) == anomalous
    }
    return len(counted_once)
