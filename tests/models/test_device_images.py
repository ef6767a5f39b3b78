from dataclasses import replace

import pytest
import torch

from models.data.images import TrainingData
from models.data.preprocessing import Preprocessing
from models.device_images import DeviceImages, at_most, device_images

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


def _images(digits: TrainingData) -> DeviceImages:
    noise = torch.arange(90, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 16, 16)
    return device_images(replace(digits, noise=noise), CPU)


@pytest.mark.parametrize(("count", "normals", "anomalies"), [(40, 10, 30), (8, 2, 6), (3, 1, 2)])
def test_few_images_would_not_be_of_both_kinds_or_under_the_wrong_label(
    digits: TrainingData, count: int, normals: int, anomalies: int
) -> None:
    """Of 50 normals and 150 anomalies."""
    images = _images(digits)
    few = at_most(images, count)
    assert len(few.validation) == len(few.anomalous) == count
    assert (int((~few.anomalous).sum()), int(few.anomalous.sum())) == (normals, anomalies)
    places = [
        int((images.validation == image).flatten(1).all(1).nonzero()[0, 0])
        for image in few.validation
    ]
    assert places == sorted(places)
    assert [images.anomalous[place] for place in places] == few.anomalous.tolist()
    assert few.noise is not None and len(few.noise) == count
    assert (few.fit is images.fit) and few.fit_normals == images.fit_normals


def test_few_images_would_be_the_first_ones(digits: TrainingData) -> None:
    images = _images(digits)
    few = at_most(images, 20)
    assert few.noise is not None
    assert few.noise[:, 0, 0, 0].tolist() == [90 * number // 20 for number in range(20)]
    assert torch.equal(few.validation[:5], images.validation[torch.arange(5) * 10])
    assert torch.equal(few.validation[5:], images.validation[50 + torch.arange(15) * 10])


@pytest.mark.parametrize("count", [None, 200, 1000])
def test_images_would_be_left_out_where_there_is_time_for_all(
    digits: TrainingData, count: int | None
) -> None:
    images = _images(digits)
    assert at_most(images, count) is images


def test_one_image_of_a_kind_would_be_left_out(digits: TrainingData) -> None:
    few = at_most(_images(digits), 1)
    assert sorted(few.anomalous.tolist()) == [False, True]
