"""A trainable that gets stuck once, in a module that workers can import."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray import tune

from tests.tuner.simulated import row
from tuner.backend.trainable import ATTEMPT, REPORT, SETTING
from tuner.engine.attempt import Report
from tuner.storage.folder import FolderStorage
from tuner.worker.stack_dump import answer_with_stacks

SIGNAL_OF = {"asleep": 0, "stopped": signal.SIGSTOP}


@dataclass(frozen=True)
class StuckSetting:
    """What this trainable needs of a TrialSetting."""

    folder: Path
    how: str

    @property
    def storage(self) -> FolderStorage:
        """Not durable, as the run folder of one machine: the least patience."""
        return FolderStorage(root=self.folder, base=self.folder, durable=False)

    def files(self, number: int) -> "StuckSetting":
        return self

    def log(self, text: str) -> None:
        with (self.folder / "log.txt").open("a") as file:
            file.write(text + "\n")


class StuckActor(tune.Trainable):  # type: ignore[misc]  # ray has no types
    """Reports made-up epochs; the first attempt at trial 0 never gets to its second."""

    def setup(self, config: dict[str, Any]) -> None:
        self._folder = config[SETTING].folder
        self._how = config[SETTING].how
        answer_with_stacks()
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._attempt = new_config[ATTEMPT]
        self._epoch = self._attempt.recorded_epochs
        return True

    def step(self) -> dict[str, Any]:
        attempt = self._attempt
        if (attempt.number, attempt.attempt, self._epoch) == (0, 1, 1):
            (self._folder / "stuck.pid").write_text(str(os.getpid()))
            os.kill(os.getpid(), SIGNAL_OF[self._how])
            time.sleep(10_000)
        self._epoch += 1
        made_up = row(attempt.hyperparameters, self._epoch)
        return {
            REPORT: Report(outcome="epoch", row=type(made_up)(**{**vars(made_up), "seconds": 0.1}))
        }
