"""The model of a run, opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tuner.cli.run_option import run_folder
from tuner.retrain.model_folder import open_model

if TYPE_CHECKING:
    from tuner.api.model import Model


def load(run: str | Path) -> Model:
    """Open the model that a retrain left, by its run's name or folder, or by its own folder.

    Raises FileNotFoundError where there is none, TunerError where it is not whole.
    """
    from tuner.api.model import Model  # noqa: PLC0415 - torch: a search does without

    return Model(open_model(run_folder(run)))
