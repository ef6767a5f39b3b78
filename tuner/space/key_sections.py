"""In which section each key of a space belongs, for one that stands elsewhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from models import detectors
from models.data.config import DataConfig
from models.names import nearest, unknown
from tuner.space.sections import Budget, Resources, Sampler, Scheduler, Section, Wandb

Places = Mapping[str, str]
"""Where a key belongs, in words, by its name."""

_TOP = "at the top of the file"
_SECTIONS: Mapping[str, type[Section]] = {
    "sampler": Sampler,
    "scheduler": Scheduler,
    "resources": Resources,
    "budget": Budget,
    "wandb": Wandb,
}


def places(top: Iterable[str], detector: object) -> Places:
    """Return where all keys of a space belong, by those at its `top` and by its detector's."""
    found: dict[str, list[str]] = {key: [_TOP] for key in top}
    sections = {name: list(kind.model_fields) for name, kind in _SECTIONS.items()}
    sections["data"] = [field.name for field in dataclasses.fields(DataConfig)]
    for section, keys in sections.items():
        for key in keys:
            found.setdefault(key, []).append(f"under `{section}`")
    if isinstance(detector, str) and detector in detectors.names():
        for each in detectors.hyperparameters(detector):
            under = "under `fixed`, or with a domain under `search`"
            found.setdefault(each.name, []).append(under)
    return {key: " or ".join(there) for key, there in found.items()}


def unknown_key(kind: str, key: object, own: Iterable[str], elsewhere: Places) -> str:
    """Say of a key that its section does not have where it belongs, or which is the nearest."""
    if there := elsewhere.get(str(key)):
        return f"{key} belongs {there}"
    names = list(own)
    text, like = unknown(kind, key, names), nearest(key, [*names, *elsewhere])
    if not like or like in names:
        return text
    return f"{text.partition('; nearest: ')[0]}; nearest: {like}, {elsewhere[like]}"
