"""The Tune trial: one attempt after another in the same actor."""

from typing import Any

from ray import tune

from tuner.engine.attempt import Attempt
from tuner.worker.search_setting import TrialSetting

SETTING = "setting"
ATTEMPT = "attempt"
REPORT = "report"


class QuietTrainable(tune.Trainable):  # type: ignore[misc]  # ray has no types
    """A trainable whose results hold what it reports and who it is, and nothing else.

    Tune would add the configuration, times and counters, keep statistics of each in the driver for
    every trial of the search, and write them all into a file that nobody reads.
    """

    def get_auto_filled_metrics(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Where the trial runs, of all that Tune would add."""
        filled: dict[str, Any] = super().get_auto_filled_metrics(*arguments, **options)
        return {key: filled[key] for key in ("trial_id", "pid", "node_ip") if key in filled}


class TrialActor(QuietTrainable):
    """Hands attempts to the process's one worker; a step is a report.

    It never ends a trial by itself (`done` would bypass the scheduler). A step raises where this
    process is of no use: Tune lets it go, and the engine counts a lost worker. `reset_config` only
    stores the attempt, since an actor that dies there is not retried.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Make the worker; it loads its data at the first step."""
        from tuner.worker.trial import TrialWorker  # noqa: PLC0415  # torch: the driver does without

        setting: TrialSetting = config[SETTING]
        self._worker = TrialWorker(setting)
        self._worker.begin(config[ATTEMPT])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take on the next attempt in the same process."""
        attempt: Attempt = new_config[ATTEMPT]
        self._worker.begin(attempt)
        return True

    def step(self) -> dict[str, Any]:
        """Train up to the next report."""
        return {REPORT: self._worker.next_report()}
