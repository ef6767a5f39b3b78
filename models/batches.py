"""Which images each step of an epoch sees."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from models.detectors.fit_view import FitView
from models.device_images import DeviceImages
from models.hyperparameters import Value


def epoch_order(
    seeds: tuple[int, int], normals: int, anomalies: int, batch_normals: int, batch_anomalies: int
) -> Tensor:
    """Rows [steps, batch] into the fit images (normals first) of one epoch.

    Every normal comes once, in an order drawn from `seeds` (data seed, epoch), and what does not
    fill a batch is left out. Known anomalies are drawn with replacement. The same for every
    configuration with the same batch sizes.
    """
    state = np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(state >> np.uint64(1)))
    steps = normals // batch_normals
    order = torch.randperm(normals, generator=generator)[: steps * batch_normals]
    rows = order.view(steps, batch_normals)
    if not batch_anomalies:
        return rows
    drawn = torch.randint(anomalies, (steps, batch_anomalies), generator=generator)
    return torch.cat([rows, normals + drawn], dim=1)


class FitImages:
    """The fit images on the training device, and the order in which an epoch sees them.

    Fewer normals than a batch make one smaller batch.
    """

    def __init__(self, images: DeviceImages, structure: Mapping[str, Value], data_seed: int):
        self.images = images.fit
        self.data_seed = data_seed
        self.normal_count = images.fit_normals
        self.anomalies = len(images.fit) - images.fit_normals
        self.batch_normals = min(int(structure.get("batch_normals", 1)), self.normal_count)
        self._batch_anomalies = int(structure.get("batch_anomalies", 0))
        self.channels, self.size = self.images.shape[1:3]
        self.steps = self.normal_count // self.batch_normals
        self.per_epoch = self.steps * (self.batch_normals + self._batch_anomalies)

    def normals(self) -> FitView:
        """The normals alone, for what is computed from all of them."""
        return FitView(self.images[: self.normal_count])

    def orders(self, epochs: Sequence[int]) -> Tensor:
        """Rows into `images` of an epoch's steps [steps, K, N], lane by lane in its own epoch."""
        made = {epoch: self._order(epoch) for epoch in set(epochs)}
        return torch.stack([made[epoch] for epoch in epochs], dim=1).to(self.images.device)

    def _order(self, epoch: int) -> Tensor:
        return epoch_order(
            (self.data_seed, epoch),
            self.normal_count,
            self.anomalies,
            self.batch_normals,
            self._batch_anomalies,
        )
