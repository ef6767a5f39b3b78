"""Small training data from scikit-learn's digits, and trainers upon it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from models import detectors
from models.data.images import LabelledImages, TrainingData
from models.data.preprocessing import Preprocessing
from models.lanes.lane import Lane
from models.trainer import Trainer
from tests.models import toys

GAN = "two-discriminator-gan"
SMALL: dict[str, Any] = {"width": 4, "batch_normals": 16, "batch_anomalies": 4}


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def digits() -> TrainingData:
    """Zeros are normal; 120 of them and 30 others to fit, 50 and 150 to validate, 16 x 16."""
    bunch = load_digits()
    pixels = torch.from_numpy(np.asarray(bunch.images)) / 16 * 255
    images = torch.nn.functional.interpolate(pixels[:, None], 16, mode="bilinear").to(torch.uint8)
    classes = torch.from_numpy(np.asarray(bunch.target)).to(torch.int64)
    normal, other = (classes == 0).nonzero()[:, 0], (classes != 0).nonzero()[:, 0]

    def chosen(rows: torch.Tensor) -> LabelledImages:
        return LabelledImages(
            images=images[rows], anomalous=classes[rows] != 0, classes=classes[rows]
        )

    return TrainingData(
        fit=chosen(torch.cat([normal[:120], other[:30]])),
        validation=chosen(torch.cat([normal[120:170], other[100:250]])),
        preprocessing=Preprocessing(size=16, channels=1),
    )


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> str:
    """A toy of two stages, known like any other detector as long as the test runs."""
    monkeypatch.setattr(detectors, "__path__", [*detectors.__path__, toys.FOLDER])
    return "staged"


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
on_every_device = pytest.mark.parametrize(
    "device", ["cpu", pytest.param("cuda", marks=needs_gpu)], indirect=True
)


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """Where trainers train: on the CPU, but for tests that are marked `on_every_device`."""
    return str(getattr(request, "param", "cpu"))


@pytest.fixture
def make_trainer(digits: TrainingData, device: str) -> Callable[..., Trainer]:
    """A GAN trainer with a lane for each mapping of hyperparameters; seeds count from 0."""

    def make(*lanes: dict[str, Any], detector: str = GAN, **options: Any) -> Trainer:
        small = (
            SMALL if detector == GAN else {k: v for k, v in SMALL.items() if k != "batch_anomalies"}
        )
        known = {h.name for h in detectors.hyperparameters(detector)}
        base = {name: value for name, value in small.items() if name in known}
        made = [
            Lane(
                hyperparameters=detectors.resolve(detector, {**base, **values}),
                seed=int(options.get("first_seed", 0)) + place,
            )
            for place, values in enumerate(lanes or ({},))
        ]
        return Trainer(
            detector,
            digits,
            made,
            device=device,
            precision=options.get("precision", "float32"),
            data_seed=options.get("data_seed", 0),
            epochs=options.get("epochs"),
        )

    return make
