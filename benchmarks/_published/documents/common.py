"""What the rows of several documents share: data sets, protocols, and notes about images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from _published.rows import Entry
from _published.runs import Search
from models.data.registry import DATASETS

TITLES = {"fashion-mnist": "FashionMNIST", "mnist": "MNIST", "cifar-10": "CIFAR-10"}
KNOWN_TO_TEN, KNOWN_TO_ONE, UNSEEN = "P1, 1:10", "P1, 1:1", "P1u, 1:10"
ONE_CLASS, LEFT_OUT = "P2", "P3"
MVTEC_ONE_CLASS, MVTEC_SUPERVISED = "P4", "P4s"

SMALL = 2000
"""Normal images to train on, in the rows with a training for each of many systems and classes."""

JPEG = "CIFAR-10 is decoded from JPEG here: near the official pixels, not equal to them."

_SAMPLER = ("sampler.name=tpe",)
_FIRST_RUNG = {"fencegan": ("scheduler.grace_epochs=auto",)}


def quick_search(space_file: str) -> Search:
    """The search of a space file at its smallest scale, whose best many rows train.

    Its sampler and first rung are pinned: a new default there changes which settings are found,
    not what the detectors do with them, and would make every row stale.
    """
    return Search(space_file=space_file, overrides=_SAMPLER + _FIRST_RUNG.get(space_file, ()))


def classes(dataset: str) -> tuple[str, ...]:
    """The names of a data set's classes."""
    return DATASETS[dataset].class_names


def one_vs_rest(dataset: str, normal: str, known: float, **more: Any) -> dict[str, Any]:
    """P1: one class is normal, and so many anomalies to a normal image are known."""
    return {"dataset": dataset, "normal": [normal], "anomalies_per_normal": known, **more}


def one_class(dataset: str, normal: str, **more: Any) -> dict[str, Any]:
    """P2: one class is normal, and nothing else is seen in fit."""
    return one_vs_rest(dataset, normal, 0, **more)


def leave_one_out(dataset: str, anomalous: str, **more: Any) -> dict[str, Any]:
    """P3: all classes but one are normal."""
    return {"dataset": dataset, "anomalous": [anomalous], "anomalies_per_normal": 0, **more}


def known_classes(dataset: str, normal: str) -> list[str]:
    """P1u: the five classes after the normal one, in turn; those of the other four are unseen."""
    names = classes(dataset)
    place = names.index(normal)
    return [names[(place + step) % len(names)] for step in range(1, 6)]


def about(dataset: str, text: str = "") -> str:
    """A note, with what has to be said of the images."""
    return " ".join(part for part in (text, JPEG if dataset == "cifar-10" else "") if part)


def by_both_scores(row: Entry) -> str:
    """AUROC by the mixture, in brackets by the error alone."""
    return f"{row['ours']:.3f} ({row['more']['by_error']:.3f})"


def merged(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """Settings together, later ones over earlier ones."""
    return {key: value for part in parts for key, value in part.items()}
