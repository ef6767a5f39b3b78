"""Make a run by the product's own search and retrain, or take what an earlier call left."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _published.behaviour import behaviour
from _published.code import ROOT
from _published.runs import Run, Search, Training, digest_of, run_name
from tuner.cli.output import say
from tuner.record.run_folder import RunFolder
from tuner.space import Space, dump_space, load_space

_MADE = "made.json"
Metrics = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Made:
    """A run that is done; `minutes` are of this process for a training, by the clock for a search.

    `commit` is that of the code that made it.
    """

    run: Run
    folder: RunFolder
    commit: str
    minutes: float

    @cached_property
    def metrics(self) -> Metrics:
        """The report of the retrain."""
        metrics: Metrics = json.loads(self.folder.metrics.read_text(encoding="utf-8"))
        return metrics

    @cached_property
    def scores(self) -> dict[str, NDArray[Any]]:
        """The scores of validation and test images that the report was made from."""
        with np.load(self.folder.report / "scores.npz", allow_pickle=False) as stored:
            return dict(stored)


def make(run: Run, runs: Path) -> Made:
    """Train, or search and retrain, unless that is done; raises what the product raises."""
    folder = RunFolder(runs / run_name(run, behaviour(run.detector)))
    note = folder.path / _MADE
    if not note.exists():
        say(f"== {folder.path.name}")
        minutes = _searched(run, folder) if isinstance(run, Search) else _trained(run, folder, runs)
        said = json.dumps({"commit": commit(), "minutes": round(minutes, 2)})
        note.write_text(said + "\n", encoding="utf-8")
    noted = json.loads(note.read_text(encoding="utf-8"))
    return Made(run=run, folder=folder, commit=noted["commit"], minutes=noted["minutes"])


def _trained(run: Training, folder: RunFolder, runs: Path) -> float:
    """Retrain the configuration; the minutes that this process computed."""
    from tuner.retrain.flow import retrain

    found = None
    if run.best_of is not None:
        found = load_space(make(run.best_of, runs).folder.best).fixed
    space = run.space(found)
    began = time.process_time()
    dump_space(space, folder.best)
    _take_split(space, folder, runs)
    retrain(folder.path, space=space, seeds=run.seeds, baselines=False, say=say)
    return (time.process_time() - began) / 60


def _take_split(space: Space, folder: RunFolder, runs: Path) -> None:
    """Leave the split beside the configuration: clustering the same images once is enough."""
    from models.data.protocol import make_split
    from models.data.sources import find
    from models.data.split import Split

    digest = digest_of(space.model_dump(mode="json")["data"])
    kept = runs / "splits" / f"{digest}.npz"
    if not kept.exists():
        make_split(space.data, find(space.data)).save(kept)
    Split.load(kept).save(folder.split)


def _searched(run: Search, folder: RunFolder) -> float:
    """Search, then retrain the best and the published set; the minutes by the clock."""
    from tuner.api import retrain, search

    began = time.monotonic()
    found = search(run.space(), run=folder.path, resume=True)
    if not found.finished:
        raise SystemExit("the search was stopped before its end; call again to go on with it")
    retrain(folder.path, seeds=run.seeds, baselines=False, published=True)
    return (time.monotonic() - began) / 60


def commit() -> str:
    """The last commit of the product; a + at its end says that its files differ from it.

    Where only benchmarks changed since, it stays the same.
    """
    product = ("--", "models", "tuner", "search_spaces")
    head = _git("log", "-1", "--format=%h", "--abbrev=10", *product)
    return head + ("+" if _git("status", "--porcelain", *product) else "")


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
