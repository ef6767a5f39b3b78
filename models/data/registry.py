"""The data sets and protocols there are: one entry each, in this one place.

Each entry names the module that does the work, so that reading a configuration needs neither
numpy nor scikit-learn. To add a data set, write its module with the four functions of
`DatasetModule` and add an entry; of protocols see `models.data.protocol`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from models.names import nearest

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from models.data.places import Source


@dataclass(frozen=True, kw_only=True, eq=False)
class Pixels:
    """Images as the data set has them: uint8 `[N, height, width]`, and their classes `[N]`."""

    images: NDArray[np.uint8]
    classes: NDArray[np.int64]


class DatasetModule(Protocol):
    """What the module of a data set defines.

    `TRAINING_FILES` are the names of the files that `find` and `read_training` read in a folder:
    a search brings them to other machines, and no others.
    """

    TRAINING_FILES: tuple[str, ...]

    def find(self, folder: Path | None, cache: Path) -> Source:
        """Take the first usable source; raises `DataNotFound`."""

    def read_training(self, source: Source) -> Pixels:
        """Read the official training part, and nothing of the test part."""

    def check_test(self, source: Source) -> None:
        """Raise `DataNotFound` where the test part could not be read; looks at no image."""

    def read_test(self, source: Source) -> Pixels:
        """Read the official test part."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One data set; the position of a name in `class_names` is the class's index.

    `training_counts` are the images of each class in the official training part.
    """

    class_names: tuple[str, ...]
    training_counts: tuple[int, ...]
    channels: int
    module_name: str

    @property
    def module(self) -> DatasetModule:
        """Its functions, imported on first use."""
        return cast(DatasetModule, importlib.import_module(self.module_name))


DATASETS = {
    "fashion-mnist": Dataset(
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        training_counts=(6000,) * 10,
        channels=1,
        module_name="models.data.fashion_mnist",
    ),
    "digits": Dataset(
        class_names=tuple("0123456789"),
        training_counts=(142, 145, 141, 146, 144, 145, 144, 143, 139, 144),
        channels=1,
        module_name="models.data.digits",
    ),
}

PROTOCOLS = {"one-vs-rest": "models.data.one_vs_rest"}


def class_index(dataset: str, given: str | int) -> int:
    """Look a class up by its name, upper and lower case alike, or by its index.

    Raises:
        ValueError: there is no such class; the text names the nearest one.
    """
    names = DATASETS[dataset].class_names
    if isinstance(given, str):
        for index, name in enumerate(names):
            if name.lower() == given.strip().lower():
                return index
    elif type(given) is int and 0 <= given < len(names):
        return given
    like = nearest(given, names) if isinstance(given, str) else ""
    hint = f"; nearest: {like}" if like else ""
    raise ValueError(
        f"normal: {dataset} has no class {given!r}; allowed are the names "
        f"{', '.join(names)} or an index from 0 to {len(names) - 1}{hint}"
    )
