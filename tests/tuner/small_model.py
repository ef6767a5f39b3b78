"""A small trained model in a folder, and pictures for it."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from models import detectors
from models.data.images import LabelledImages, TrainingData
from models.data.preprocessing import Preprocessing, Resize
from models.fitted import FittedDetector
from models.lanes.lane import Lane
from models.trainer import Trainer

SIZE = 16


def picture(number: int, shape: tuple[int, ...] = (24, 32, 3)) -> NDArray[np.uint8]:
    """A smooth gradient, some of it noise; another for each number."""
    rng = np.random.default_rng(number)
    ramp = np.linspace(40, 200, shape[1])[None, :, None] + rng.uniform(-30, 30, (1, 1, 3))
    colour = np.clip(ramp + rng.normal(0, 8, (shape[0], shape[1], 3)), 0, 255).astype(np.uint8)
    return colour if len(shape) == 3 else colour[..., 0]


def trained(
    detector: str = "autoencoder",
    channels: int = 3,
    resize: Resize = "stretch",
    size: int = SIZE,
    epochs: int = 1,
    seed: int = 0,
) -> FittedDetector:
    """A detector after an epoch on generated images."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    ramp = np.linspace(40, 200, size)[None, None, None, :]
    images = np.clip(ramp + rng.normal(0, 8, (80, channels, size, size)), 0, 255).astype(np.uint8)
    images[60:, :, 4:9, 4:9] = 255
    anomalous = torch.arange(80) >= 60
    labels = {"anomalous": anomalous, "classes": anomalous.long()}
    data = TrainingData(
        fit=LabelledImages(images=torch.from_numpy(images), **labels),
        validation=LabelledImages(images=torch.from_numpy(images), **labels),
        preprocessing=Preprocessing(size=size, channels=channels, resize=resize),
    )
    known = {each.name for each in detectors.hyperparameters(detector)}
    small = {"width": 4, "batch_normals": 16, "batch_anomalies": 4, "components": 8}
    wanted = {name: value for name, value in small.items() if name in known}
    lane = Lane(hyperparameters=detectors.resolve(detector, wanted), seed=seed)
    trainer = Trainer(detector, data, [lane], device="cpu", precision="float32")
    for _ in range(epochs):
        trainer.epoch()
    return trainer.fitted(0)


def write_pictures(folder: Path, count: int) -> list[Path]:
    """PNG files of the first pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03}.png" for number in range(count)]
    for number, path in enumerate(paths):
        Image.fromarray(picture(number)).save(path)
    return paths
