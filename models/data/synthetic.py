"""Anomalies made from normal images, for validation where no bad image is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from models.data.defects import Picture, cut_paste, local_warp, noise_blob, stain

_WAYS: dict[str, Callable[[Picture, Generator], Picture]] = {
    "cut-paste": cut_paste,
    "noise blob": noise_blob,
    "local warp": local_warp,
    "stain": stain,
}
KINDS: tuple[str, ...] = tuple(_WAYS)

VISIBLE = 20
"""A pixel that one channel of has changed by so many of 255 levels is part of the defect."""
LEAST_SIDE = 8

_LEAST_SHARE = 0.01  # of the area; a change that fewer pixels show is no defect
_TRIES = 40


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """Made anomalies: uint8 [count, C, S, S], their masks [count, S, S], indices into `KINDS`.

    A mask holds the pixels that have visibly changed.
    """

    images: Tensor
    masks: Tensor
    kinds: Tensor


def synthesise(images: Tensor, count: int, seed: int) -> Synthetic:
    """Damage normal images, uint8 [N, C, S, S], each as often as the others, in every way in turn.

    The same bytes for the same arguments, and fewer images are the first of more. A defect that
    cannot be seen, like a patch of plain ground pasted on it, is drawn again; on an image that one
    kind cannot change visibly, the next kind takes its turn.

    Raises:
        ValueError: there are no images, or they are not square or smaller than `LEAST_SIDE`.
    """
    _check(images)
    made = np.empty((count, *images.shape[1:]), np.uint8)
    masks = np.empty((count, *images.shape[2:]), np.bool_)
    kinds = np.empty(count, np.int64)
    for row, source in enumerate(_sources(len(images), count, seed)):
        generator = np.random.default_rng((seed, row))
        picture = images[source].numpy()
        made[row], masks[row], kinds[row] = _damaged(picture, row % len(KINDS), generator)
    return Synthetic(
        images=torch.from_numpy(made),
        masks=torch.from_numpy(masks),
        kinds=torch.from_numpy(kinds),
    )


def _check(images: Tensor) -> None:
    if not len(images):
        raise ValueError("synthetic anomalies are made from normal images, and there are none")
    height, width = images.shape[2:]
    if height != width:
        raise ValueError(f"synthetic anomalies need square images, not {height} x {width}")
    if height < LEAST_SIDE:
        size = "one pixel" if height == 1 else f"{height} x {height} pixels"
        raise ValueError(
            f"images of {size} have no room for synthetic anomalies; "
            f"they need at least {LEAST_SIDE} x {LEAST_SIDE}"
        )


def _sources(images: int, count: int, seed: int) -> NDArray[np.int64]:
    """Which image each anomaly is made from [count]: all in a new order, again and again."""
    # A new order each time, so that an image does not meet the same kind of defect again.
    rounds = range(-(-count // images))
    orders = [np.random.default_rng((seed, 0, turn)).permutation(images) for turn in rounds]
    return np.concatenate([np.empty(0, np.int64), *orders])[:count]


def _damaged(
    picture: Picture, kind: int, generator: Generator
) -> tuple[Picture, NDArray[np.bool_], int]:
    """The picture with a visible defect, its mask, and the kind it is."""
    least = max(2, math.ceil(_LEAST_SHARE * picture[0].size))
    for step in range(len(KINDS)):
        used = (kind + step) % len(KINDS)
        for _ in range(_TRIES):
            damaged = _WAYS[KINDS[used]](picture, generator)
            changed = np.abs(damaged.astype(np.int16) - picture).max(0) >= VISIBLE
            if changed.sum() >= least:
                return damaged, changed, used
    raise AssertionError("noise is visible on any picture")
