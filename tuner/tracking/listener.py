"""Tells W&B of a search without ever holding the search up.

One background thread makes all W&B calls. The search hands over views of trials; of each trial only
the newest waits, so what waits is bounded by the number of trials, and a cursor per run says which
rows are still to be written. A slow, absent or refusing server therefore loses nothing: the record
holds every row, and `WandbListener.search_started` writes from it what W&B does not have.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from tuner.cli.output import Say
from tuner.record.run_folder import RunFolder
from tuner.record.trials import Decision, EpochRow, SearchListener, TrialView
from tuner.space import Space
from tuner.space.facts import space_facts
from tuner.tracking.mode import sync_command
from tuner.tracking.runs import (
    FINISH_SECONDS,
    Mode,
    Retrained,
    Runs,
    TrackingConfig,
    tear_down,
)
from tuner.tracking.told import Searched

_logger = logging.getLogger(__name__)
_Told = TypeVar("_Told", TrialView, Searched)


class WandbListener(SearchListener):
    """Writes every trial of a search to W&B, beside the search and never in its way.

    No method raises on W&B's account or waits for it, `close` up to its timeout excepted. `say`
    receives the one line that a failure is worth; it is called from the background thread.
    """

    def __init__(self, config: TrackingConfig, say: Say) -> None:
        self._say = say
        self._runs = Runs(config)
        self._waiting: dict[int, TrialView] = {}
        self._searched: Searched | None = None
        self._changed = threading.Condition()
        self._closing = self._broken = config.mode == "off"
        self._abandoned = False
        self._actions = 0  # that W&B has come through
        self._thread = threading.Thread(target=self._work, name="tuner-wandb", daemon=True)
        if config.mode != "off":
            self._thread.start()

    def epoch_reported(self, trial: TrialView, row: EpochRow, decision: Decision) -> None:
        """Write the row, which `trial` holds."""
        self._hand_over(trial)

    def trial_paused(self, trial: TrialView) -> None:
        """Close the trial's run, for hundreds may wait; a promotion reopens it as a resume does."""
        self._hand_over(trial)

    def trial_ended(self, trial: TrialView) -> None:
        """Write the state and close the trial's run."""
        self._hand_over(trial)

    def search_started(self, trials: Sequence[TrialView]) -> None:
        """After a resume: write from the record every run that an earlier driver left unfinished.

        Offline such a run is written anew and its old folder removed; online it continues, rows
        that the server has being skipped. Finished runs are left alone.
        """
        for trial in trials:
            if trial.rows or trial.ended:
                self._hand_over(trial)

    def search_over(self, searched: Searched) -> None:
        """Write the search's own run, after those of its trials: when this listener is closed."""
        self._searched = searched

    def close(self, patience: float = 30.0) -> bool:
        """Write what waits and end all runs; False where W&B came no further for `patience` s.

        Afterwards W&B cannot delay the end of the process either.
        """
        with self._changed:
            if self._closing:
                return not self._thread.is_alive()
            self._closing = True
            self._changed.notify()
        before = -1
        while self._thread.is_alive() and self._actions > before:
            before = self._actions
            self._thread.join(patience)
            if self._thread.is_alive() and self._actions > before:
                left = len({*self._waiting, *self._runs.open}) + (self._searched is not None)
                self._say(f"W&B still takes in what it was sent; runs to end: {left}.")
        if not self._thread.is_alive():
            return True
        self._abandoned = True
        self._say(
            f"W&B did not answer for {patience:.0f} s and is left behind; the record has every row."
        )
        tear_down(seconds=1.0)
        return False

    def _hand_over(self, trial: TrialView) -> None:
        with self._changed:
            if not self._closing and not self._broken:
                self._waiting[trial.number] = trial
                self._changed.notify()

    def _work(self) -> None:
        while (view := self._next()) is not None:
            self._guarded(self._runs.write, view)
        while not self._given_up and (views := self._runs.open_views()):
            self._guarded(self._runs.interrupt, views[0])
            # That may have sent the open runs back here, to be written offline.
            while (view := self._next()) is not None:
                self._guarded(self._runs.write, view)
        while not self._given_up and self._searched is not None:
            self._guarded(self._write_search, self._searched)
        tear_down(seconds=FINISH_SECONDS)

    @property
    def _given_up(self) -> bool:
        return self._abandoned or self._broken

    def _write_search(self, searched: Searched) -> None:
        self._runs.write_search(searched)
        self._searched = None

    def _next(self) -> TrialView | None:
        """The trial that has waited longest; None when closing and nothing waits."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            if not self._waiting or self._abandoned:
                return None
            return self._waiting.pop(next(iter(self._waiting)))

    def _guarded(self, action: Callable[[_Told], None], told: _Told) -> None:
        try:
            action(told)
        except Exception as error:  # W&B raises many kinds; none of them is the search's business
            if not self._abandoned:
                self._recover(error, [told] if isinstance(told, TrialView) else [])
        self._actions += 1

    def _recover(self, error: Exception, failed: Sequence[TrialView]) -> None:
        _logger.debug("W&B failed", exc_info=error)
        text = " ".join(str(error).split())[:120] or type(error).__name__
        if self._runs.mode == "online":
            command = sync_command(self._runs.config.folder.wandb)
            self._say(
                f"W&B is not reachable, so runs are kept offline from now on; `{command}` sends "
                f"them when it is again: {text}"
            )
            again = {view.number: view for view in [*self._runs.leave_online(), *failed]}
            with self._changed:
                self._waiting = {**again, **self._waiting}
        else:
            with self._changed:
                self._broken = True
                self._waiting.clear()
            self._say(f"W&B failed and is left out from now on; the record has every row: {text}")


def search_listener(
    run_folder: RunFolder, space: Space, mode: Mode, started: object, say: Say
) -> WandbListener:
    """The listener of a search, known by when it `started`: another of its name has other runs."""
    config = TrackingConfig(
        folder=run_folder,
        uid=str(started),
        mode=mode,
        project=space.wandb.project,
        facts=space_facts(space),
        searched=tuple(space.search),
    )
    return WandbListener(config, say)


def write_retrain(config: TrackingConfig, retrained: Retrained, say: Say) -> None:
    """Write a retrain as one W&B run; a W&B that fails or hangs costs one line."""
    if config.mode == "off":
        return
    problems: list[str] = ["no answer"]

    def write() -> None:
        try:
            Runs(config).write_retrain(retrained)
            problems.clear()
        except Exception as error:  # W&B raises many kinds; none of them is retrain's business
            problems[:] = [" ".join(str(error).split())[:120] or type(error).__name__]

    thread = threading.Thread(target=write, name="tuner-wandb-retrain", daemon=True)
    thread.start()
    thread.join(2 * FINISH_SECONDS)
    tear_down(seconds=FINISH_SECONDS)
    if problems:
        say(f"W&B has no run of this retrain ({problems[0]}); metrics.json holds every figure.")
