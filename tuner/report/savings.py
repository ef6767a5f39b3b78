"""What early stopping has saved: the epochs that the trials it ended would have trained."""

from dataclasses import dataclass

from tuner.record.trials import EndReason
from tuner.report.material import Material


@dataclass(frozen=True, kw_only=True)
class Saved:
    """Trial-epochs that were not trained, and their share of all with them."""

    epochs: int
    share: float


def saved(material: Material) -> Saved:
    """Of the trials that early stopping ended; one that waits may still go on."""
    trained = sum(trial.epochs for trial in material.trials)
    ended = [trial for trial in material.trials if trial.end is EndReason.EARLY_STOPPING]
    left = sum(material.space.epochs - trial.epochs for trial in ended)
    return Saved(epochs=left, share=left / (trained + left) if left else 0.0)
