"""Trainables that do nothing, in a module that workers can import."""

from typing import Any

from ray import tune

from tuner.backend.trainable import ATTEMPT, REPORT, QuietTrainable
from tuner.engine.attempt import Report
from tuner.record.trials import EpochRow


class TrivialActor(QuietTrainable):
    """Stands in for tuner's TrialActor: an epoch's row at once, a value of the trial's number."""

    def setup(self, config: dict[str, Any]) -> None:
        """Take on the first attempt."""
        self._attempt = config[ATTEMPT]

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take on the next attempt."""
        self._attempt = new_config[ATTEMPT]
        return True

    def step(self) -> dict[str, Any]:
        """Report one epoch."""
        value = 1 / (1 + self._attempt.number)
        metrics = {"auroc": value, "best_auroc": value, "auprc": value, "best_auprc": value}
        row = EpochRow(epoch=1, metrics=metrics, losses={"none": 0.0}, seconds=0.0, worker="none")
        return {REPORT: Report(outcome="epoch", row=row)}


class BareTrainable(tune.Trainable):  # type: ignore[misc]  # ray has no types
    """The least that Tune takes."""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Go on with the next trial in the same process."""
        return True

    def step(self) -> dict[str, Any]:
        """Report one epoch."""
        return {"value": 0.0}
