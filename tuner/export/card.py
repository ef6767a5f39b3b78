"""The model card beside an exported detector: what it is, how good, and how it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from models.data.registry import DATASETS, FOLDER
from models.ensemble import Ensemble, Scoring
from models.export import MAP, PICTURE, SCORE
from tuner.record.run_folder import RunFolder
from tuner.retrain.model_folder import StoredModel, read_json
from tuner.versions import installed

_OWN = "not known: the pictures are yours"
_UNKNOWN = "not stated by its authors"
_LICENCES = {
    "fashion-mnist": "MIT (Zalando SE)",
    "mnist": "CC BY-SA 3.0 (Y. LeCun, C. Cortes)",
    "digits": "CC BY 4.0 (E. Alpaydin and C. Kaynak, UCI Machine Learning Repository)",
    "points-2d": "none needed: the points are generated",
}
"""The terms of published data sets, where their authors say them."""
_PACKAGES = ("tuner", "torch", "torchvision", "onnx", "onnxscript", "onnxruntime")
_RESIZED = {
    "stretch": "stretched to",
    "pad": "fitted into, with black borders,",
    "crop": "their middle brought to",
}
_NOT_KNOWN = "not known: an earlier version made this model"


def model_card(model: StoredModel, file_name: str) -> str:
    """The card as Markdown."""
    card = model.card
    parts = [
        f"# {file_name}",
        _about(model),
        _table("What it was made from", _data_rows(card)),
        "\n".join(_figures(model)),
        _table("In and out", _interface_rows(model.detector)),
        _usage(model.detector, file_name),
        _table("Settings", _hyperparameter_rows(model.detector)),
        _table("Versions", _version_rows(card)),
    ]
    return "\n\n".join(parts) + "\n"


def _about(model: StoredModel) -> str:
    made = f", made on {_cell(model.card['date'])}" if "date" in model.card else ""
    text = (
        f"Says whether a picture looks anomalous: an ONNX file of the detector "
        f"{model.detector.detector}{made}. Resizing, scaling and the threshold are inside."
    )
    if model.synthetic:
        text += (
            "\n\n**It has seen no real anomaly.** It was chosen on synthetic anomalies, and its "
            "threshold is a quantile of held-out normal pictures."
        )
    return text


def _data_rows(card: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield "data", card.get("dataset", _NOT_KNOWN)
    yield "normal", _listed(card.get("normal", _NOT_KNOWN))
    yield "protocol", card.get("protocol", _NOT_KNOWN)
    yield "licence of the data", _licence(card)


def _licence(card: Mapping[str, Any]) -> str:
    if card.get("licence"):
        return str(card["licence"])
    dataset = card.get("dataset")
    if dataset is None:
        return _NOT_KNOWN
    published = isinstance(dataset, str) and dataset in DATASETS and dataset != FOLDER
    return _LICENCES.get(str(dataset), _UNKNOWN) if published else _OWN


def _figures(model: StoredModel) -> Iterator[str]:
    """A row a figure that has a mean; what a report holds beside those is left out."""
    figures = _named(model.card.get("figures")) or _reported(model)
    rows = [(name, value) for name, value in figures.items() if _is_spread(value)]
    yield "## How good\n"
    if words := _named(model.card.get("ensemble")).get("in_words"):
        yield f"{_cell(words)}\n"
    if not rows:
        yield "Not known: no report lies beside this model."
        return
    made = model.card.get("test_anomalies", "")
    kind = " The test anomalies are synthetic." if made == "synthetic" else ""
    of = "of this ensemble" if "ensemble" in model.card else "over trainings with fresh seeds"
    yield f"On test pictures, which nothing was chosen by; {of}.{kind}\n"
    yield "| figure | mean | standard deviation | 95% interval |"
    yield "|---|--:|--:|--:|"
    for name, value in rows:
        ends = value.get("ci95")
        interval = " to ".join(map(_figure, ends)) if isinstance(ends, list) else ""
        spread = f"{_figure(value['mean'])} | {_figure(value.get('std'))}"
        yield f"| {_cell(name.replace('_', ' '))} | {spread} | {interval} |"


def _reported(model: StoredModel) -> dict[str, Any]:
    """The test figures of the report in the model's run, {} where there is none."""
    report = _named(read_json(RunFolder(model.folder.absolute().parent).metrics))
    return {f"test_{name}": value for name, value in _named(report.get("test")).items()}


def _named(read: object) -> dict[str, Any]:
    """What a file says by name, {} where it is nothing of the kind."""
    return read if isinstance(read, dict) else {}


def _is_spread(value: object) -> bool:
    return isinstance(value, dict) and _figure(value.get("mean")) != ""


def _figure(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else ""


def _interface_rows(detector: Scoring) -> Iterator[tuple[str, object]]:
    prepared = detector.preprocessing
    colour = "turned to grey" if prepared.channels == 1 else "in colour"
    yield (
        f"`{PICTURE}`",
        f"uint8 [N, H, W, 3]: N pictures of one size, any H and W, red, green and blue from 0 to "
        f"255; inside {colour} and {_RESIZED[prepared.resize]} {prepared.size} x {prepared.size}",
    )
    yield f"`{SCORE}`", "float32 [N]: higher is more anomalous"
    yield "`anomaly`", f"bool [N]: whether the score is above {detector.threshold!r}"
    if detector.map_scale is not None:
        size = prepared.size
        yield (
            f"`{MAP}`",
            f"float32 [N, {size}, {size}]: how anomalous each place is; 99.9% of the places of "
            "normal validation pictures are below 1",
        )


def _usage(detector: Scoring, file_name: str) -> str:
    """Five lines that can be pasted."""
    outputs = "score, anomaly" + (", places" if detector.map_scale is not None else "")
    return "\n".join(
        [
            "## How to run it",
            "",
            "```python",
            "import numpy, onnxruntime  # pip install numpy pillow onnxruntime",
            "from PIL import Image, ImageOps",
            'picture = ImageOps.exif_transpose(Image.open("picture.png")).convert("RGB")',
            f'session = onnxruntime.InferenceSession("{file_name}")',
            f'{outputs} = session.run(None, {{"{PICTURE}": numpy.asarray(picture)[None]}})',
            "```",
            "",
            "Transparent pictures are to be laid over white first, and grey values of 16 bits "
            f"divided by {(2**detector.preprocessing.bits - 1) / 255:g}, as `tuner.score` does.",
        ]
    )


def _hyperparameter_rows(detector: Scoring) -> Iterator[tuple[str, object]]:
    """Of an ensemble whose members differ, their values in the members' order."""
    members = detector.members if isinstance(detector, Ensemble) else (detector,)
    yield "detector", detector.detector
    if len(members) > 1:
        yield "trainings whose standardised scores are averaged", len(members)
    for name in detector.hyperparameters:
        values = [member.hyperparameters[name] for member in members]
        yield name, values[0] if len(set(values)) == 1 else ", ".join(map(str, values))


def _version_rows(card: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, number in _named(card.get("versions")).items():
        yield f"{name}, in training", number
    for package, number in installed(_PACKAGES).items():
        yield f"{package}, in this export", number


def _table(title: str, rows: Iterator[tuple[str, object]]) -> str:
    lines = [f"| {key} | {_cell(value)} |" for key, value in rows]
    return "\n".join([f"## {title}", "", "| | |", "|---|---|", *lines])


def _cell(value: object) -> str:
    """Names of people's own folders may hold anything."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def _listed(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
