from dataclasses import replace

import pytest
import torch

from models.data.images import TrainingData
from models.data.preprocessing import Preprocessing
from models.device_images import device_images

CPU = torch.device("cpu")


def test_what_training_must_know_of_validation_would_be_lost(digits: TrainingData) -> None:
    noise = torch.zeros(3, 1, 16, 16, dtype=torch.uint8)
    images = device_images(replace(digits, synthetic=True, noise=noise), CPU)
    assert images.synthetic and images.noise is not None and len(images.noise) == 3
    plain = device_images(digits, CPU)
    assert not plain.synthetic and plain.noise is None


@pytest.mark.parametrize(
    "wrong", [Preprocessing(size=32, channels=1), Preprocessing(size=16, channels=3)]
)
def test_a_detector_would_be_saved_that_refuses_its_own_images(
    digits: TrainingData, wrong: Preprocessing
) -> None:
    with pytest.raises(ValueError, match="images are 1 x 16 x 16, their preprocessing makes"):
        device_images(replace(digits, preprocessing=wrong), CPU)
