"""Which images each step of an epoch sees."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.hyperparameters import Value
from models.scoring import scaled

if TYPE_CHECKING:
    from models.data.images import TrainingData


def epoch_order(
    seeds: tuple[int, int], normals: int, anomalies: int, batch_normals: int, batch_anomalies: int
) -> Tensor:
    """Rows [steps, batch] into the fit images (normals first) of one epoch.

    Every normal comes once, in an order drawn from `seeds` (data seed, epoch), and what does not
    fill a batch is left out; fewer normals than a batch make one smaller batch. Known anomalies are
    drawn with replacement. The same for every configuration with the same batch sizes.
    """
    state = np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(state >> np.uint64(1)))
    batch_normals = min(batch_normals, normals)
    steps = normals // batch_normals
    order = torch.randperm(normals, generator=generator)[: steps * batch_normals]
    rows = order.view(steps, batch_normals)
    if not batch_anomalies:
        return rows
    drawn = torch.randint(anomalies, (steps, batch_anomalies), generator=generator)
    return torch.cat([rows, normals + drawn], dim=1)


class FitImages:
    """The fit images on the training device as uint8, and the batches drawn from them."""

    def __init__(
        self,
        data: "TrainingData",
        structure: Mapping[str, Value],
        data_seed: int,
        device: torch.device,
    ):
        self._images = data.fit.images.to(device)
        self._data_seed = data_seed
        anomalies = int(data.fit.anomalous.sum())
        self._normals = len(self._images) - anomalies
        if data.fit.anomalous[: self._normals].any():
            raise ValueError("the fit images must hold the normals first, then the anomalies")
        self._anomalies = anomalies
        self.batch_normals = min(int(structure.get("batch_normals", 1)), self._normals)
        self._batch_anomalies = int(structure.get("batch_anomalies", 0))
        if self._batch_anomalies and not anomalies:
            raise ValueError("this detector needs known anomalies among the fit images, got none")
        self.channels, self.size = self._images.shape[1:3]
        self.steps = self._normals // self.batch_normals
        self.per_epoch = self.steps * (self.batch_normals + self._batch_anomalies)

    def batches(self, epochs: Sequence[int]) -> Iterator[Tensor]:
        """The steps of an epoch: [K, N, C, H, W] in [-1, 1], lane by lane in its own epoch."""
        orders = torch.stack([self._order(epoch) for epoch in epochs], dim=1)
        for rows in orders.to(self._images.device):
            yield scaled(self._images[rows])

    def _order(self, epoch: int) -> Tensor:
        return epoch_order(
            (self._data_seed, epoch),
            self._normals,
            self._anomalies,
            self.batch_normals,
            self._batch_anomalies,
        )
