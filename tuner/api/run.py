"""A search as its run's folder tells of it: tables, figures, and what comes after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.names import nearest
from tuner.api.frames import epochs_frame, events_frame, trials_frame
from tuner.api.loading import load
from tuner.api.reporting import report
from tuner.api.retraining import retrain
from tuner.cli.run_option import run_folder
from tuner.cli.text import counted
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.report.material import Material, read_material
from tuner.report.plotly_figures import plotly_figures
from tuner.report.writing import sections_of
from tuner.results.leaderboard import Standing
from tuner.storage.files import as_typed

if TYPE_CHECKING:
    from pandas import DataFrame

    from tuner.api.model import Model
    from tuner.report.plotly_figures import PlotlyFigure
    from tuner.retrain.each_class import EachSummary
    from tuner.retrain.flow import RetrainSummary
    from tuner.space import Space

_OF_A_RETRAIN = ("roc", "pr", "scores")


class Run:
    """A run by its name or its folder, as its record stands whenever it is asked.

    Raises TunerError where the folder holds no search.
    """

    def __init__(self, run: str | Path) -> None:
        self._folder = RunFolder(run_folder(run)).absolute()
        self._read: tuple[object, Material] | None = None
        self._material  # noqa: B018 - a folder without a search is refused at once

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._folder.path

    @property
    def space(self) -> Space:
        """What was searched, at the scale that it was searched at."""
        return self._material.space

    @property
    def finished(self) -> bool:
        """Whether no trial is left; `search(run=..., resume=True)` goes on where one is."""
        return self._material.finished

    @property
    def best(self) -> Standing | None:
        """The best trial, with its value and epoch; None where no trial has a score."""
        return next(iter(self._material.ranking), None)

    @property
    def trials(self) -> DataFrame:
        """A row for each trial: the columns of trials.csv."""
        return trials_frame(self._material)

    @property
    def epochs(self) -> DataFrame:
        """A row for each epoch of each trial: metrics, losses, and what was decided after it."""
        return epochs_frame(self._material)

    @property
    def events(self) -> DataFrame:
        """A row for each event of the journal; empty is what an event of its kind has not."""
        return events_frame(self._material)

    def figures(self) -> dict[str, PlotlyFigure]:
        """The report's figures by name, as Plotly's: those that this run has."""
        return plotly_figures(sections_of(self._material))

    def figure(self, name: str) -> PlotlyFigure:
        """One of them. Raises TunerError where there is none of that name."""
        found = self.figures()
        if name in found:
            return found[name]
        like = nearest(name, list(found))
        hint = f"; nearest: {like}" if like else f"; there are {', '.join(found)}"
        if name in _OF_A_RETRAIN:
            hint = ": the best has not been retrained, or its scores are gone"
        raise TunerError(f"{as_typed(self.folder)} has no figure {name}{hint}")

    def report(self, *, open: bool = False) -> Path:
        """Write report.html; returns where. `open` shows it in the browser."""
        return report(self.folder, open=open)

    def retrain(self, **options: Any) -> RetrainSummary | EachSummary:
        """Retrain the best; `options` are those of `tuner.api.retrain`."""
        return retrain(self.folder, **options)

    def load(self) -> Model:
        """The model that a retrain has left."""
        return load(self.folder)

    def __repr__(self) -> str:
        """In a line: a notebook shows it, and there may be thousands of trials."""
        place = as_typed(self.folder)
        parts = [counted(len(self._material.trials), "trial")]
        if found := self.best:
            parts.append(f"best {found.value:.4f} by trial {found.trial.number}")
        parts.append("finished" if self.finished else "not finished")
        more = "" if self.finished else f'; search(run="{place}", resume=True) goes on'
        return f"<Run {place}: {', '.join(parts)}{more}>"

    @property
    def _material(self) -> Material:
        """Read again where the files have changed."""
        state = tuple(_state(file) for file in (self._folder.journal, self._folder.metrics))
        if self._read is None or self._read[0] != state:
            self._read = state, read_material(self._folder)
        return self._read[1]


def _state(file: Path) -> tuple[int, int] | None:
    if not file.exists():
        return None
    found = file.stat()
    return found.st_size, found.st_mtime_ns
