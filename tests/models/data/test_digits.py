"""The digits, read without the library that they come with."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from models.data import digits
from models.data.config import DataConfig
from models.data.registry import DATASETS


def test_the_digits_would_not_be_those_of_scikit_learn() -> None:
    images, classes = digits._load()
    theirs = load_digits()
    assert np.array_equal(images, np.rint(theirs.images * 255 / 16))
    assert np.array_equal(classes, theirs.target)


def test_an_image_would_be_in_both_parts_or_in_none() -> None:
    config = DataConfig(dataset="digits")
    source = digits.find(config, Path("unused"))
    training, test = digits.training_part(config, source), digits.test_part(config, source)
    counts = tuple(np.bincount(training.index.classes).tolist())
    assert counts == DATASETS["digits"].training_counts
    theirs = load_digits()
    first = np.flatnonzero(theirs.target == 3)
    rows = np.flatnonzero(test.index.classes == 3)
    expected = np.rint(theirs.images[first[::5]] * 255 / 16)[:, None]
    assert np.array_equal(test.read(rows), expected)
    assert len(training.index) + len(test.index) == len(theirs.target)
