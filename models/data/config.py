"""Which images a search uses and how they are divided."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from models.data.registry import DATASETS, PROTOCOLS, class_index
from models.names import unknown

FOLDS = 5
"""The score mixture is judged on validation in so many parts, each with images of both kinds."""


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """A data set, a protocol and its numbers.

    `normal` left empty means the data set's first class; after construction the field holds it.

    Raises:
        ValueError: a value is outside its range; the text says what is allowed.
    """

    # What stands below each key is its description in the schema of space files.
    __pydantic_config__ = {"use_attribute_docstrings": True}  # noqa: RUF012

    dataset: str = "fashion-mnist"
    """The images, by their name in models/data/registry.py: fashion-mnist or digits."""
    protocol: str = "one-vs-rest"
    """How they are divided: some classes are normal, all others anomalous."""
    normal: tuple[str | int, ...] = ()
    """The normal classes, by name or index; empty means the first class."""
    size: int = 32
    """Height and width that all images are brought to."""
    anomalies_per_normal: float = 0.1
    """Known anomalies to a normal image in fit: 0.1 is one to ten, 0 none."""
    clusters: int = 3
    """Known anomalies come in equal numbers from so many K-Means clusters."""
    fit_normals: int | None = None
    """Normal images to train on; without it, the whole fit split."""
    validation_normals: int = 1200
    """Most normal images in validation; a data set with fewer held-out images gives fewer."""
    validation_anomalies: int = 1200
    """Most anomalous images in validation, all labelled."""
    folder: str | None = None
    """A folder that holds the data set's own files; without it, they are found or downloaded."""
    seed: int = 0
    """Draws the split, and nothing else."""

    def __post_init__(self) -> None:
        _check_name("dataset", self.dataset, DATASETS)
        _check_name("protocol", self.protocol, PROTOCOLS)
        _check_integer("size", self.size, low=8, high=1024)
        _check_ratio(self.anomalies_per_normal)
        _check_integer("clusters", self.clusters, low=1, high=1000)
        if self.fit_normals is not None:
            _check_integer("fit_normals", self.fit_normals, low=1)
        _check_integer("validation_normals", self.validation_normals, low=FOLDS)
        _check_integer("validation_anomalies", self.validation_anomalies, low=FOLDS)
        _check_integer("seed", self.seed, low=0, high=2**32 - 1)
        given = (self.normal,) if isinstance(self.normal, str | int) else tuple(self.normal)
        object.__setattr__(self, "normal", given or DATASETS[self.dataset].class_names[:1])
        self._check_normal()

    @property
    def normal_classes(self) -> tuple[int, ...]:
        """The indices of the normal classes, in ascending order."""
        return tuple(sorted(class_index(self.dataset, given) for given in self.normal))

    def _check_normal(self) -> None:
        classes = self.normal_classes
        if len(set(classes)) < len(classes):
            raise ValueError(f"normal: a class is named twice in {list(self.normal)}; name it once")
        if len(classes) == len(DATASETS[self.dataset].class_names):
            raise ValueError("normal: every class is named, which leaves no anomalies; remove one")


def _check_name(field: str, given: str, allowed: Iterable[str]) -> None:
    names = list(allowed)
    if given not in names:
        raise ValueError(f"{field}: {unknown(field, given, names)}")


def _check_integer(field: str, given: int, *, low: int, high: int | None = None) -> None:
    right_type = isinstance(given, int) and not isinstance(given, bool)
    if not right_type or given < low or (high is not None and given > high):
        allowed = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{field}: {given!r} is not allowed; give a whole number {allowed}")


def _check_ratio(given: float) -> None:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if not is_number or not math.isfinite(given) or given < 0:
        raise ValueError(
            f"anomalies_per_normal: {given!r} is not allowed; give a number of at least 0 "
            "(0.1 is one known anomaly to ten normals, 0 none)"
        )
