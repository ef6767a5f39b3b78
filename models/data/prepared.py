"""Where the file with a search's images lies in a cache. Torch-free."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from models.data.config import DataConfig
from models.data.split import Split

_FOLDER = "prepared"
_VERSION = 3
"""Of what the file holds: those of another are made anew."""


def prepared_path(config: DataConfig, split: Split, cache: Path) -> Path:
    """The file is named after all that its content depends on."""
    said = [
        _VERSION,
        [version("pillow"), version("torchvision"), version("scipy")],
        config.dataset,
        split.digest,
        asdict(config.preprocessing),
        config.validation,
        config.validation_anomalies,
        config.seed,
        *([split.labels] if split.labels else []),
    ]
    name = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
    return cache.absolute() / _FOLDER / f"{name}.safetensors"


def sum_file(path: Path) -> Path:
    """The file beside a prepared one that holds its sha256, and its size and time by then."""
    return path.with_suffix(".sha256")


def note_sum(path: Path, sha256: str) -> None:
    """Write down the sha256 of a file that was just written, whole or not at all."""
    draft = path.with_name(f".{path.name}.sum.{os.getpid()}")
    draft.write_text(f"{sha256} {_stamp(path)}")
    draft.replace(sum_file(path))


def noted_sum(path: Path) -> str:
    """The sha256 that was written down; "" where there is none."""
    try:
        return sum_file(path).read_text().partition(" ")[0]
    except OSError:
        return ""


def is_whole(path: Path) -> bool:
    """Whether a prepared file is what was written: read through only where its stamp differs."""
    try:
        noted, _, stamp = sum_file(path).read_text().partition(" ")
        if stamp == _stamp(path):
            return bool(noted)
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return False
    if found == noted:
        note_sum(path, noted)
    return found == noted


def _stamp(path: Path) -> str:
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns}"
