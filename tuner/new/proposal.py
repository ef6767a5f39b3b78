"""Which detector, and how it is to see and to divide the pictures of a folder."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from models import detectors
from models.data.config import DataConfig
from models.data.places import DataTooSmall
from models.data.registry import FOLDER
from tuner.errors import TunerError
from tuner.new.options import Wishes, check_size
from tuner.new.reasons import (
    KNOWN_WANTED,
    OF_BOTH,
    OF_NORMALS,
    refusal,
    why_known,
    why_normals,
    why_synthetic,
)
from tuner.new.split_counts import Counts, count
from tuner.new.statistics import Measures
from tuner.new.summary import all_grey, bits_used, shorter_side

_MOST_KNOWN = 0.5  # known anomalies to a normal one in fit
_CLUSTERS = 3
_SIDES = (256, 128, 64, 32, 16)
_USUAL_SIDE, _SMALL_SIDE, _SMALL = 64, 32, 40


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A detector with the data that it is to see, and why, in sentences for people."""

    detector: str
    data: DataConfig
    counts: Counts
    why: tuple[str, ...]


def propose(wishes: Wishes, measures: Collection[Measures], cache: Path) -> Proposal:
    """Choose what was left open. Decodes the pictures into the cache.

    Raises:
        TunerError: the detector that was asked for cannot take these pictures.
        DataProblem: nothing can be made of the folder; the text says why.
    """
    base = _base(wishes, measures)
    alone = replace(base, validation="synthetic")
    plain = count(alone, cache)
    labelled = _if_enough(base, cache)
    known_data = replace(base, anomalies_per_normal=0.1)
    known = _if_enough(known_data, cache)
    detector = wishes.detector or _best_detector(known)
    if detectors.requirements(detector).known_anomalies:
        if known is None or not known.can_validate or not known.fit_bad:
            raise TunerError(refusal(detector, plain, known))
        why = why_known(detector, known, asked=wishes.detector is not None)
        return Proposal(
            detector=detector, data=_with_known(known_data, known), counts=known, why=(why,)
        )
    why = why_normals(detector, known, plain, asked=wishes.detector is not None)
    if labelled is not None and labelled.can_validate:
        return Proposal(detector=detector, data=base, counts=labelled, why=(why,))
    return Proposal(
        detector=detector, data=alone, counts=plain, why=(why, why_synthetic(plain, labelled))
    )


def _if_enough(data: DataConfig, cache: Path) -> Counts | None:
    try:
        return count(data, cache)
    except DataTooSmall:
        return None


def _base(wishes: Wishes, measures: Collection[Measures]) -> DataConfig:
    detector = wishes.detector or OF_NORMALS
    size = wishes.size or _proposed_size(detector, measures)
    check_size(detector, size)
    return DataConfig(
        dataset=FOLDER,
        folder=str(wishes.folder),
        normal=wishes.normal,
        anomalous=wishes.anomalous,
        size=size,
        resize=wishes.resize,
        grayscale=all_grey(measures) if wishes.grayscale is None else wishes.grayscale,
        bits=bits_used(measures),
        skip_unreadable=wishes.skip_unreadable,
        anomalies_per_normal=0,
    )


def _proposed_size(detector: str, measures: Collection[Measures]) -> int:
    """64, or 32 for small pictures; never above the pictures' own size, unless that is below 16."""
    own = shorter_side(measures)
    wanted = min(own, _SMALL_SIDE if own <= _SMALL else _USUAL_SIDE)
    allowed = detectors.requirements(detector).sizes or _SIDES
    return max((side for side in allowed if side <= wanted), default=min(allowed))


def _best_detector(known: Counts | None) -> str:
    """What learns from bad pictures where there are enough, all of them left for validation too."""
    enough = known is not None and known.can_validate and known.fit_bad >= KNOWN_WANTED
    return OF_BOTH if enough else OF_NORMALS


def _with_known(data: DataConfig, counts: Counts) -> DataConfig:
    """All known anomalies of the fit side, rounded down to a ratio that people can read."""
    ratio = math.floor(counts.fit_bad / counts.fit_good * 1e3) / 1e3
    return replace(
        data,
        anomalies_per_normal=min(_MOST_KNOWN, ratio),
        clusters=min(_CLUSTERS, counts.fit_bad),
    )
