"""A model's folder to an ONNX file and its card."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tuner.cli.atomic_results import check_file, drafted
from tuner.errors import TunerError
from tuner.retrain.model_folder import StoredModel

_NEEDED = ("onnx", "onnxscript", "onnxruntime")


def check_installed() -> None:
    """Raise TunerError where the exporter's packages are missing."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise TunerError(
            f"tuner.export needs {', '.join(missing)}, which the extra `export` brings: "
            f"pip install {' '.join(_NEEDED)}"
        )


def card_path(out: Path) -> Path:
    """Where the card of an exported file lies."""
    return out.with_suffix(".md")


def check_output(out: Path, *, overwrite: bool) -> None:
    """Raise TunerError for a name that no file can have, or that one has already."""
    if out.suffix.lower() != ".onnx":
        raise TunerError(f"--out: {out} must end in .onnx, such as detector.onnx")
    try:
        str(out).encode()
    except UnicodeEncodeError:  # ONNX Runtime takes none
        raise TunerError(f"--out: {out} is no text in UTF-8: name another file") from None
    for path in (out, card_path(out)):
        check_file(path, overwrite=overwrite)


def export(model: StoredModel, out: Path) -> None:
    """Write file and card. Raises TunerError for a detector that cannot be exported."""
    from models.export import NotExportable, write_onnx  # noqa: PLC0415 - torch
    from tuner.export.card import model_card  # noqa: PLC0415

    try:
        with drafted(out) as draft, drafted(card_path(out)) as card_draft:
            write_onnx(model.detector, draft)
            card_draft.write_text(model_card(model, out.name), encoding="utf-8")
    except NotExportable as reason:
        raise TunerError(
            f"this model ({model.detector.detector}) cannot be exported: {reason}"
        ) from None
