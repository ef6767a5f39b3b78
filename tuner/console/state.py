"""What the console knows of a running search: counts, speed and time left, without any printing."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tuner.record.trials import TrialView
from tuner.results.leaderboard import Standing, in_order, standing


@dataclass(kw_only=True)
class SearchState:
    """Newest view of every trial. `clock` counts seconds; time and speed are this session's.

    `began` is when it began, by that clock: now, if nothing is said.
    """

    trials: int
    epochs: int
    objective: str
    clock: Callable[[], float] = time.monotonic
    views: dict[int, TrialView] = field(default_factory=dict)
    standings: dict[int, Standing] = field(default_factory=dict)
    session_epochs: int = 0
    began: float | None = None

    def __post_init__(self) -> None:
        self._start = self.clock() if self.began is None else self.began

    def restore(self, views: Iterable[TrialView]) -> None:
        """Take over what an earlier session left."""
        for view in views:
            self.update(view)

    def update(self, view: TrialView) -> None:
        """Take note of a trial's newest view."""
        self.views[view.number] = view
        found = standing(view, self.objective)
        if found is None:
            self.standings.pop(view.number, None)
        else:
            self.standings[view.number] = found

    def begin_again(self, at: float) -> None:
        """Another driver goes on from here: time and speed are its own."""
        self._start, self.session_epochs = at, 0

    @property
    def running(self) -> list[TrialView]:
        """Trials in training, by number."""
        views = [view for view in self.views.values() if view.state == "running"]
        return sorted(views, key=lambda view: view.number)

    @property
    def ended(self) -> list[TrialView]:
        """Trials that have reached their final state."""
        return [view for view in self.views.values() if view.ended]

    @property
    def paused(self) -> list[TrialView]:
        """Trials that wait at a rung."""
        return [view for view in self.views.values() if view.state == "paused"]

    @property
    def ranking(self) -> list[Standing]:
        """Best first, as `leaderboard.rank` orders them."""
        return in_order(self.standings.values())

    @property
    def elapsed(self) -> float:
        """Seconds since this session began."""
        return self.clock() - self._start

    @property
    def epochs_a_second(self) -> float | None:
        """Epochs that all trials together train in a second; None before the first."""
        return self.session_epochs / self.elapsed if self.session_epochs and self.elapsed else None

    @property
    def troubles(self) -> list[TrialView]:
        """Trials that failed or diverged, and those without an epoch since a fault; newest last."""
        found = [
            view
            for view in self.views.values()
            if view.state == "failed" or view.diverged or (not view.ended and _is_hindered(view))
        ]
        return sorted(found, key=_last_time)

    @property
    def seconds_left(self) -> float | None:
        """Estimate from this session's epochs a second and the epochs of an ended or paused trial.

        None until there is one and an epoch was seen.
        """
        ended = [*self.ended, *self.paused]
        if not ended or not self.session_epochs:
            return None
        each = sum(view.epochs for view in ended) / len(ended)
        begun = sum(min(view.epochs, each) for view in self.running)
        remaining = max(0.0, each * (self.trials - len(ended)) - begun)
        return remaining * self.elapsed / self.session_epochs


def _is_hindered(view: TrialView) -> bool:
    return bool(view.interruptions) and view.interruptions[-1].epochs == view.epochs


def _last_time(view: TrialView) -> float:
    """When it was last decided on, or hindered."""
    return max(
        [0.0, *(one.time for one in view.decisions), *(one.time for one in view.interruptions)]
    )
