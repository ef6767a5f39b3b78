"""Which test images the model gets right and wrong: with reconstruction and map."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.cli.text import counted
from tuner.figures.metrics import Metrics, is_made, model_decisions
from tuner.report.arrays import Arrays, read_arrays
from tuner.report.material import Material, of_other
from tuner.report.section import Section
from tuner.report.words import number

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
    if found is None:
        return _section(_sentence(material, metrics, made=made), note=_why_none(material))
    groups = list(_groups(found))
    return _section(_sentence(material, metrics, made=made), groups=groups, made=made)


def _section(sentence: str, **context: Any) -> Section:
    empty = {"groups": [], "made": False, "note": ""}
    title = "Right and wrong"
    return Section(key="images", title=title, sentence=sentence, context=empty | context)


def _why_none(material: Material) -> str:
    """A detector whose images cannot be shown leaves no file."""
    path = material.folder.telling_images
    if path.exists():
        return f"No pictures of them: {path.name} is damaged."
    return "This retrain has left no pictures of them."


def _sentence(material: Material, metrics: Metrics, *, made: bool) -> str:
    counts = model_decisions(metrics)
    missed, wrong = counts["false_negatives"], counts["false_positives"]
    kind = "synthetic anomaly" if made else "anomaly"
    kinds = "synthetic anomalies" if made else "anomalies"
    return (
        f"At its own threshold the model{of_other(material)} misses "
        f"{counted(missed, kind, kinds)} of {missed + counts['true_positives']:,} and flags "
        f"{counted(wrong, 'normal image')} of {wrong + counts['true_negatives']:,}."
    )


def _groups(found: Arrays) -> Iterator[dict[str, Any]]:
    for key, title in _GROUPS:
        rows = np.flatnonzero(found["group"] == key)
        images = [_shown(found, int(row)) for row in rows]
        yield {"title": title, "images": images, "anomalous": key != "false_alarms"}


def _shown(found: Arrays, row: int) -> dict[str, Any]:
    return {
        "score": number(float(found["score"][row])),
        "kind": str(found["kind"][row]),
        "name": str(found["name"][row]),
        "pictures": [(key, _uri(found[key][row])) for key in _PICTURES if key in found],
    }


def _uri(pixels: NDArray[np.uint8]) -> str:
    """A picture within the page itself."""
    from PIL import Image  # noqa: PLC0415 - for --help

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=88)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
