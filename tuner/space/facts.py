"""What a space is about, in a few words: W&B's runs and Optuna's study are found by it."""

from __future__ import annotations

from models.data.registry import FOLDER
from tuner.space.model import Space


def space_facts(space: Space) -> dict[str, object]:
    """The detector and its task; `seed` is that of the whole search."""
    data = space.data
    return {
        "detector": space.detector,
        "data": data.dataset if data.dataset != FOLDER else str(data.folder),
        "normal": data.normal_text,
        "size": data.size,
        "objective": space.objective,
        "epochs": space.epochs,
        "seed": space.sampler.seed,
    }
