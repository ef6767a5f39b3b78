"""Where the file with a search's images lies in a cache. Torch-free."""

from __future__ import annotations

import hashlib
import json
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
    ]
    name = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
    return cache.absolute() / _FOLDER / f"{name}.safetensors"
