"""A trainable on a machine that lacks something at first, in a module that workers can import."""

from typing import Any

from tests.tuner.simulated import row
from tuner.backend.trainable import ATTEMPT, REPORT, QuietTrainable
from tuner.engine.attempt import OutOfReachError, Report

SAID = "node7: StorageError: there is no folder /mnt/shared; is it mounted on this machine?"


class LackingActor(QuietTrainable):
    """Reports made-up epochs; the very process that failed the first attempt never does."""

    def setup(self, config: dict[str, Any]) -> None:
        self._lacks = config[ATTEMPT].number == 0 and config[ATTEMPT].attempt == 1
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._attempt = new_config[ATTEMPT]
        self._epoch = self._attempt.recorded_epochs
        return True

    def step(self) -> dict[str, Any]:
        if self._lacks:
            raise OutOfReachError(SAID)
        self._epoch += 1
        return {
            REPORT: Report(outcome="epoch", row=row(self._attempt.hyperparameters, self._epoch))
        }
