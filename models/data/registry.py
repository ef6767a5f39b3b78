"""The data sets and protocols there are: one entry each, in this one place.

Each entry names the module that does the work, so that reading a configuration needs neither
numpy nor scikit-learn. To add a data set, write its module with the three functions of
`DatasetModule` and add an entry; to add a protocol, write a module with `make_split` and add one.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from models.data.config import DataConfig
    from models.data.places import Source
    from models.data.protocol import Split


@dataclass(frozen=True, kw_only=True, eq=False)
class Pixels:
    """Images as the data set has them: uint8 `[N, height, width]`, and their classes `[N]`."""

    images: NDArray[np.uint8]
    classes: NDArray[np.int64]


class DatasetModule(Protocol):
    """What the module of a data set defines."""

    def find(self, folder: Path | None, cache: Path) -> Source:
        """Take the first usable source; raises `DataNotFound`."""

    def read_training(self, source: Source) -> Pixels:
        """Read the official training part, and nothing of the test part."""

    def read_test(self, source: Source) -> Pixels:
        """Read the official test part."""


class ProtocolModule(Protocol):
    """What the module of a protocol defines."""

    def make_split(self, config: DataConfig, pixels: Pixels) -> Split:
        """Divide the official training part."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One data set; the position of a name in `class_names` is the class's index."""

    class_names: tuple[str, ...]
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
        channels=1,
        module_name="models.data.fashion_mnist",
    ),
    "digits": Dataset(
        class_names=tuple("0123456789"),
        channels=1,
        module_name="models.data.digits",
    ),
}

PROTOCOLS = {"one-vs-rest": "models.data.one_vs_rest"}


def protocol_module(name: str) -> ProtocolModule:
    """Import the module of a protocol named in `PROTOCOLS`."""
    return cast(ProtocolModule, importlib.import_module(PROTOCOLS[name]))


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return `; did you mean '...'?` for the closest allowed name, or nothing if none is close.

    A name that begins as the given one does is closer than one that merely resembles it: by
    `tshirt` people mean T-shirt/top, not Shirt.
    """
    spelling = {_letters(name): name for name in allowed}
    begun = [letters for letters in spelling if letters.startswith(_letters(given) or "\0")]
    close = begun or difflib.get_close_matches(_letters(given), spelling, n=1, cutoff=0.5)
    return f"; did you mean {spelling[close[0]]!r}?" if close else ""


def _letters(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


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
    hint = nearest(given, names) if isinstance(given, str) else ""
    raise ValueError(
        f"normal: {dataset} has no class {given!r}; allowed are the names "
        f"{', '.join(names)} or an index from 0 to {len(names) - 1}{hint}"
    )
