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

from models.data.config import DataConfig
from models.data.index import Part
from models.data.places import Source
from models.data.published import Pixels, part_of, refuse_folder

logger = logging.getLogger(__name__)

TEST_EVERY = 5
BRIGHTEST = 16  # the data set's grey levels are 0 to 16


def find(config: DataConfig, cache: Path) -> Source:
    """Take the copy in scikit-learn; a folder is refused, for it would be ignored."""
    del cache
    refuse_folder(config, title="the images of digits", why="come with scikit-learn")
    logger.info("digits from scikit-learn, with which they come")
    return Source(folder=None, description="scikit-learn")


def training_part(config: DataConfig, source: Source) -> Part:
    """Read the images that are not test images, in the order of the data set."""
    del source
    images, classes = _load()
    chosen = ~_is_test(classes)
    return part_of(config, Pixels(images=images[chosen, None], classes=classes[chosen]))


def check_test(config: DataConfig, source: Source) -> None:
    """Nothing can be missing: all images come in one file with the package."""
    del config, source


def test_part(config: DataConfig, source: Source) -> Part:
    """Read the test images, in the order of the data set."""
    del source
    images, classes = _load()
    chosen = _is_test(classes)
    return part_of(config, Pixels(images=images[chosen, None], classes=classes[chosen]))


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
