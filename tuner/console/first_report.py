"""Words for the time in which the first workers start, where no screen shows that time goes by."""

from contextlib import ExitStack

from tuner.cli.output import waiting
from tuner.record.trials import Decision, EpochRow, SearchListener, TrialView


class FirstReport(SearchListener):
    """Says now and then that workers start, until the first of them has something to tell."""

    def __init__(self) -> None:
        self._waiting = ExitStack()
        self._over = self._begun = False

    def trial_started(self, trial: TrialView, attempt: int) -> None:
        """The first start begins it."""
        if not self._begun and not self._over:
            self._begun = True
            self._waiting.enter_context(waiting("Workers start, and train a first epoch"))

    def epoch_reported(self, trial: TrialView, row: EpochRow, decision: Decision) -> None:
        """What was waited for."""
        self.close()

    def trial_ended(self, trial: TrialView) -> None:
        """Without an epoch, too."""
        self.close()

    def close(self) -> None:
        """Say no more."""
        self._over = True
        self._waiting.close()
