"""Trivial measures that tell good from bad, or train from test: what a detector would learn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from models.data.folder.picture import Picture
from tuner.cli.text import aligned
from tuner.new.statistics import Measures

TELLING = 0.95
"""From this AUROC on, a measure alone is said to tell two sides apart."""
CHANCE = 0.01
"""The most that chance may have in any shortcut that is named."""
LEAST = 5
"""Fewer pictures than this on a side say nothing."""


@dataclass(frozen=True, kw_only=True)
class _Measure:
    """A name, the value of a picture, and what a detector learns in place of the defect.

    Where values are words, each word against all others is a measure.
    """

    name: str
    of: Callable[[Measures], float | str]
    instead: str


_MEASURES = (
    _Measure(name="mean brightness", of=lambda each: each.brightness, instead="lamp"),
    _Measure(name="contrast", of=lambda each: each.contrast, instead="lamp"),
    _Measure(name="sharpness", of=lambda each: each.sharpness, instead="lens"),
    _Measure(name="width", of=lambda each: each.width, instead="camera"),
    _Measure(name="height", of=lambda each: each.height, instead="camera"),
    _Measure(name="file size", of=lambda each: each.file_bytes, instead="camera"),
    _Measure(name="colour mode", of=lambda each: each.mode, instead="camera"),
    _Measure(name="file format", of=lambda each: each.format, instead="compression"),
    _Measure(name="JPEG quality", of=lambda each: each.jpeg_quality, instead="compression"),
)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two sides that no trivial measure should tell apart."""

    first: str
    second: str
    of_first: tuple[Measures, ...]
    of_second: tuple[Measures, ...]


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    """How well one measure tells two sides apart: AUROC, 0.5 to 1, whichever side is higher.

    None where it says nothing: too few pictures have it, or it is the same in all.
    """

    measure: str
    comparison: Comparison
    auroc: float | None
    instead: str

    @property
    def sentence(self) -> str:
        """What is to be said of it where it is telling."""
        return (
            f"{self.measure} alone tells {self.comparison.first} from {self.comparison.second} "
            f"({self.auroc:.3f}): a detector will learn the {self.instead}, not the scratch"
        )


def comparisons(
    pictures: Sequence[Picture], measures: Sequence[Measures], anomalous: Sequence[bool]
) -> list[Comparison]:
    """Good against bad within each part of the folder, and its good test pictures against train's.

    Where no part has enough of both, all good ones are compared with all bad ones. Sides with fewer
    than `LEAST` pictures are not compared.
    """
    sides: dict[tuple[str, bool], list[Measures]] = {}
    for picture, each, bad in zip(pictures, measures, anomalous, strict=True):
        sides.setdefault((picture.part, bad), []).append(each)
    found = list(_within_parts(sides))
    if not found:
        pooled: dict[bool, list[Measures]] = {False: [], True: []}
        for (_, bad), of_side in sides.items():
            pooled[bad] += of_side
        found += _compared("bad", pooled[True], "good", pooled[False])
    train = sides.get(("train", False), [])
    for part in ("validation", "test"):
        found += _compared(f"{part}/good", sides.get((part, False), []), "train/good", train)
    return found


def _within_parts(sides: dict[tuple[str, bool], list[Measures]]) -> Iterator[Comparison]:
    for part in ("", "train", "validation", "test"):
        good, bad = sides.get((part, False), []), sides.get((part, True), [])
        before = f"{part}/" if part else ""
        yield from _compared(f"{before}bad", bad, f"{before}good", good)


def _compared(
    first: str, of_first: list[Measures], second: str, of_second: list[Measures]
) -> list[Comparison]:
    if min(len(of_first), len(of_second)) < LEAST:
        return []
    made = Comparison(
        first=first, second=second, of_first=tuple(of_first), of_second=tuple(of_second)
    )
    return [made]


def shortcuts(compared: Sequence[Comparison]) -> list[Shortcut]:
    """Every measure on every comparison, measure by measure."""
    return [
        Shortcut(
            measure=measure.name,
            comparison=comparison,
            auroc=_separation(
                [measure.of(each) for each in comparison.of_first],
                [measure.of(each) for each in comparison.of_second],
            ),
            instead=measure.instead,
        )
        for measure in _MEASURES
        for comparison in compared
    ]


def _separation(first: Sequence[float | str], second: Sequence[float | str]) -> float | None:
    words = {each for each in (*first, *second) if isinstance(each, str)}
    if words:
        each_word = [
            _either_way([x == word for x in first], [x == word for x in second]) for word in words
        ]
        return None if len(words) == 1 else max(each for each in each_word if each is not None)
    return _either_way(
        [float(x) for x in first if not math.isnan(float(x))],
        [float(x) for x in second if not math.isnan(float(x))],
    )


def _either_way(first: Sequence[float], second: Sequence[float]) -> float | None:
    """The AUROC with which values tell two sides apart, the larger of both directions."""
    from models.evaluation.metrics import auroc  # noqa: PLC0415 - scikit-learn

    if min(len(first), len(second)) < LEAST or len({*first, *second}) == 1:
        return None
    import numpy as np  # noqa: PLC0415

    labels = np.array([True] * len(first) + [False] * len(second))
    found = auroc(labels, np.array([*first, *second], np.float64))
    return max(found, 1 - found)


def _is_telling(shortcut: Shortcut, looked_at: int) -> bool:
    """Whether it tells the sides apart, and chance would hardly: of few pictures it often does.

    By the normal approximation of the rank-sum test, for all that was looked at (Bonferroni).
    """
    if shortcut.auroc is None or shortcut.auroc < TELLING:
        return False
    first, second = len(shortcut.comparison.of_first), len(shortcut.comparison.of_second)
    deviation = math.sqrt((first + second + 1) / (12 * first * second))
    chance = 2 * (1 - NormalDist().cdf((shortcut.auroc - 0.5) / deviation))
    return chance * looked_at < CHANCE


def shortcut_lines(found: Sequence[Shortcut]) -> list[str]:
    """A table of all measures, and a sentence for each that is telling."""
    if not found:
        return [
            f"Shortcuts: not looked for, there are fewer than {LEAST} pictures on a side to compare"
        ]
    heads = list(dict.fromkeys((each.comparison.first, each.comparison.second) for each in found))
    rows = [["", *(f"{first} | {second}" for first, second in heads)]]
    for name in dict.fromkeys(each.measure for each in found):
        of_measure = [each for each in found if each.measure == name]
        rows.append([name, *(_shown(each.auroc) for each in of_measure)])
    telling = [each for each in found if _is_telling(each, len(found))]
    lines = [
        "Shortcuts: AUROC by which one trivial measure tells two sides apart (0.5: not at all)"
    ]
    lines += aligned(rows, indent=2)
    if not telling:
        return [*lines, f"  none reaches {TELLING}"]
    lines += [f"  ! {each.sentence}" for each in telling]
    return [*lines, "  Take all pictures in one way, or expect figures that say little of defects."]


def _shown(auroc: float | None) -> str:
    return "-" if auroc is None else f"{auroc:.3f}"
