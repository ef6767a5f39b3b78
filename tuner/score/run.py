"""Pictures to a table and heat maps: the whole of the command's work."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from models.precision import pick_device
from tuner.cli.atomic_results import check_file
from tuner.cli.text import counted
from tuner.console.progress_bar import progress
from tuner.errors import TunerError
from tuner.retrain.model_folder import StoredModel
from tuner.score.heatmap_folder import check_maps, heat_maps
from tuner.score.inputs import Named
from tuner.score.stream import Scored, scored_batches
from tuner.score.table import table
from tuner.storage.files import as_typed


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where results go: no `table` means standard output, no `heatmaps` none."""

    table: Path | None
    heatmaps: Path | None
    overwrite: bool


@dataclass(kw_only=True)
class Tally:
    """What was found, counted."""

    pictures: int = 0
    anomalies: int = 0
    unreadable: int = 0
    first_reason: str = ""
    seconds: float = 0.0

    def add(self, several: Sequence[Scored]) -> None:
        """Count some more."""
        self.pictures += len(several)
        self.anomalies += sum(one.anomalous for one in several)
        for one in several:
            if one.reason:
                self.unreadable += 1
                self.first_reason = self.first_reason or f"{one.picture.path}: {one.reason}"


def check_outputs(model: StoredModel, pictures: Sequence[Named], outputs: Outputs) -> None:
    """Raise TunerError for what could not be written, or would replace something."""
    path = outputs.table
    if path is not None:
        check_file(path, overwrite=outputs.overwrite)
        real = os.path.realpath(path)
        if any(real == os.path.realpath(picture.path) for picture in pictures):
            raise TunerError(f"--out: {path} is one of the pictures: name another file")
    if outputs.heatmaps is not None:
        if model.detector.map_scale is None:
            raise TunerError(
                f"--heatmaps: this model ({model.detector.detector}) makes no anomaly maps, or is "
                "of an earlier version: leave --heatmaps out, or retrain its search"
            )
        check_maps(outputs.heatmaps, pictures, overwrite=outputs.overwrite)


def score(model: StoredModel, pictures: Sequence[Named], outputs: Outputs) -> Tally:
    """Score all pictures and write what was asked for, whole or not at all.

    Computes where retraining would, so that the scores are the same bit for bit. Raises TunerError
    where nothing can be read or written.
    """
    detector = model.detector.to(str(pick_device()))
    tally, started = Tally(), time.perf_counter()
    on_screen = outputs.table is None and sys.stdout.isatty()
    with ExitStack() as kept:
        add_rows = kept.enter_context(table(outputs.table))
        maps = None
        if outputs.heatmaps is not None:
            maps = kept.enter_context(heat_maps(outputs.heatmaps, detector.preprocessing))
        advance = kept.enter_context(progress(len(pictures), "scored", shown=not on_screen))
        batches = scored_batches(detector, pictures, maps=maps is not None)
        for batch in kept.enter_context(closing(batches)):
            add_rows(batch)
            if maps is not None:
                maps.add(batch)
            tally.add(batch)
            advance(len(batch))
        tally.seconds = time.perf_counter() - started
        if tally.unreadable == tally.pictures:
            raise TunerError(_nothing_read(tally))
    return tally


def _nothing_read(tally: Tally) -> str:
    if tally.pictures == 1:
        return f"{tally.first_reason}"
    return f"none of the {tally.pictures:,} pictures can be read; the first: {tally.first_reason}"


def closing_lines(model: StoredModel, tally: Tally, outputs: Outputs) -> Iterator[str]:
    """What was found and where it is, for people."""
    detector = model.detector
    read = tally.pictures - tally.unreadable
    rate = tally.pictures / max(tally.seconds, 1e-9)
    yield (
        f"{counted(tally.pictures, 'picture')}: "
        f"{read - tally.anomalies:,} normal, "
        f"{counted(tally.anomalies, 'anomaly', 'anomalies')} "
        f"(score above {detector.threshold:.6g}), {tally.unreadable:,} unreadable; "
        f"{rate:,.0f} pictures/s"
    )
    if tally.unreadable:
        yield f"First of the unreadable: {tally.first_reason}"
    if detector.score_spread is None:
        yield "The column scaled is empty: an earlier version made this model. Retrain to fill it."
    if model.synthetic:
        yield (
            "This model has seen no real anomaly: its threshold is a quantile of held-out normal "
            "pictures, and its figures are on synthetic anomalies."
        )
    if outputs.table is not None:
        yield f"Scores: {as_typed(outputs.table)}"
    if outputs.heatmaps is not None:
        yield f"Heat maps: {as_typed(outputs.heatmaps)}"
