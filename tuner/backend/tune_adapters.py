"""Tune's searcher, scheduler and stopper, each a thin way into the engine."""

from collections.abc import Callable
from typing import Any

from ray.exceptions import RayTaskError
from ray.tune import Stopper
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from tuner.backend.hangs import Watchdog
from tuner.backend.ray_internals import error_of
from tuner.backend.trainable import ATTEMPT, REPORT
from tuner.engine.attempt import Attempt, OutOfReachError, WorkerLostError
from tuner.engine.engine import Engine, NoAttempt
from tuner.worker.error_text import OUT_OF_MEMORY

_LOW_MEMORY = "due to the node running low on memory"  # Ray kills workers before the machine does
_LONGEST = 400


class _Unsaved:
    """Tune pickles its own settings for a restore that nobody will ask for: leave them empty."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class EngineSearcher(_Unsaved, Searcher):  # type: ignore[misc]  # ray has no types
    """Asks the engine for attempts and tells it when Tune has let go of one.

    `let_go` hears of that too, whatever the reason; the engine itself knows nothing of workers.
    """

    def __init__(self, engine: Engine, let_go: Callable[[Attempt], None]) -> None:
        super().__init__(metric="training_iteration", mode="max")  # Tune wants one named
        self._engine = engine
        self._let_go = let_go
        self._attempts: dict[str, Attempt] = {}

    def suggest(self, trial_id: str) -> Any:
        """Tune's trial is the engine's attempt."""
        attempt = self._engine.next_attempt(trial_id)
        if attempt is NoAttempt.FINISHED:
            return Searcher.FINISHED
        if attempt is NoAttempt.WAIT:
            return None
        self._attempts[trial_id] = attempt
        return {ATTEMPT: attempt}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Called for every end of an attempt but those that a stop of the search causes."""
        self._engine.attempt_over(trial_id)
        attempt = self._attempts.pop(trial_id, None)
        if attempt is not None:
            self._let_go(attempt)

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the engine's journal holds everything."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore: a resume replays the journal."""


class EngineScheduler(_Unsaved, FIFOScheduler):  # type: ignore[misc]  # ray has no types
    """Hands every result to the engine, which records it and then decides."""

    def __init__(self, engine: Engine, watchdog: Watchdog) -> None:
        super().__init__()
        self._engine = engine
        self._watchdog = watchdog

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Called for each attempt: the one place where Tune shows its controller."""
        self._watchdog.controller = tune_controller

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """Called when an attempt's worker is gone, before the searcher hears of its end."""
        cause, out_of_reach = cause_of(error_of(trial))
        self._engine.attempt_over(trial.trial_id, cause, out_of_reach=out_of_reach)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Called for each report, before anything else of Tune sees it."""
        self._watchdog.clock.reported(trial.trial_id)
        decision = self._engine.report(trial.trial_id, result[REPORT])
        stop: str = TrialScheduler.STOP
        go_on: str = TrialScheduler.CONTINUE
        return go_on if decision.action == "continue" else stop


class EngineStopper(_Unsaved, Stopper):  # type: ignore[misc]  # ray has no types
    """Ends the whole Tune run as soon as `should_stop` says so."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Single trials are the scheduler's matter."""
        return False

    def stop_all(self) -> bool:
        """Asked after every event."""
        return self._engine.stopping


def cause_of(error: Exception | None) -> tuple[str, bool]:
    """Why a worker died, in a line, and whether it was out of reach; "" where nothing is known.

    What a worker raises itself says it all in its own words.
    """
    raised = error.cause if isinstance(error, RayTaskError) else error
    if isinstance(raised, OutOfReachError | WorkerLostError):
        return _one_line(str(raised)), isinstance(raised, OutOfReachError)
    text = "" if error is None else str(error).strip()
    return OUT_OF_MEMORY if _LOW_MEMORY in text else _one_line(text.rpartition("\n")[2]), False


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
