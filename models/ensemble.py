"""Several trained detectors as one, whose score is the mean of their standardised scores.

What one training says of an image is in part an accident of its seed; the mean of several keeps
what they have in common (Lakshminarayanan et al., "Simple and Scalable Predictive Uncertainty
Estimation using Deep Ensembles", NeurIPS 2017).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.data.preprocessing import Preprocessing
from models.detector_files import (
    SUMS,
    DetectorNotWhole,
    is_number,
    json_bytes,
    not_read,
    not_whole,
    object_of,
    read_file,
    read_whole,
    sum_of,
)
from models.evaluation.mixture import LEAST_SPREAD
from models.evaluation.validation import cuts_of
from models.fitted import LEAST_SCALE, MAPPED_BELOW, FittedDetector
from models.hyperparameters import Value

ENSEMBLE, MEMBERS = "ensemble.json", "members"
_KEYS = {"members", "centres", "spreads", "threshold", "score_spread", "map_scale"}


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Images in, scores out, as of the `FittedDetector`s that are its members [K].

    Each member's score is brought to mean 0 and standard deviation 1 of the validation normals,
    whose mean and deviation are in `centres` and `spreads` [K]; the score is the mean over the
    members. `threshold`, `score_spread` and `map_scale` are as a `FittedDetector` has them.
    """

    members: tuple[FittedDetector, ...]
    centres: tuple[float, ...]
    spreads: tuple[float, ...]
    threshold: float
    score_spread: float
    map_scale: float | None = None

    @classmethod
    def of(
        cls,
        members: Sequence[FittedDetector],
        images: Tensor,
        anomalous: Tensor,
        *,
        synthetic: bool,
    ) -> Ensemble:
        """The ensemble for validation images [N, C, S, S] with these labels [N].

        The threshold is fitted on them as that of a single detector is.
        """
        scores = torch.stack([member.score(images) for member in members])
        normal = scores[:, ~anomalous]
        centres, spreads = normal.mean(1), normal.std(1, correction=0).clamp_min(LEAST_SPREAD)
        mean = ((scores - centres[:, None]) / spreads[:, None]).mean(0)
        made = cls(
            members=tuple(members),
            centres=tuple(centres.tolist()),
            spreads=tuple(spreads.tolist()),
            threshold=float(cuts_of(mean[None], anomalous, synthetic=synthetic)),
            score_spread=float(mean[~anomalous].std(correction=0).clamp_min(LEAST_SPREAD)),
        )
        rows = members[0].rows_for_maps((~anomalous).nonzero()[:, 0])
        maps = made._mean_maps(images[rows])
        if maps is None:
            return made
        scale = float(np.quantile(maps.numpy(), MAPPED_BELOW))
        return dataclasses.replace(made, map_scale=max(scale, LEAST_SCALE))

    @property
    def detector(self) -> str:
        """The name of its members' detector."""
        return self.members[0].detector

    @property
    def hyperparameters(self) -> dict[str, Value]:
        """Those of its first member; others may have others."""
        return self.members[0].hyperparameters

    @property
    def preprocessing(self) -> Preprocessing:
        """What makes the members' images of pictures."""
        return self.members[0].preprocessing

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for colour."""
        return self.preprocessing.channels

    @property
    def size(self) -> int:
        """Height and width of the images."""
        return self.preprocessing.size

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.members[0].device

    def score(self, images: Tensor) -> Tensor:
        """The score [N], float64."""
        return self.mean_of([member.score(images) for member in self.members])

    def mean_of(self, scores: Sequence[Tensor]) -> Tensor:
        """The score [N] where the members' are these [N]."""
        standard = zip(scores, self.centres, self.spreads, strict=True)
        return torch.stack([(score - mean) / spread for score, mean, spread in standard]).mean(0)

    def scaled_score(self, scores: Tensor) -> Tensor:
        """Scores [N] from 0 to 1, float64; see `FittedDetector.scaled_score`."""
        return torch.sigmoid((scores.double() - self.threshold) / self.score_spread)

    def reconstruct(self, images: Tensor) -> Tensor | None:
        """The mean of what the members remake, float32 in [-1, 1]; None where they make none."""
        return _mean(member.reconstruct(images) for member in self.members)

    def anomaly_maps(self, images: Tensor) -> Tensor | None:
        """How anomalous each pixel is [N, H, W]; see `FittedDetector.anomaly_maps`."""
        maps = self._mean_maps(images)
        return None if maps is None or self.map_scale is None else maps / self.map_scale

    def generate(self, count: int, seed: int = 0) -> Tensor | None:
        """None: it has no generator of its own."""
        return None

    def to(self, device: str) -> Ensemble:
        """The same ensemble, computing on another device, with networks of its own."""
        moved = tuple(member.to(device) for member in self.members)
        return dataclasses.replace(self, members=moved)

    def save(self, folder: Path) -> None:
        """Write ensemble.json, the members in folders by their numbers, and sums.json."""
        sums = []
        for number, member in enumerate(self.members):
            place = folder / MEMBERS / str(number)
            member.save(place)
            sums.append(sum_of((place / SUMS).read_bytes()))
        config = {
            "members": sums,
            "centres": self.centres,
            "spreads": self.spreads,
            "threshold": self.threshold,
            "score_spread": self.score_spread,
            "map_scale": self.map_scale,
        }
        data = json_bytes(config)
        (folder / SUMS).write_bytes(json_bytes({ENSEMBLE: sum_of(data)}))
        (folder / ENSEMBLE).write_bytes(data)

    @classmethod
    def load(cls, folder: Path) -> Ensemble:
        """Read what `save` wrote. Raises DetectorNotWhole as `FittedDetector.load` does."""
        data = read_whole(folder, (ENSEMBLE,))
        if SUMS not in data:
            raise DetectorNotWhole(not_whole(folder, f"{SUMS} is missing"))
        try:
            config = _checked(object_of(data[ENSEMBLE], ENSEMBLE))
        except (TypeError, ValueError) as error:
            raise DetectorNotWhole(not_read(folder, error)) from None
        members = [
            _member(folder, number, wanted) for number, wanted in enumerate(config.pop("members"))
        ]
        if any(member.preprocessing != members[0].preprocessing for member in members):
            raise DetectorNotWhole(not_whole(folder, "its members take different images"))
        return cls(members=tuple(members), **config)

    def check_networks(self, folder: Path) -> None:
        """See `FittedDetector.check_networks`."""
        for number, member in enumerate(self.members):
            member.check_networks(folder / MEMBERS / str(number))

    def _mean_maps(self, images: Tensor) -> Tensor | None:
        return _mean(member.anomaly_maps(images) for member in self.members)


Scoring = FittedDetector | Ensemble
"""What scores images: one detector, or several as one."""


def load_scoring(folder: Path) -> Scoring:
    """What `save` of either wrote, whichever it is; raises as their `load` does."""
    return Ensemble.load(folder) if _is_ensemble(folder) else FittedDetector.load(folder)


def _is_ensemble(folder: Path) -> bool:
    """By the sums: a copy of a folder may still have files of what was there before."""
    if not os.path.lexists(folder / SUMS):
        return os.path.lexists(folder / ENSEMBLE)
    try:
        return ENSEMBLE in object_of(read_file(folder, SUMS), SUMS)
    except ValueError as error:
        raise DetectorNotWhole(not_whole(folder, str(error))) from None


def _member(folder: Path, number: int, wanted: str) -> FittedDetector:
    place = folder / MEMBERS / str(number)
    if sum_of(read_file(place, SUMS)) != wanted:
        reason = f"{MEMBERS}/{number} is not the one {ENSEMBLE} was made of"
        raise DetectorNotWhole(not_whole(folder, reason))
    return FittedDetector.load(place)


def _checked(config: dict[str, Any]) -> dict[str, Any]:
    """Raise TypeError or ValueError for what another program wrote into it."""
    if config.keys() != _KEYS:
        raise ValueError(f"it has {', '.join(sorted(config))}, not {', '.join(sorted(_KEYS))}")
    members, centres, spreads = (tuple(config[name]) for name in ("members", "centres", "spreads"))
    if not members or not len(members) == len(centres) == len(spreads):
        counts = f"{len(members)} members, {len(centres)} centres and {len(spreads)} spreads"
        raise ValueError(f"it has {counts}")
    for value in (*centres, *spreads, config["threshold"], config["score_spread"]):
        if not is_number(value):
            raise ValueError(f"{value!r} is no number")
    scale = config["map_scale"]
    positive = [*spreads, config["score_spread"], *([] if scale is None else [scale])]
    if not all(is_number(value) and value > 0 for value in positive):
        raise ValueError("a spread or the scale of maps is not above 0")
    return {**config, "members": members, "centres": centres, "spreads": spreads}


def _mean(made: Iterable[Tensor | None]) -> Tensor | None:
    """The mean of tensors of one shape, one after the other; None where there is none of one."""
    total, count = None, 0
    for each in made:
        if each is None:
            return None
        total, count = each if total is None else total + each, count + 1
    return None if total is None else total / count
