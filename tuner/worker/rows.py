"""From what the trainer says of an epoch to the row of the record and the line of the log."""

from typing import TYPE_CHECKING

from tuner.record.trials import EpochRow

if TYPE_CHECKING:
    from models.lanes.lane import EpochResult


def epoch_row(result: "EpochResult", worker: str) -> EpochRow:
    """The row of an epoch that did not diverge, but for what the record makes of those before."""
    return EpochRow(
        epoch=result.epoch,
        metrics=result.metrics,
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
