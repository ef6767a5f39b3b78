"""scikit-learn's own 8 x 8 digits: 1,797 images that come with the package, for use offline.

The data set has no official test part, so one is fixed here by index: within each class, in the
order of the data set, every fifth image from the first on is a test image. The rule is part of
the data set and never changes with a seed.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.places import DataNotFound, Source
from models.data.registry import Pixels

logger = logging.getLogger(__name__)

TRAINING_FILES: tuple[str, ...] = ()
TEST_EVERY = 5
BRIGHTEST = 16  # the data set's grey levels are 0 to 16


def find(folder: Path | None, cache: Path) -> Source:
    """Take the copy in scikit-learn; a folder is refused, for it would be ignored."""
    del cache
    if folder is not None:
        raise DataNotFound(
            f"data.folder is {str(folder)!r}, but the images of digits come with scikit-learn "
            "and are not read from a folder; remove data.folder, or choose another data set"
        )
    logger.info("digits from scikit-learn, with which they come")
    return Source(folder=None, description="scikit-learn")


def read_training(source: Source) -> Pixels:
    """Read the images that are not test images, in the order of the data set."""
    del source
    images, classes = _load()
    chosen = ~_is_test(classes)
    return Pixels(images=images[chosen], classes=classes[chosen])


def check_test(source: Source) -> None:
    """Nothing can be missing: all images come in one file with the package."""
    del source


def read_test(source: Source) -> Pixels:
    """Read the test images, in the order of the data set."""
    del source
    images, classes = _load()
    chosen = _is_test(classes)
    return Pixels(images=images[chosen], classes=classes[chosen])


def _load() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read the package's own file: importing the package would cost every worker two seconds."""
    package = find_spec("sklearn")
    assert package is not None
    assert package.submodule_search_locations is not None
    file = Path(package.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"
    table = np.loadtxt(file, delimiter=",")  # 64 grey levels and the class, as load_digits has them
    images = np.rint(table[:, :-1].reshape(-1, 8, 8) * (255 / BRIGHTEST)).astype(np.uint8)
    return images, table[:, -1].astype(np.int64)


def _is_test(classes: NDArray[np.int64]) -> NDArray[np.bool_]:
    chosen = np.zeros(len(classes), dtype=np.bool_)
    for index in np.unique(classes):
        chosen[np.flatnonzero(classes == index)[::TEST_EVERY]] = True
    return chosen
