"""Deep SAD: Deep SVDD with known anomalies, whose inverse distance to the centre is minimised.

Ruff, Vandermeulen, Goernitz, Binder, Mueller, Mueller, Kloft: "Deep semi-supervised anomaly
detection", ICLR 2020. Normal images are the paper's unlabelled ones, known anomalies its labelled
ones of label -1; the autoencoder that comes first sees both.

Differs from the paper and its code as Deep SVDD does (`models.detectors.deep_svdd`), and: the
centre is the mean of the normal images alone; every batch has as many known anomalies as the last;
the learning rate of the pretraining falls as well.
"""

import torch
from typing_extensions import override

from models.detectors.deep_svdd.detector import DeepSvdd
from models.detectors.model import Model, Tensors
from models.detectors.stage import Batch, Loss

_LEAST_DISTANCE = 1e-6


class DeepSad(DeepSvdd):
    """Networks: those of Deep SVDD."""

    @override
    def _loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        distances = self._distances(model, batch.images)
        inverse = 1 / (distances + _LEAST_DISTANCE)
        losses = torch.where(batch.anomalous, model.settings["eta"] * inverse, distances)
        terms = {
            "distance": batch.normals(distances).mean(),
            "inverse_distance": batch.anomalies(inverse).mean(),
        }
        return Loss(losses.mean(), terms)


DETECTOR = DeepSad
