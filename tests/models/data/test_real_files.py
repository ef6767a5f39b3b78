"""The published FashionMNIST itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.data import fashion_mnist
from models.data.config import DataConfig
from models.data.images import load_test, load_training
from models.data.places import Source
from models.data.protocol import make_split
from models.data.split import ROW_FIELDS


@pytest.fixture
def source(request: pytest.FixtureRequest) -> Source:
    found: Source = request.getfixturevalue("fashion_mnist")
    return found


def test_the_default_split_has_the_numbers_of_the_protocol(source: Source) -> None:
    config = DataConfig()
    split = make_split(config, source)
    assert [len(split.fit_normals), len(split.fit_anomalies)] == [4800, 480]
    data = load_training(config, source, split)
    assert data.validation.classes.bincount().tolist() == [1200] + [133] * 6 + [134] * 3
    assert data.fit.images.shape == (5280, 1, 32, 32)


def test_the_test_part_has_a_thousand_of_each_class(source: Source) -> None:
    test = load_test(DataConfig(), source)
    assert test.classes.bincount().tolist() == [1000] * 10
    assert torch.equal(test.anomalous, test.classes != 0)


def test_no_image_of_the_split_is_in_the_test_part(source: Source) -> None:
    split = make_split(DataConfig(), source)
    training = fashion_mnist.read_training(source).images
    rows = np.concatenate([getattr(split, field) for field in ROW_FIELDS])
    test = {image.tobytes() for image in fashion_mnist.read_test(source).images}
    assert not test & {image.tobytes() for image in training[rows]}
