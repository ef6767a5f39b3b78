"""Which test images the model is right and wrong about, kept for the report. Imports torch.

They are chosen by their scores, at the one opening of the test split: nothing opens it again.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.arrays import Scores
from models.ensemble import Scoring
from models.pixels import scaled
from tuner.retrain.pictures.maps import TOP
from tuner.retrain.pictures.wall import HEAT, in_colour
from tuner.retrain.test_images import Opened

OF_EACH = 8
_LARGEST = 128  # pixels of a side

Pixels = NDArray[np.uint8]
Groups = dict[str, NDArray[np.int64]]


def telling_rows(score: Scores, anomalous: NDArray[np.bool_], threshold: float) -> Groups:
    """Rows [N] of each group: the clearest first."""
    flagged = score > threshold
    highest, lowest = np.argsort(-score, kind="stable"), np.argsort(score, kind="stable")
    return {
        "detected": highest[(anomalous & flagged)[highest]],
        "missed": lowest[(anomalous & ~flagged)[lowest]],
        "false_alarms": highest[(~anomalous & flagged)[highest]],
    }


def telling_arrays(fitted: Scoring, opened: Opened, score: Scores) -> dict[str, Any]:
    """What `telling-images.npz` holds: pixels uint8 [N, H, W, 3], and what each image is.

    Empty where the images cannot be shown. Of each group it has the first: how many there are in
    all is in metrics.json.
    """
    if fitted.channels not in (1, 3):
        return {}
    images = opened.images
    anomalous = images.anomalous.numpy()
    groups = telling_rows(score, anomalous, fitted.threshold)
    shown = {name: rows[:OF_EACH] for name, rows in groups.items()}
    rows = np.concatenate(list(shown.values()))
    named = range(len(images.names))  # what was made has no file of its own
    names = [images.names[row] if row in named else "" for row in rows.tolist()]
    return {
        **_pictures(fitted, images.images[torch.from_numpy(rows)]),
        "group": np.repeat(list(shown), [len(each) for each in shown.values()]),
        "score": score[rows],
        "kind": np.array([opened.class_names[int(images.classes[row])] for row in rows], dtype=str),
        "name": np.array(names, dtype=str),
    }


def _pictures(fitted: Scoring, chosen: Tensor) -> Mapping[str, Pixels]:
    """Images, reconstructions and maps, as far as the detector has such."""
    if not len(chosen):
        return {"image": np.zeros((0, 1, 1, 3), np.uint8)}
    found = {"image": _bytes(scaled(chosen))}
    remade, maps = fitted.reconstruct(chosen), fitted.anomaly_maps(chosen)
    if remade is not None:
        found["reconstruction"] = _bytes(remade)
    if maps is not None:
        found["map"] = _heat(maps)
    return found


def _bytes(images: Tensor) -> Pixels:
    """[N, C, H, W] in [-1, 1], C 1 or 3."""
    return np.round(in_colour(_small(images)) * 255).astype(np.uint8)


def _heat(maps: Tensor) -> Pixels:
    from matplotlib import colormaps  # noqa: PLC0415 - for --help

    values = _small(maps[:, None])[:, 0].div(TOP).clamp(0, 1).numpy()
    pixels: Pixels = colormaps[HEAT](values, bytes=True)[..., :3]
    return pixels


def _small(images: Tensor) -> Tensor:
    """At most so many pixels to a side: the mean of those that become one."""
    if images.shape[-1] <= _LARGEST:
        return images
    return torch.nn.functional.interpolate(images, (_LARGEST, _LARGEST), mode="area")
