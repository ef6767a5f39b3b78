"""What each picture of a folder is for: fit, validation or test, settled before all else.

Normal pictures without a part of their own: 20% are set aside for test, of the others 80% are for
fit and 20% for validation. Defective ones go by kind:

    shares                          fit    validation    test
    detectors of normals alone       -        30%        70%
    known anomalies in fit          40%       20%        40%
    synthetic validation             -         -        100%

which is what the folder's own `train`, `validation` and `test` leave open: `train` reaches test
only where that has no normal pictures, and `test` reaches fit only with known anomalies, where the
folder has no other place for them. Of equal files one counts and the others are left out, so that
none lies on two sides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from models.data.config import DataConfig
from models.data.folder.picture import Picture
from models.data.places import DataProblem

Side = Literal["fit", "validation", "test", "unused"]
Shares = tuple[float, float]
"""For validation and for test; the rest is for fit."""

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2
_STREAM = 4
"""Of random numbers, beside those of `one_vs_rest`."""
_NEARNESS = {"": 0, "train": 1, "validation": 2, "test": 3}


def divide(
    config: DataConfig,
    pictures: Sequence[Picture],
    digests: Sequence[str],
    is_normal: Callable[[Picture], bool],
    is_known: Callable[[Picture], bool],
) -> list[Side]:
    """Say of each picture what it is for; the same for the same files, configuration and seed.

    `is_known` says of an anomaly whether its kind may be seen before test.

    Raises:
        DataProblem: equal files are normal in one place and defective in another.
    """
    counted = _one_of_each(pictures, digests, is_normal)
    own = _Own([pictures[place] for place in counted], is_normal)
    groups: dict[tuple[str, str], list[int]] = {}
    for place in counted:
        groups.setdefault((pictures[place].part, pictures[place].kind), []).append(place)
    sides: list[Side] = ["unused"] * len(pictures)
    for number, key in enumerate(sorted(groups)):
        first = pictures[groups[key][0]]
        if is_normal(first):
            shares = _normal_shares(config, own, first)
        else:
            shares = _anomaly_shares(config, own, first, known=is_known(first))
        generator = np.random.default_rng([config.seed, _STREAM, number])
        for place, side in _drawn(groups[key], shares, generator).items():
            sides[place] = side
    return sides


def _one_of_each(
    pictures: Sequence[Picture], digests: Sequence[str], is_normal: Callable[[Picture], bool]
) -> list[int]:
    """Places of the pictures that count: of equal files the one nearest to test, then by name."""
    chosen: dict[str, int] = {}
    for place, (picture, digest) in enumerate(zip(pictures, digests, strict=True)):
        other = chosen.setdefault(digest, place)
        if is_normal(pictures[other]) != is_normal(picture):
            linked = pictures[other].path.resolve() == picture.path.resolve()
            remove = "the link that leads from one to the other" if linked else "one of them"
            raise DataProblem(
                f"{pictures[other].name} and {picture.name} are the same file, and it cannot be "
                f"both normal and defective; remove {remove}"
            )
        if _NEARNESS[picture.part] > _NEARNESS[pictures[other].part]:
            chosen[digest] = place
    return sorted(chosen.values())


class _Own:
    """What the folder's own parts have."""

    def __init__(self, pictures: Sequence[Picture], is_normal: Callable[[Picture], bool]) -> None:
        self._kinds = {(picture.part, is_normal(picture)) for picture in pictures}

    def has(self, part: str, *, normal: bool) -> bool:
        return (part, normal) in self._kinds


def _normal_shares(config: DataConfig, own: _Own, picture: Picture) -> Shares | Side:
    validates_itself = own.has("validation", normal=True)
    match picture.part:
        case "validation":
            return "validation"
        case "test":
            labelled = config.validation == "labelled"
            return (0.3, 0.7) if labelled and not validates_itself else "test"
    test = 0.0 if own.has("test", normal=True) else TEST_SHARE
    validation = 0.0 if validates_itself else VALIDATION_SHARE * (1 - test)
    return (validation, test)


def _anomaly_shares(
    config: DataConfig, own: _Own, picture: Picture, *, known: bool
) -> Shares | Side:
    if not known:
        return "test" if picture.part in ("", "test") else "unused"
    if picture.part == "validation":
        return "validation" if config.validation == "labelled" else "unused"
    to_fit = config.anomalies_per_normal > 0
    if picture.part == "train":
        return "fit" if to_fit else "unused"
    if config.validation == "synthetic":
        return "test"
    fit = 0.4 if to_fit and not own.has("train", normal=False) else 0.0
    if own.has("validation", normal=False):
        return (0.0, 1 - fit)
    return (0.2, 0.4) if fit else (0.3, 0.7)


def _drawn(
    places: Sequence[int], shares: Shares | Side, generator: np.random.Generator
) -> dict[int, Side]:
    """Draw a group's sides; what does not divide evenly goes to test before validation."""
    if isinstance(shares, str):
        return dict.fromkeys(places, shares)
    shuffled = [int(place) for place in generator.permutation(places)]
    validation, test = shares
    tests = _rounded(len(shuffled) * test)
    validations = min(_rounded(len(shuffled) * validation), len(shuffled) - tests)
    if validation + test > 1 - 1e-9:  # nothing is for fit
        validations = len(shuffled) - tests
    sides: dict[int, Side] = dict.fromkeys(shuffled, "fit")
    sides |= dict.fromkeys(shuffled[:tests], "test")
    sides |= dict.fromkeys(shuffled[tests : tests + validations], "validation")
    return sides


def _rounded(number: float) -> int:
    """Half up: 0.5 of a picture is one."""
    return int(number + 0.5 + 1e-9)
