"""The random numbers of a stage's steps: functions of data seed, epoch and name."""

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.detectors.model import Tensors
from models.detectors.stage import Draw


def drawn(draw: Draw, rows: int, generator: torch.Generator) -> Tensor:
    """Numbers [rows, *shape] on the generator's device."""
    make = torch.randn if draw.kind == "normal" else torch.rand
    return make((rows, *draw.shape), generator=generator, device=generator.device)


class EpochDraws:
    """One epoch's numbers, step after step. Lanes may be in epochs of their own."""

    def __init__(
        self,
        draws: Sequence[Draw],
        data_seed: int,
        epochs: Sequence[int],
        rows: int,
        device: torch.device,
    ):
        self._draws = draws
        self._epochs = list(epochs)
        self._rows = rows
        self._generators = {
            (draw.name, epoch): _generator(
                (data_seed, epoch, zlib.crc32(draw.name.encode())), device
            )
            for draw in draws
            for epoch in set(epochs)
        }

    def next(self) -> Tensors:
        """The numbers of the next step by name [K, rows, *shape]."""
        return {draw.name: self._of(draw) for draw in self._draws}

    def _of(self, draw: Draw) -> Tensor:
        made = {
            epoch: drawn(draw, self._rows, self._generators[draw.name, epoch])
            for epoch in dict.fromkeys(self._epochs)
        }
        if len(made) == 1:
            (same,) = made.values()
            return same.expand(len(self._epochs), *same.shape)
        return torch.stack([made[epoch] for epoch in self._epochs])


def _generator(seeds: tuple[int, int, int], device: torch.device) -> torch.Generator:
    state = np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state >> np.uint64(1)))
