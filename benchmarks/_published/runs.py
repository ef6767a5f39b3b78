"""What is trained for a row: one configuration, or a search whose best is retrained."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from models import detectors
from models.hyperparameters import Value
from tuner.space import Space, load_space
from tuner.space.scales import at_scale

SPACES = Path(__file__).parent.parent.parent / "search_spaces"
DATA = "$TUNER_DATA/"
"""Begins the folder of a data set that is read as pictures."""
_POINTS = "points-2d"


class NoData(Exception):  # noqa: N818 - it says what is so
    """The pictures of a row are not on this machine."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """One configuration, trained with fresh seeds and tested once.

    `data` are keys of a space's `data`, `settings` hyperparameters; all others are the detector's
    defaults. `best_of` takes the hyperparameters that a search found in place of those.
    """

    detector: str
    data: Mapping[str, Any]
    settings: Mapping[str, Value] = field(default_factory=dict)
    epochs: int
    seeds: int = 1
    objective: str = "best_auroc"
    best_of: Search | None = None

    def definition(self) -> dict[str, Any]:
        """All that the result depends on, but for the code."""
        own = asdict(self) | {"settings": dict(self.settings), "data": dict(self.data)}
        return own | {"best_of": self.best_of.definition() if self.best_of else None}

    def space(self, found: Mapping[str, Value] | None = None) -> Space:
        """The space without anything to search; `found` are what `best_of` has found."""
        folder = self.data.get("folder")
        place = {} if folder is None else {"folder": str(data_folder(folder))}
        known = {each.name for each in detectors.hyperparameters(self.detector)}
        taken = {key: value for key, value in (found or {}).items() if key in known}
        return Space.model_validate(
            {
                "detector": self.detector,
                "data": {**self.data, **place},
                "fixed": {**taken, **self.settings},
                "epochs": self.epochs,
                "trials": 1,
                "objective": self.objective,
                "wandb": "off",
            }
        )


@dataclass(frozen=True, kw_only=True)
class Search:
    """A space file at its smallest scale: searched, its best and its published set retrained."""

    space_file: str
    overrides: tuple[str, ...] = ()
    seeds: int = 3

    @property
    def detector(self) -> str:
        """The detector of the space."""
        return self.space().detector

    @property
    def data(self) -> Mapping[str, Any]:
        """The keys of the data that a reader wants to know."""
        data = self.space().data
        return {"dataset": data.dataset, "fit_normals": data.fit_normals, "size": data.size}

    @property
    def epochs(self) -> int:
        """The most of a trial, and those of each retraining."""
        return self.space().epochs

    def definition(self) -> dict[str, Any]:
        """All that the result depends on, but for the code; where a comment stands is no part."""
        return {"space": self.space().model_dump(mode="json"), "seeds": self.seeds}

    def space(self) -> Space:
        """The space at its scale for cores."""
        return _space_of(self.space_file, self.overrides)


Run = Training | Search


@cache
def _space_of(space_file: str, overrides: tuple[str, ...]) -> Space:
    space = load_space(SPACES / f"{space_file}.yaml", [*overrides, "wandb=off"])
    return at_scale(space, "cpu") if space.scales else space


def digest_of(content: object) -> str:
    """A short digest of something that JSON can say."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def run_name(run: Run, behaves: str) -> str:
    """The name of the run's folder: what it is of, and a digest of all that it depends on."""
    digest = digest_of([run.definition(), behaves])
    if isinstance(run, Search):
        return f"search-{run.space_file}-{digest}"
    of = run.data.get("normal") or run.data.get("anomalous") or run.data.get("folder") or ""
    named = of if isinstance(of, str) else "-".join(map(str, of))
    plain = re.sub(r"[^\w.+-]+", "-", f"{run.detector}-{named}").strip("-.")
    return f"{plain}-{digest}".replace("TUNER_DATA-", "")


def data_folder(written: str) -> Path:
    """The folder that `$TUNER_DATA/...` names; NoData where it is not there."""
    folder = _unchecked_folder(written)
    if not folder.is_dir():
        raise NoData(f"no data here: there is no {written}")
    return folder


def _unchecked_folder(written: str) -> Path:
    root = os.environ.get("TUNER_DATA")
    if not written.startswith(DATA) or not root:
        return Path(written)
    return Path(root).absolute() / written.removeprefix(DATA)


def scale_text(run: Run) -> str:
    """Channels, size, epochs and images of a run, as a row says its scale."""
    values = detectors.resolve(run.detector, _fixed(run))
    said = [f"{values['width']} channels"] if "width" in values else []
    if run.data.get("dataset") != _POINTS:
        said += [f"{run.data.get('size', 32)} px"]
    if detectors.stages(run.detector):
        said.append(f"{run.epochs} epoch{'s' if run.epochs > 1 else ''}")
    normals = run.data.get("fit_normals")
    said.append(f"{normals:,} normals" if normals else "all normals of fit")
    if isinstance(run, Search):
        said.append(f"{run.space().trials} trials searched")
    return ", ".join(said)


def _fixed(run: Run) -> dict[str, Value]:
    """What is set of a run before anything is searched."""
    if isinstance(run, Search):
        return dict(run.space().fixed)
    return {**(_fixed(run.best_of) if run.best_of else {}), **run.settings}
