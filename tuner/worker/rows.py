"""From what the trainer says of an epoch to the row of the record and the line of the log."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuner.objectives import best_values
from tuner.record.trials import EpochRow, of_stage

if TYPE_CHECKING:
    from models.lanes.lane import EpochResult


def epoch_row(result: "EpochResult", before: Sequence[EpochRow], worker: str) -> EpochRow:
    """The row of an epoch that did not diverge, after the trial's rows `before` it."""
    same = of_stage(before, result.stage)
    best = best_values(result.metrics, [row.metrics for row in same])
    return EpochRow(
        epoch=result.epoch,
        metrics={**result.metrics, **best},
        losses=result.losses,
        seconds=result.seconds,
        worker=worker,
        stage=result.stage,
    )


def log_line(result: "EpochResult") -> str:
    """One epoch in a line for people."""
    if result.diverged:
        return f"epoch {result.epoch}: {result.why or 'diverged'}; losses {result.losses}"
    shown = {"auroc": result.metrics["auroc"], **result.losses}
    values = "  ".join(f"{name} {value:.4f}" for name, value in shown.items())
    stage = f" ({result.stage})" if result.stage else ""
    return f"epoch {result.epoch}{stage}: {values}  {result.seconds:.1f} s"
