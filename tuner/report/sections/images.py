"""Which test images the model gets right and wrong: with reconstruction and map."""

import base64
import io
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import detectors
from tuner.cli.text import counted
from tuner.figures.metrics import (
    BEST,
    ENSEMBLE,
    Metrics,
    is_ensemble,
    is_made,
    model_decisions,
)
from tuner.report.arrays import Arrays, read_arrays
from tuner.report.decided import Decided, Decisions, decisions
from tuner.report.material import Material, of_other
from tuner.report.section import Section
from tuner.report.words import listed, number

_GROUPS = (
    ("detected", "Best detected: anomalies with the highest scores"),
    ("missed", "Missed: anomalies below the threshold, the lowest scores first"),
    (
        "false_alarms",
        "Falsely flagged: normal images above the threshold, the highest scores first",
    ),
)
_NEEDED = ("group", "score", "kind", "name")
_PICTURES = ("image", "reconstruction", "map")
_MOST_KINDS = 3
_LISTED = 2000
"""Images of a list: of more, the rest is counted."""


def section(material: Material) -> Section:
    """Three groups of images; nothing but a sentence where a retrain has left none."""
    metrics = material.metrics
    if metrics is None:
        return _section("Which images it gets wrong is seen once the best has been retrained.")
    if "test" not in metrics:
        return _section(
            "Which images are wrong is seen in the folder of each class: each has a model of its "
            "own."
        )
    found, made = read_arrays(material.folder.telling_images, _NEEDED), is_made(metrics)
    decided = decisions(material, metrics)
    told = {"lists": _lists(decided), "beside": list(filter(None, _beside(metrics, found)))}
    sentence = _sentence(material, metrics, decided, made=made)
    if found is None:
        return _section(sentence, note=_why_none(material), **told)
    groups = list(_groups(found, decided))
    return _section(sentence, groups=groups, made=made, **told)


def _section(sentence: str, **context: Any) -> Section:
    empty = {"groups": [], "made": False, "note": "", "lists": [], "beside": []}
    title = "Right and wrong"
    return Section(key="images", title=title, sentence=sentence, context=empty | context)


def _why_none(material: Material) -> str:
    """A detector whose images cannot be shown leaves no file."""
    path = material.folder.telling_images
    if path.exists():
        return f"No pictures of them: {path.name} is damaged."
    return "This retrain has left no pictures of them."


def _sentence(
    material: Material, metrics: Metrics, decided: Decisions | None, *, made: bool
) -> str:
    counts = model_decisions(metrics)
    missed, wrong = counts["false_negatives"], counts["false_positives"]
    kind = "synthetic anomaly" if made else "anomaly"
    kinds = "synthetic anomalies" if made else "anomalies"
    return (
        f"At its own threshold the model{of_other(material)} misses "
        f"{counted(missed, kind, kinds)} of {missed + counts['true_positives']:,}"
        f"{_mostly(decided)} and flags "
        f"{counted(wrong, 'normal image')} of {wrong + counts['true_negatives']:,}."
    )


def _mostly(decided: Decisions | None) -> str:
    """Of which kinds most of the missed are; "" where they are of one kind, or unknown."""
    kinds = [] if decided is None else decided.kinds("missed")
    if decided is None or len(kinds) < 2:
        return ""
    first: list[tuple[str, int]] = []
    while sum(count for _, count in first) * 2 <= len(decided.missed):
        first.append(kinds[len(first)])
    if len(first) > _MOST_KINDS:
        return ""
    return f", mostly {listed([f'{name} ({count:,})' for name, count in first])},"


def _lists(decided: Decisions | None) -> list[dict[str, Any]]:
    """All images that are wrong, by name."""
    if decided is None:
        return []
    wrong = {"Missed": decided.missed, "Falsely flagged": decided.false_alarms}
    return [
        {
            "title": f"{what} images by name, {_how_many(len(images))}, the clearest first",
            "lines": [_line(one) for one in images[:_LISTED]],
            "more": max(0, len(images) - _LISTED),
        }
        for what, images in wrong.items()
        if images and any(one.name for one in images)
    ]


def _how_many(count: int) -> str:
    return f"all {count:,}" if count <= _LISTED else f"{_LISTED:,} of {count:,}"


def _line(one: Decided) -> str:
    """A picture's folder often is its kind: that is said once."""
    name = one.name or "made for test"
    kind = "" if one.kind in name.split("/") else f"{one.kind}, "
    return f"{name}: {kind}{number(one.score)}"


def _beside(metrics: Metrics, found: Arrays | None) -> Iterator[str]:
    """Of which training the model is, and what the pictures mean."""
    seeds = metrics["configuration"]["seeds"]
    if is_ensemble(metrics):
        yield (
            f"The model that is kept is the {metrics[ENSEMBLE]['label']} trainings: these images "
            "are its own, and what is drawn of them is the mean over its members."
        )
    elif "model_seed" in metrics and len(seeds) > 1:
        yield (
            f"The model that is kept is the training with seed {metrics['model_seed']}, the best "
            f"of {len(seeds)} on validation: these images are its own."
        )
    if found is None:
        return
    if "map" in found:
        yield (
            "All maps are on one scale: black is no error, red what one normal pixel in a "
            "thousand exceeds, pale yellow twice that and more."
        )
    best = metrics["configuration"]["contenders"][BEST]
    if "map" in found and best["hyperparameters"].get("score") == "error":
        yield (
            "The score here is the mean error over the whole image: a small defect that its map "
            "shows clearly may still be missed."
        )
    learns = best["detector"] in detectors.names() and detectors.learns_anomalies(best["detector"])
    learns = learns and metrics["configuration"]["data"].get("anomalies_per_normal", 0) > 0
    if "reconstruction" in found and learns:
        yield (
            "This detector is trained with known anomalies to remake whatever is not normal "
            "badly: a black and white pattern with a map that is bright all over, background "
            "included, is how it marks an anomaly, and no fault of the drawing. Such a map does "
            "not say where the anomaly is."
        )


def _groups(found: Arrays, decided: Decisions | None) -> Iterator[dict[str, Any]]:
    for key, title in _GROUPS:
        rows = np.flatnonzero(found["group"] == key)
        named = [] if decided is None else getattr(decided, key)
        known = itertools.zip_longest(rows.tolist(), named[: len(rows)])
        images = [_shown(found, row, one) for row, one in known]
        yield {"title": title, "images": images, "anomalous": key != "false_alarms"}


def _shown(found: Arrays, row: int, decided: Decided | None) -> dict[str, Any]:
    """The picture of a row; images of published data have no file names, but a place."""
    score, name = float(found["score"][row]), str(found["name"][row])
    if not name and decided is not None and math.isclose(decided.score, score, rel_tol=1e-6):
        name = decided.name
    return {
        "score": number(score),
        "kind": str(found["kind"][row]),
        "name": name,
        "pictures": [(key, _uri(found[key][row])) for key in _PICTURES if key in found],
    }


def _uri(pixels: NDArray[np.uint8]) -> str:
    """A picture within the page itself."""
    from PIL import Image  # noqa: PLC0415 - for --help

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=88)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
