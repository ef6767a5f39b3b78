"""A fitted detector or an ensemble as one ONNX file, from a picture of any size to a verdict.

Everything that happens to a picture is inside: colours, resizing, scaling, the networks, the
mixture of the score and the threshold. Resizing is written as two products of matrices, one an
axis, so that sizes may change from call to call and every runtime computes what torchvision does.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from models import detectors
from models.data.preprocessing import Preprocessing
from models.detectors.base import Detector
from models.detectors.model import PlainModel
from models.ensemble import Ensemble, Scoring
from models.evaluation.mixture import LEAST_ERROR
from models.fitted import FittedDetector, fitted_of
from models.hyperparameters import numbers
from models.networks.strided import Doubling, Halving
from models.pixels import scaled

PICTURE, SCORE, ANOMALY, MAP = "picture", "score", "anomaly", "map"
"""Names of the input, uint8 [N, H, W, 3], and of the outputs: float32 [N], bool [N], and float32
[N, S, S] of a detector that has maps."""
OPSET = 18
TOLERANCE = 1e-4
"""How far the file's scores may lie from the detector's; of one above 1, as a share of it."""
_LUMA = (19595, 38470, 7471)
"""Of red, green and blue in Pillow's grey, in parts of 2^16 (ITU-R 601-2)."""
_CHECKED_SHAPES = ((37, 61), (64, 48), (150, 230), (9, 7))


class NotExportable(ValueError):  # noqa: N818 - it says what is wrong
    """A detector cannot be written as ONNX; the text says why."""


def write_onnx(detector: Scoring, path: Path) -> None:
    """Write the detector, which is on the CPU, and hold the file against it.

    Raises:
        NotExportable: it does what ONNX cannot say, or the file does not score as it does.
    """
    if detector.channels not in (1, 3):
        raise NotExportable(f"it takes {detector.channels} numbers, not pictures")
    program = _exported(_Pipeline(detector).eval(), has_map=detector.map_scale is not None)
    program.save(path, external_data=False)
    _check(detector, path)


def _exported(pipeline: nn.Module, *, has_map: bool) -> Any:
    example = torch.zeros(2, 40, 52, 3, dtype=torch.uint8)
    axes = {0: "N", 1: "H", 2: "W"}
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter's own insides
            return torch.onnx.export(
                pipeline,
                (example,),
                dynamo=True,
                dynamic_shapes=(axes,),
                opset_version=OPSET,
                input_names=[PICTURE],
                output_names=[SCORE, ANOMALY, *([MAP] if has_map else [])],
                verbose=False,
            )
    except Exception as error:  # the exporter raises its own kinds, and torch's
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise NotExportable(reason) from error


def _check(detector: Scoring, path: Path) -> None:
    """Random pictures of several shapes through both."""
    import onnxruntime  # noqa: PLC0415  # an extra's

    from models.scoring import Scorer  # noqa: PLC0415

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rng, scorer = np.random.default_rng(0), Scorer(detector)
    for height, width in _CHECKED_SHAPES:
        pictures: NDArray[np.uint8] = rng.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
        wanted = scorer.score(pictures).numpy()
        found = session.run([SCORE], {PICTURE: pictures})[0]
        gap = float((np.abs(wanted - found) / np.maximum(1, np.abs(wanted))).max())
        if not gap <= TOLERANCE:
            raise NotExportable(
                f"the file's scores of {width} x {height} pictures differ by {gap:.2g} from its own"
            )


class _Pipeline(nn.Module):
    """Pictures uint8 [N, H, W, 3] -> score, anomaly and, if there is one, map."""

    def __init__(self, detector: Scoring):
        super().__init__()
        self._detector = detector
        members = detector.members if isinstance(detector, Ensemble) else (detector,)
        self._members = nn.ModuleList(_Networks(member) for member in members)

    @override
    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        detector = self._detector
        images = scaled(square(colours(picture, detector.channels), detector.preprocessing))
        scores, maps = zip(*(member(images) for member in self._members), strict=True)
        score = detector.mean_of(scores) if isinstance(detector, Ensemble) else scores[0]
        outputs = (score.float(), score > detector.threshold)
        drawn = [each for each in maps if each is not None]
        if not drawn or detector.map_scale is None:
            return outputs
        if not isinstance(detector, Ensemble):
            return (*outputs, *drawn)
        return (*outputs, torch.stack(drawn).mean(0) / detector.map_scale)


class _Networks(nn.Module):
    """Images [N, C, S, S] -> a detector's score [N], float64, and its map or None."""

    def __init__(self, detector: FittedDetector):
        super().__init__()
        self._detector = detector
        self._model = _made(detector)
        self._own = nn.ModuleDict(_modules(detector))
        for name, value in numbers(detector.hyperparameters).items():
            self.register_buffer(f"setting_{name}", torch.tensor(value))
        self._fitted = list(fitted_of(detector.weights))
        for name, tensor in fitted_of(detector.weights).items():
            self.register_buffer(f"fitted_{name}", tensor)

    @override
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        settings = {
            name: getattr(self, f"setting_{name}")
            for name in numbers(self._detector.hyperparameters)
        }
        fitted = {name: getattr(self, f"fitted_{name}") for name in self._fitted}
        model = PlainModel(dict(self._own.items()), settings, fitted)
        parts = self._model.scored_in(self._detector.stage)(model, images)
        score = self._mixed(parts)
        if self._detector.map_scale is None:
            return score, None
        drawn = self._model.anomaly_map(model, images)
        return score, None if drawn is None else drawn / self._detector.map_scale

    def _mixed(self, parts: Mapping[str, Tensor]) -> Tensor:
        """As `Mixture.score`."""
        mixture = self._detector.mixture
        score = torch.zeros_like(next(iter(parts.values())), dtype=torch.float64) + mixture.offset
        for name, weight in mixture.weights.items():
            part = parts[name].double()
            if name in mixture.logarithmic:
                part = part.clamp_min(LEAST_ERROR).log()
            score = score + weight * part
        return score


def _made(detector: FittedDetector) -> Detector:
    return detectors.make(
        detector.detector, detector.hyperparameters, detector.channels, detector.size
    )


def _modules(detector: FittedDetector) -> dict[str, nn.Module]:
    """The networks with their weights, every layer the library's own, which ONNX has a word for."""
    modules = _made(detector).networks()
    for name, module in modules.items():
        module.load_state_dict(
            {key: detector.weights[f"{name}.{key}"] for key in module.state_dict()}
        )
        _by_library(module)
    return modules


def _by_library(module: nn.Module) -> None:
    """Replace strided layers, which choose between two ways of computing, by what they extend."""
    for name, child in module.named_children():
        if isinstance(child, Halving | Doubling):
            setattr(module, name, _plain(child))
        else:
            _by_library(child)


def _plain(layer: Halving | Doubling) -> nn.Module:
    kind = nn.Conv2d if isinstance(layer, Halving) else nn.ConvTranspose2d
    plain = kind(layer.in_channels, layer.out_channels, 4, 2, 1, bias=False)
    plain.weight = layer.weight
    return plain


def colours(picture: Tensor, channels: int) -> Tensor:
    """[N, H, W, 3] of bytes -> float32 [N, channels, H, W] of whole numbers; grey is Pillow's."""
    if channels == 3:
        return picture.permute(0, 3, 1, 2).float()
    parts = picture.to(torch.int32).unbind(3)
    total = sum(weight * part for weight, part in zip(_LUMA, parts, strict=True)) + 2**15
    return torch.div(total, 2**16, rounding_mode="floor").float()[:, None]


def square(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """[N, C, H, W] of 0 to 255 -> [N, C, S, S], whole numbers, as `decoding.preprocess` makes."""
    height, width = pixels.shape[2:]
    lengths = [
        torch.full((), length, dtype=torch.float64, device=pixels.device)
        for length in (height, width)
    ]
    side = {
        "stretch": None,
        "pad": torch.maximum(*lengths),
        "crop": torch.minimum(*lengths),
    }[preprocessing.resize]
    down, across = (
        _resizing(length, axis, side, preprocessing.size)
        for length, axis in zip(lengths, (height, width), strict=True)
    )
    return (down @ (pixels @ across.T)).mul(1024).round().div(1024).round().clamp(0, 255)


def _resizing(length: Tensor, count: int, side: Tensor | None, size: int) -> Tensor:
    """How a line of `count` pixels becomes one of `size`: weights [size, count], float32.

    A triangle as wide as a pixel of the result, and no narrower than one of the line: the
    antialiased bilinear filter of Pillow and torch. `side` is the length that becomes `size` long,
    None for this line's own; what is beyond the line's ends is 0.
    """
    place = torch.arange(size, dtype=torch.float64)
    if side is None:
        resized = torch.full_like(length, size)
    else:
        resized = (length * size / side).round().clamp_min(1)
        before = torch.div(size - resized, 2, rounding_mode="floor")
        cut = ((resized - size) / 2).round()
        place = place + torch.where(resized > size, cut, -before)
    step = (length / resized).float()
    centre = step * (place.float()[:, None] + 0.5)
    pixel = torch.arange(count, dtype=torch.float32)[None, :] + 0.5
    weights = F.relu(1 - (pixel - centre).abs() / step.clamp_min(1))
    inside = (place >= 0) & (place < resized)
    weights = weights * inside[:, None]
    return weights / weights.sum(1, keepdim=True).clamp_min(1e-6)
