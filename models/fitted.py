"""A trained detector put to use: scores and reconstructions of images, saved and loaded."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from models import detectors
from models.data.preprocessing import Preprocessing
from models.detector_files import (
    CONFIG,
    SUMS,
    WEIGHTS,
    DetectorNotWhole,
    check_config,
    json_bytes,
    mixture_of,
    not_read,
    not_whole,
    object_of,
    preprocessing_of,
    read_whole,
    sum_of,
)
from models.detectors.base import Detector
from models.detectors.fit_view import evenly_spaced
from models.detectors.model import Model, Tensors
from models.detectors.stage import ScoreParts
from models.evaluation.mixture import Mixture
from models.hyperparameters import Value, numbers
from models.lanes.draws import drawn
from models.pixels import scaled

MAPPED_BELOW = 0.999
"""The share of validation normals' pixels whose anomaly map is below 1."""
LEAST_SCALE = 1e-8
_MAPPED_NORMALS = 200
_MAPPED_PIXELS = 2**24
"""So many validation normals, and of all of them so many pixels, tell the scale of anomaly maps."""
_FITTED = "fitted."
_WRONG = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What networks raise that are built or used with settings that are not theirs."""


@dataclass(frozen=True, kw_only=True)
class FittedDetector:
    """Images in, scores out; an image's score does not depend on the batch it came in.

    Images are uint8 [N, channels, size, size], as `preprocessing` makes them of pictures. `weights`
    are named "network.parameter", and "fitted.name" what was computed from the fit normals.
    A score above `threshold` counts as an anomaly: that of the logistic regression fitted on the
    validation scores, or a quantile of the validation normals' where the anomalies were synthetic.
    `error_threshold` is the same on the reconstruction error alone, None for a detector without
    one. `score_spread` is the standard deviation of the validation normals' scores, above 0; None
    where an earlier version saved the detector. `map_scale` is what anomaly maps are divided by;
    None for a detector without maps, or one that an earlier version saved. `stage` is the stage of
    training whose score parts it has, "" where they are the detector's own.
    """

    detector: str
    hyperparameters: dict[str, Value]
    preprocessing: Preprocessing
    weights: Tensors
    mixture: Mixture
    threshold: float
    error_threshold: float | None
    score_spread: float | None = None
    map_scale: float | None = None
    stage: str = ""

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for colour."""
        return self.preprocessing.channels

    @property
    def size(self) -> int:
        """Height and width of the images."""
        return self.preprocessing.size

    def score_parts(self, images: Tensor) -> Tensors:
        """The detector's named scores [N] each. Raises ValueError for images of another kind."""
        self._check(images)
        return self._in_chunks(lambda chunk: self._scored(self._model, chunk), images)

    def score(self, images: Tensor) -> Tensor:
        """The chosen score [N], float64: one part, or the mixture fitted on validation."""
        parts = {name: part.double().numpy() for name, part in self.score_parts(images).items()}
        return torch.from_numpy(self.mixture.score(parts))

    def scaled_score(self, scores: Tensor) -> Tensor:
        """Scores [N] from 0 to 1, float64: 0.5 at the threshold, and never falling with the score.

        The logistic function of the distance from the threshold, in standard deviations of the
        validation normals. It says how far out an image lies and is no probability; what lies some
        37 deviations above is exactly 1. Raises ValueError where an earlier version saved the
        detector, without that deviation.
        """
        if self.score_spread is None:
            raise ValueError(
                "this detector was saved by an earlier version and cannot scale its scores from "
                "0 to 1: retrain it"
            )
        return torch.sigmoid((scores.double() - self.threshold) / self.score_spread)

    def reconstruct(self, images: Tensor) -> Tensor | None:
        """Images as the detector remakes them, float32 in [-1, 1]; None where it makes none."""
        return self._pictures(self._detector.reconstruct, images)

    def anomaly_maps(self, images: Tensor) -> Tensor | None:
        """How anomalous each pixel is [N, H, W], float32, at least 0; None where it cannot say.

        One scale for all images: at 1 are the highest 0.1% of the validation normals' pixels.
        """
        if self.map_scale is None:
            self._check(images)
            return None
        maps = self._pictures(self._detector.anomaly_map, images)
        return None if maps is None else maps / self.map_scale

    def rows_for_maps(self, normals: Tensor) -> Tensor:
        """Of the rows of validation normals those that tell the scale of anomaly maps."""
        most = max(1, min(_MAPPED_NORMALS, _MAPPED_PIXELS // self.size**2))
        if self._detector.scored_per_epoch is not None:
            most = min(most, max(1, self._detector.scored_per_epoch // 10))
        return evenly_spaced(normals, most)

    def with_map_scale(self, normals: Tensor) -> "FittedDetector":
        """The same with the scale of anomaly maps of these images, computed where they are.

        They are uint8 [N, channels, size, size].
        """
        there = self.to(str(normals.device))
        maps = there._pictures(there._detector.anomaly_map, normals)
        if maps is None:
            return self
        scale = float(np.quantile(maps.numpy(), MAPPED_BELOW))  # torch's would sort all pixels
        return dataclasses.replace(self, map_scale=max(scale, LEAST_SCALE))

    @torch.no_grad()
    def generate(self, count: int, seed: int = 0) -> Tensor | None:
        """Images that its generator makes, float32 in [-1, 1]; None where it has none."""
        if self._detector.prior is None:
            return None
        noise = drawn(self._detector.prior, count, torch.Generator().manual_seed(seed))
        made = self._detector.generate(self._model, noise.to(self.device))
        return None if made is None else made.clamp(-1, 1).cpu()

    def _pictures(
        self, function: Callable[[Model, Tensor], Tensor | None], images: Tensor
    ) -> Tensor | None:
        """What a function of the detector makes of images [N, ...], None where that is nothing."""
        self._check(images)
        made = self._in_chunks(lambda chunk: _if_any(function(self._model, chunk)), images)
        return made.get("made")

    def save(self, folder: Path) -> None:
        """Write config.json, model.safetensors, and sums.json by which they are checked."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files().items():
            (folder / name).write_bytes(data)

    def files(self) -> dict[str, bytes]:
        """What `save` writes, by file name.

        To be written in this order, the sums first: a detector that was not replaced in full then
        never passes for a whole one.
        """
        config = {
            name.name: getattr(self, name.name)
            for name in dataclasses.fields(self)
            if name.name not in ("weights", "mixture", "preprocessing")
        }
        config["preprocessing"] = dataclasses.asdict(self.preprocessing)
        config["mixture"] = dataclasses.asdict(self.mixture)
        files = {WEIGHTS: save(self.weights), CONFIG: json_bytes(config)}
        return {SUMS: json_bytes({name: sum_of(data) for name, data in files.items()}), **files}

    @classmethod
    def load(cls, folder: Path) -> "FittedDetector":
        """Read what `save` wrote; what the earliest versions wrote has no sums to be checked by.

        Raises FileNotFoundError where the folder has none of it, and DetectorNotWhole where a file
        is missing, is not the one that the sums are of, or holds what no detector has.
        """
        if not any(os.path.lexists(folder / name) for name in (SUMS, WEIGHTS, CONFIG)):
            raise FileNotFoundError(f"{folder} holds no trained detector: it has no {CONFIG}")
        files = read_whole(folder)
        try:
            config = object_of(files[CONFIG], CONFIG)
            if SUMS not in files and "preprocessing" in config:
                raise DetectorNotWhole(not_whole(folder, f"{SUMS} is missing"))
            mixture = mixture_of(config.pop("mixture"))
            preprocessing = preprocessing_of(config)
            check_config(config)
            known = detectors.resolve(config["detector"], {})
            config["hyperparameters"] = {**known, **config["hyperparameters"]}
            weights = load(files[WEIGHTS])
            made = cls(weights=weights, mixture=mixture, preprocessing=preprocessing, **config)
        except DetectorNotWhole:
            raise
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise DetectorNotWhole(not_read(folder, error)) from None
        return made

    @torch.no_grad()
    def check_networks(self, folder: Path) -> None:
        """Score one black image with what was loaded from a folder, to see that it can.

        Raises DetectorNotWhole where the weights are not those of the detector's networks, or the
        settings, or the image's shape.
        """
        try:
            self._check_settings()
            black = torch.zeros(1, self.channels, self.size, self.size, dtype=torch.uint8)
            black = black.to(self.device)
            parts = self._scored(self._model, scaled(black))
            self.mixture.score({name: part.double().numpy() for name, part in parts.items()})
        except _WRONG as error:
            raise DetectorNotWhole(not_read(folder, error)) from None

    def _check_settings(self) -> None:
        """Raise LookupError or ValueError for those that networks cannot be built with."""
        for each in detectors.hyperparameters(self.detector):
            if each.structural:
                each.check(self.hyperparameters[each.name])

    def to(self, device: str) -> "FittedDetector":
        """The same detector, computing on another device."""
        moved = {name: tensor.to(device) for name, tensor in self.weights.items()}
        return dataclasses.replace(self, weights=moved)

    def _check(self, images: object) -> None:
        """Floats would be scored as if they went to 255, and no error would tell."""
        shape = (self.channels, self.size, self.size)
        if isinstance(images, Tensor):
            if images.dtype == torch.uint8 and images.shape[1:] == shape:
                return
            got = f"a {str(images.dtype).removeprefix('torch.')} tensor {list(images.shape)}"
        else:
            got = f"a {type(images).__module__}.{type(images).__name__}".replace("builtins.", "")
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"images must be a uint8 tensor [N, {wanted}], got {got}")

    @torch.no_grad()
    def _in_chunks(
        self, function: Callable[[Tensor], Mapping[str, Any]], images: Tensor
    ) -> Tensors:
        """What a function makes of all images, always of as many at a time.

        The libraries add up products of another size in another order: without the black images
        that fill up the last chunk, an image's last bits would depend on how many came with it.
        """
        chunks = [
            self._of_chunk(function, chunk)
            for chunk in torch.split(images, self._detector.scored_at_once)
        ]
        return {name: torch.cat([chunk[name] for chunk in chunks]).cpu() for name in chunks[0]}

    def _of_chunk(self, function: Callable[[Tensor], Mapping[str, Any]], images: Tensor) -> Tensors:
        count = len(images)
        filled = images.new_zeros(self._detector.scored_at_once, *images.shape[1:])
        filled[:count] = images
        made = function(scaled(filled.to(self.device)))
        return {name: values[:count] for name, values in made.items()}

    @cached_property
    def _detector(self) -> Detector:
        return detectors.make(self.detector, self.hyperparameters, self.channels, self.size)

    @cached_property
    def _scored(self) -> ScoreParts:
        return self._detector.scored_in(self.stage)

    @cached_property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(iter(self.weights.values())).device

    @cached_property
    def _model(self) -> Model:
        with torch.device("meta"):  # no weights are drawn only to be replaced
            modules = self._detector.networks()
        own = {name: _own_weights(name, module, self.weights) for name, module in modules.items()}
        return Model(
            {name: module.eval() for name, module in modules.items()},
            own,
            {name: {} for name in modules},
            {
                key: torch.tensor(value, device=self.device)
                for key, value in numbers(self.hyperparameters).items()
            },
            fitted_of(self.weights),
        )


def fitted_of(weights: Tensors) -> Tensors:
    """Of all weights those that were computed from the fit normals, by their own names."""
    return {
        name.removeprefix(_FITTED): value
        for name, value in weights.items()
        if name.startswith(_FITTED)
    }


def _if_any(made: Tensor | None) -> Tensors:
    return {} if made is None else {"made": made}


def _own_weights(name: str, module: nn.Module, weights: Tensors) -> Tensors:
    """One network's part of all weights; KeyError where one is missing, ValueError if misshapen."""
    own = {}
    for key, wanted in module.state_dict().items():
        own[key] = weights[f"{name}.{key}"]
        if own[key].shape != wanted.shape:
            shapes = f"{list(own[key].shape)}, not {list(wanted.shape)}"
            raise ValueError(f"the weights {name}.{key} are {shapes}")
    return own
