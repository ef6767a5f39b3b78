"""What the rows on MVTec AD share: categories, how the images are divided, and what is said."""

from collections.abc import Mapping
from typing import Any

CATEGORIES = ("bottle", "transistor", "screw", "toothbrush")
NOT_HERE = "leather"
"""Runs where a user has its pictures."""
REPEATS = 3
"""Divisions of the pictures: with so few, one alone says little."""
SIZE = 64
KNOWN = {"bottle": 0.14, "transistor": 0.09, "screw": 0.18, "toothbrush": 0.3, "leather": 0.18}
"""Known anomalies to a normal image: what 40% of the defects allow, rounded down."""
CAVEATS = {
    "screw": "Screw's test/good is darker than its train/good: mean brightness alone has AUROC 1.",
    "toothbrush": "Toothbrush is not comparable: there is no test/good here, a fifth of train/good "
    "stands in.",
}

BELOW = {
    "screw": "the good test images, darker than those of fit, lie further from them than defects do"
}


def folder(category: str, *, draw: int, known: bool = False, grey: bool = False) -> dict[str, Any]:
    """The pictures of a category in one of their divisions."""
    data: dict[str, Any] = {
        "dataset": "folder",
        "folder": f"$TUNER_DATA/mvtec/{category}",
        "size": SIZE,
        "seed": draw,
        "anomalies_per_normal": KNOWN[category] if known else 0,
    }
    return data | ({"clusters": 1} if known else {}) | ({"grayscale": True} if grey else {})


def caveat(category: str, text: str = "", own: Mapping[str, str] = CAVEATS) -> str:
    """A note, with what has to be said of the category."""
    return " ".join(part for part in (text, own.get(category, "")) if part)
