"""Images for measurements in which only their shapes matter."""

import torch

from models.data.images import LabelledImages, TrainingData
from models.data.preprocessing import Preprocessing


def random_images(normals: int, anomalies: int) -> TrainingData:
    """32 x 32 images to fit, and a few to validate."""
    return TrainingData(
        fit=_images(normals, anomalies),
        validation=_images(8, 8),
        preprocessing=Preprocessing(size=32, channels=1),
    )


def _images(normals: int, anomalies: int) -> LabelledImages:
    anomalous = torch.arange(normals + anomalies) >= normals
    pixels = torch.randint(0, 256, (len(anomalous), 1, 32, 32), dtype=torch.uint8)
    return LabelledImages(images=pixels, anomalous=anomalous, classes=anomalous.long())
