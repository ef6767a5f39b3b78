"""The folder of a retrained model: its detector, and the card with what it came from."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.cli.command_text import command, quoted
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder

if TYPE_CHECKING:
    from models.ensemble import Scoring

CARD = "card.json"
"""Beside the detector's own files; models of earlier versions have none."""
_MOST_NAMED = 10
_DETECTOR_FILES = ("config.json", "model.safetensors", "ensemble.json", "sums.json")


class NoModel(TunerError, FileNotFoundError):  # noqa: N818 - it says what is wrong
    """A folder holds no retrained model."""


@dataclass(frozen=True, kw_only=True)
class StoredModel:
    """A model's folder, what scores images, on the CPU, and its card, {} where none is."""

    folder: Path
    detector: Scoring
    card: Mapping[str, Any]

    @property
    def synthetic(self) -> bool:
        """Whether it was chosen, and its threshold set, without one real anomaly."""
        return self.card.get("synthetic") is True


def open_model(folder: Path) -> StoredModel:
    """Open a model by its own folder, or by that of its run.

    Raises:
        NoModel: there is none.
        TunerError: there is one, but it is not whole or not of this version.
    """
    from models.detector_files import DetectorNotWhole, check_sum  # noqa: PLC0415
    from models.ensemble import load_scoring  # noqa: PLC0415 - torch

    place = _place(folder)
    try:
        detector = load_scoring(place)
        detector.check_networks(place)
        check_sum(place, CARD)
    except DetectorNotWhole as error:
        raise TunerError(str(error)) from None
    return StoredModel(folder=place, detector=detector, card=_card(place / CARD))


def _place(folder: Path) -> Path:
    """Where the detector's files are."""
    for place in (folder, RunFolder(folder).model):
        if _holds_detector(place):
            return place
    if models := _of_classes(folder):
        raise NoModel(
            f"{folder} has a model for each of its classes: give that of one, "
            f"{', '.join(map(quoted, models[:_MOST_NAMED]))}"
            f"{f' and {len(models) - _MOST_NAMED} more' if len(models) > _MOST_NAMED else ''}"
        )
    if folder.is_dir():
        how = "python -m tuner.retrain --run runs/<name>"
        if RunFolder(folder).holds_run():
            how = command("tuner.retrain", "--run", folder)
        raise NoModel(
            f"{folder} holds no model. Give a run, or its folder model, that was retrained: {how}"
        )
    if folder.exists():
        raise NoModel(f"{folder} is a file: give the folder of a model, runs/<name>/model")
    run = folder.parent
    if RunFolder(run).model == folder and RunFolder(run).holds_run():
        how = command("tuner.retrain", "--run", run)
        raise NoModel(f"{run} has not been retrained: {how}")
    raise NoModel(f"there is no folder {folder}: give that of a model, runs/<name>/model")


def _holds_detector(place: Path) -> bool:
    return any(os.path.lexists(place / name) for name in _DETECTOR_FILES)


def _of_classes(folder: Path) -> list[Path]:
    """The models of a search with each class in turn as the normal one, by its folder or theirs."""
    run = RunFolder(folder)
    runs = (
        [run, RunFolder(folder.parent)]
        if folder.name in (run.model.name, run.classes.name)
        else [run]
    )
    places = (place for each in runs for place in each.classes.glob(f"*/{run.model.name}"))
    return sorted(filter(_holds_detector, places), key=_by_number)


def _by_number(place: Path) -> tuple[int, str]:
    name = place.parent.name
    return (int(name) if name.isdecimal() else -1, name)


def _card(path: Path) -> Mapping[str, Any]:
    """One that cannot be read is none: those of earlier versions have no sum."""
    read = read_json(path)
    return read if isinstance(read, dict) else {}


def read_json(path: Path) -> object:
    """What a file says, None where it says nothing that can be read. Waits for no pipe."""
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return None
