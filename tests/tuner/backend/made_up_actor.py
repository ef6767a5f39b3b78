"""A trainable that trains nothing, in a module that workers can import."""

from typing import Any

from tests.tuner.simulated import row
from tuner.backend.trainable import ATTEMPT, REPORT, QuietTrainable
from tuner.engine.attempt import Report


class MadeUpActor(QuietTrainable):
    """Reports made-up epochs."""

    def setup(self, config: dict[str, Any]) -> None:
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._attempt = new_config[ATTEMPT]
        self._epoch = self._attempt.recorded_epochs
        return True

    def step(self) -> dict[str, Any]:
        self._epoch += 1
        made = row(self._attempt.hyperparameters, self._epoch)
        return {REPORT: Report(outcome="epoch", row=made)}
