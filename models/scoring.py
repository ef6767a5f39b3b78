"""Pictures as people have them, scored: files, arrays and tensors of any size and colour."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from models.data.decoding import Unreadable, decode, preprocess
from models.data.folder.pictures import SUFFIXES, picture_files
from models.data.preprocessing import Preprocessing
from models.ensemble import Scoring
from models.names import shown

Array: TypeAlias = NDArray[np.uint8]
One: TypeAlias = str | Path | Array | Tensor
Pictures: TypeAlias = One | Sequence[One]

ALLOWED = (
    "allowed are files and folders by their paths, a uint8 array [H, W] or [H, W, 3], several as "
    "[N, H, W], [N, H, W, 3] or [N, 3, H, W], lists of files and of arrays ([H, W], [H, W, 3] or "
    "[3, H, W] of any sizes), and tensors of the same forms"
)
_AT_ONCE = 64
_COLOURS = (1, 3)
_WITH_ALPHA = 4


class Scorer:
    """A detector, or an ensemble of several, that takes pictures of any size and colour.

    `score`, `anomalous` and `scaled_score` take one or more pictures: a path or paths, or a folder,
    whose pictures are taken by name; an array of one or several, or a list of arrays; tensors
    likewise. One uint8 [N, channels, size, size] is taken as the detector itself takes them. A
    picture's score is the same whichever way it comes. `detector` is the detector.

    They raise ValueError for pictures of another kind, and `Unreadable`, which is one, for a file
    that cannot be decoded.
    """

    def __init__(self, detector: Scoring):
        self.detector = detector

    @property
    def threshold(self) -> float:
        """The score above which a picture counts as an anomaly."""
        return self.detector.threshold

    def score(self, pictures: Pictures) -> Tensor:
        """The scores [N], float64: higher is more anomalous."""
        scores = [self.detector.score(images) for images in self._prepared(pictures)]
        return torch.cat(scores) if scores else torch.zeros(0, dtype=torch.float64)

    def anomalous(self, pictures: Pictures) -> Tensor:
        """Which are anomalies [N], bool."""
        return self.score(pictures) > self.threshold

    def scaled_score(self, pictures: Pictures) -> Tensor:
        """The scores [N] from 0 to 1, float64; see `FittedDetector.scaled_score`."""
        return self.detector.scaled_score(self.score(pictures))

    def _fits(self, images: Tensor) -> bool:
        """Whether they are as the detector sees them, or nothing that a picture could be."""
        side = self.detector.size
        as_seen = images.shape[1:] == (self.detector.channels, side, side)
        return as_seen or images.dtype != torch.uint8

    def _prepared(self, pictures: Pictures) -> Iterator[Tensor]:
        """The detector's images [n, C, S, S], few at a time: of files there may be many."""
        if isinstance(pictures, Tensor):
            if not self._fits(pictures):
                yield from self._prepared(_array(pictures))
                return
            yield pictures
            return
        listed = as_list(pictures)
        for start in range(0, len(listed), _AT_ONCE):
            few = listed[start : start + _AT_ONCE]
            yield torch.stack([prepared(one, self.detector.preprocessing) for one in few])


def as_list(pictures: One | Sequence[One]) -> Sequence[One]:
    """One picture each; ValueError for what holds no pictures, or leaves open which it holds."""
    if isinstance(pictures, str | Path):
        return _files(Path(pictures))
    if isinstance(pictures, np.ndarray):
        return _rows(pictures)
    if not isinstance(pictures, Sequence):
        raise ValueError(f"pictures: got {_described(pictures)}; {ALLOWED}")
    return pictures


def prepared(picture: One, preprocessing: Preprocessing) -> Tensor:
    """One picture as detectors see it: uint8 [channels, size, size].

    Raises:
        Unreadable: a file cannot be decoded; the text names it.
        ValueError: it is no picture that is allowed.
    """
    if preprocessing.channels not in _COLOURS:
        raise ValueError(f"this detector takes {preprocessing.channels} numbers, not pictures")
    if isinstance(picture, Tensor):
        picture = _array(picture)
    if isinstance(picture, np.ndarray):
        return _of_array(picture, preprocessing)
    if not isinstance(picture, str | Path):
        raise ValueError(f"pictures: got {_described(picture)} among them; {ALLOWED}")
    try:
        return torch.from_numpy(decode(Path(picture), preprocessing))
    except Unreadable as reason:
        raise Unreadable(f"{picture}: {reason}") from None


def _array(pictures: Tensor) -> Array:
    array: Array = pictures.detach().cpu().numpy()
    return array


def _files(path: Path) -> list[Path]:
    """The pictures of a folder, in the order of their names; else the file."""
    try:
        is_folder = path.is_dir()
    except OSError as error:  # of a name that is too long, say
        raise Unreadable(f"{shown(str(path))}: {error.strerror}") from None
    if not is_folder:
        return [path]
    if found := picture_files(path):
        return found
    raise ValueError(f"{path} has no pictures ({' '.join(sorted(SUFFIXES))})")


def _rows(array: Array) -> list[Array]:
    """The pictures of one array, each [H, W], [H, W, C] or [C, H, W]."""
    _check_bytes(array)
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in _COLOURS):
        return [array]
    colour = array.ndim == 4 and (array.shape[1] in _COLOURS or array.shape[3] in _COLOURS)
    grey = array.ndim == 3 and array.shape[2] != _WITH_ALPHA
    if grey and array.shape[0] in _COLOURS and array.shape[0] != 1:
        raise ValueError(
            f"pictures: got {_described(array)}, which may be one picture in colour or "
            f"{array.shape[0]} grey ones: put the one into a list, or give the others as "
            f"[{array.shape[0]}, H, W, 1]"
        )
    if not colour and not grey:
        raise ValueError(f"pictures: got {_described(array)}; {ALLOWED}")
    return list(array)


def _of_array(array: Array, preprocessing: Preprocessing) -> Tensor:
    """As a file with these pixels is decoded."""
    _check_bytes(array)
    if array.ndim == 3 and array.shape[2] in _COLOURS:
        pixels = array
    elif array.ndim == 3 and array.shape[0] in _COLOURS:
        pixels = array.transpose(1, 2, 0)
    elif array.ndim == 2:
        pixels = array[..., None]
    else:
        raise ValueError(f"pictures: got {_described(array)} among them; {ALLOWED}")
    if not pixels.size:
        raise ValueError(f"pictures: got {_described(array)}, which has no pixels")
    of_grey = pixels.shape[2] == 1
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if of_grey else pixels))
    converted = np.array(picture.convert("L" if preprocessing.channels == 1 else "RGB"))
    native = converted[None] if converted.ndim == 2 else converted.transpose(2, 0, 1)
    return preprocess(torch.from_numpy(native), preprocessing)


def _check_bytes(array: NDArray[Any]) -> None:
    """Values from 0 to 1, or of 16 bits, would be taken for nearly black or cut off."""
    if array.dtype != np.uint8:
        raise ValueError(
            f"pictures: got {_described(array)}; bring its values to whole numbers from 0 to 255 "
            f"of type uint8, in the same way for all pictures; {ALLOWED}"
        )


def _described(given: object) -> str:
    if isinstance(given, np.ndarray):
        return f"a {given.dtype} array {list(given.shape)}"
    if isinstance(given, Tensor):
        return f"a {str(given.dtype).removeprefix('torch.')} tensor {list(given.shape)}"
    return f"a {type(given).__name__}"
