"""The contract of who watches a search."""

from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path

from tuner.record.trials import Decided, Decision, EpochRow, SearchListener, TrialView

_GOES_ON = Decision(action="continue")
_PAUSED = Decision(action="pause", reason="asha", rung=1, rank=3, of=3)
_STOPPED = Decision(action="stop", reason="asha", rung=1, rank=2, of=2)


class ListenerContract(ABC):
    """`make` gives a listener, and `close` ends what it holds open."""

    @abstractmethod
    def make(self, folder: Path) -> SearchListener:
        """One for a run in `folder`."""

    def close(self, listener: SearchListener) -> None:  # noqa: B027 - most hold nothing open
        """End what the listener holds open."""

    def test_a_trial_of_any_kind_would_be_too_much_for_it(self, tmp_path: Path) -> None:
        """The search goes on without a listener that raises, and people miss it."""
        listener = self.make(tmp_path)
        try:
            self._stopped(listener, 0)
            self._paused_and_promoted(listener, 1)
            self._failed(listener, 2)
            self._diverged(listener, 3)
        finally:
            self.close(listener)

    def test_a_resumed_trial_would_be_too_much_for_it(self, tmp_path: Path) -> None:
        """It hears of a further attempt, with epochs that it has not seen."""
        listener = self.make(tmp_path)
        try:
            rows = (_row(1), _row(2))
            listener.trial_started(TrialView(number=7, rows=rows, attempts=3), 3)
            self._epoch(listener, TrialView(number=7, rows=rows, attempts=3), _GOES_ON)
        finally:
            self.close(listener)

    def _stopped(self, listener: SearchListener, number: int) -> None:
        view = self._begun(listener, number)
        view = self._epoch(listener, view, _STOPPED)
        listener.trial_ended(replace(view, state="pruned", reason="asha"))

    def _paused_and_promoted(self, listener: SearchListener, number: int) -> None:
        view = self._begun(listener, number)
        view = self._epoch(listener, view, _PAUSED)
        listener.trial_paused(replace(view, state="paused"))
        listener.trial_started(replace(view, attempts=2), 2)
        view = self._epoch(listener, view, _GOES_ON)
        listener.trial_ended(replace(view, state="complete"))

    def _failed(self, listener: SearchListener, number: int) -> None:
        view = self._begun(listener, number)
        reason = "error: two\nlines [and] {brackets}"
        listener.trial_ended(replace(view, state="failed", reason=reason))

    def _diverged(self, listener: SearchListener, number: int) -> None:
        view = self._begun(listener, number)
        reason = "diverged: its weights are not finite"
        listener.trial_ended(replace(view, state="pruned", reason=reason))

    def _begun(self, listener: SearchListener, number: int) -> TrialView:
        view = TrialView(number=number, hyperparameters={"patch_n": 3}, attempts=1)
        listener.trial_started(view, 1)
        return view

    def _epoch(self, listener: SearchListener, view: TrialView, decision: Decision) -> TrialView:
        row = _row(view.epochs + 1)
        decided = Decided(time=float(row.epoch), epochs=row.epoch, decision=decision)
        view = replace(view, rows=(*view.rows, row), decisions=(*view.decisions, decided))
        listener.epoch_reported(view, row, decision)
        return view


def _row(epoch: int) -> EpochRow:
    metrics = dict.fromkeys(("auroc", "best_auroc", "auprc", "best_auprc"), 0.9)
    return EpochRow(epoch=epoch, metrics=metrics, losses={"abc": 1.0}, seconds=1.0, worker="w")
