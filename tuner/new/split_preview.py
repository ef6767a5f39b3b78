"""What each picture will be used for, by the split that the search itself will make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.data.config import DataConfig
from models.data.folder.dataset import OpenedFolder
from models.data.split import Split
from models.evaluation.standard_error import standard_error
from tuner.cli.text import aligned
from tuner.new.paragraphs import paragraph

COLUMNS = ("fit", "validation", "test", "left out")
FEW = 20
"""Fewer pictures of a kind in validation are warned of."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """How many pictures of one kind, in one part of the folder, are for what."""

    kind: str
    anomalous: bool
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """All pictures of the kind."""
        return sum(self.counts.values())


def roles(opened: OpenedFolder, split: Split) -> list[Role]:
    """Every readable picture once: good ones first, then by the folder's parts and kinds.

    What the split does not take, such as equal files and known anomalies above the ratio, is left
    out.
    """
    index = opened.part("fit", "validation").index
    used: dict[str, str] = {}
    for rows, column in (
        (split.fit_normals, "fit"),
        (split.fit_anomalies, "fit"),
        (split.validation_normals, "validation"),
        (split.validation_anomalies, "validation"),
    ):
        used |= dict.fromkeys((index.names[row] for row in rows), column)
    used |= dict.fromkeys(opened.part("test").index.names, "test")
    normal = {opened.class_names[each] for each in opened.normal_classes}
    found: dict[tuple[bool, str], Role] = {}
    for picture in opened.pictures:
        kind = f"{picture.part}/{picture.kind}" if picture.part else picture.kind
        bad = picture.kind not in normal
        empty = Role(kind=kind, anomalous=bad, counts=dict.fromkeys(COLUMNS, 0))
        role = found.setdefault((bad, kind), empty)
        role.counts[used.get(picture.name, "left out")] += 1
    return [found[key] for key in sorted(found, key=lambda key: (key[0], _order(key[1])))]


def _order(kind: str) -> tuple[int, str]:
    parts = ("train/", "validation/", "test/")
    return (next((n for n, part in enumerate(parts) if kind.startswith(part)), -1), kind)


def role_lines(found: Sequence[Role], data: DataConfig, made: int) -> list[str]:
    """The table, with `made` synthetic anomalies in validation, and what is to be said of it."""
    totals = {column: sum(role.counts[column] for role in found) for column in COLUMNS}
    shown = [column for column in COLUMNS if totals[column] or column != "left out"]
    rows = [["", *shown, "pictures"]]
    for role in found:
        label = f"{role.kind}{' (bad)' if role.anomalous else ''}"
        rows.append([label, *(f"{role.counts[column]:,}" for column in shown), f"{role.total:,}"])
    rows.append(["all", *(f"{totals[column]:,}" for column in shown), f"{sum(totals.values()):,}"])
    lines = [
        f"What each picture is for (drawn by data.seed: {data.seed}):",
        *aligned(rows, indent=2),
    ]
    if totals["left out"]:
        lines.append("  left out: equal files, and what is above the limits in the file's data")
    if made:
        lines.append(f"  and in validation {made:,} synthetic anomalies, made of its good pictures")
    return lines + [line for text in _warnings(found, made) for line in paragraph(text, indent=2)]


def _warnings(found: Sequence[Role], made: int) -> list[str]:
    good = _sum(found, "validation", anomalous=False)
    bad = made or _sum(found, "validation", anomalous=True)
    lines = []
    if min(good, bad) < FEW:
        error = standard_error(0.9, normals=good, anomalies=bad)
        lines.append(
            f"! validation has {good:,} good and {bad:,} bad: an AUROC of 0.9 there is known to "
            f"about ± {error:.2f}, and the search may choose by luck"
        )
    if not _sum(found, "test", anomalous=True):
        lines.append(
            "! no bad picture is left for test: retrain will judge by synthetic anomalies there"
        )
    return lines


def _sum(found: Sequence[Role], column: str, *, anomalous: bool) -> int:
    return sum(role.counts[column] for role in found if role.anomalous == anomalous)
