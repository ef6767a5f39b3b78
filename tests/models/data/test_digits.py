"""The digits, read without the library that they come with."""

import numpy as np
from sklearn.datasets import load_digits

from models.data import digits


def test_the_digits_would_not_be_those_of_scikit_learn() -> None:
    images, classes = digits._load()
    theirs = load_digits()
    assert np.array_equal(images, np.rint(theirs.images * 255 / 16))
    assert np.array_equal(classes, theirs.target)
