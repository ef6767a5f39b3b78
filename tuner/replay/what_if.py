"""What the curves of a recorded search would have come to with other settings.

As long as nothing differs, the record is followed event by event; from there on a virtual clock
runs by the recorded seconds. With the recorded sampler the same configurations come in the same
order; another one is asked anew. A curve ends where its trial was stopped: what is needed of it
beyond that is guessed twice, and told apart.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tuner.errors import TunerError
from tuner.objectives import metric_of
from tuner.record.events import (
    DriverStarted,
    EpochReported,
    Event,
    TrialAsked,
    TrialEnded,
    TrialEvent,
    WarmStarted,
)
from tuner.record.history import History
from tuner.record.pack_names import is_pack
from tuner.record.run_folder import RunFolder
from tuner.record.trials import EndReason, EpochRow, TrialView
from tuner.replay.changed_space import changed_space
from tuner.replay.following import Follower
from tuner.results.leaderboard import Standing, best
from tuner.seeds import trial_seed
from tuner.simulation.backend import SimulatedBackend
from tuner.simulation.open_curves import BEYOND, Guess, OpenCurves
from tuner.space import Space
from tuner.study.proposals import Proposal


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What a search comes to: its trials, and of each how far the curve that it took is away.

    `device_s` is the time of devices.
    """

    trials: Sequence[TrialView]
    distances: Mapping[int, float]
    device_s: float
    objective: str

    @property
    def best(self) -> Standing | None:
        """The best value among epochs that were trained."""
        return self.best_within(math.inf)

    @property
    def epochs(self) -> int:
        """Epochs of all trials."""
        return sum(trial.epochs for trial in self.trials)

    def best_within(self, distance: float) -> Standing | None:
        """The best of those trials whose curves are not farther away, by what was trained."""
        near = [each for each in self.trials if self.distances[each.number] <= distance]
        return best([_as_trained(each) for each in near], self.objective)

    @property
    def epochs_beyond(self) -> int:
        """Those of them that are not on record."""
        return sum(row.worker == BEYOND for trial in self.trials for row in trial.rows)

    @property
    def decisions_beyond(self) -> int:
        """Decisions at rungs that were made on such epochs."""
        return sum(
            decided.decision.rung is not None and trial.rows[decided.epochs - 1].worker == BEYOND
            for trial in self.trials
            for decided in trial.decisions
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A question, and how the search goes where curves stay flat beyond their record, and where
    they rise as steeply as any; the two are one where nothing was needed beyond it.
    """

    changes: Sequence[str]
    space: Space
    flat: Totals
    steep: Totals


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A record to ask: its events, the space of its last driver, and how it went."""

    events: Sequence[Event]
    space: Space
    totals: Totals

    def ask(self, changes: Sequence[str]) -> Answer:
        """Say how the search would have gone. Raises TunerError where the curves cannot tell."""
        space = changed_space(self.space, changes)
        self._check(space)
        flat = self._totals(changes, space, "flat")
        steep = self._totals(changes, space, "steep") if flat.epochs_beyond else flat
        return Answer(changes=changes, space=space, flat=flat, steep=steep)

    def _check(self, space: Space) -> None:
        metric = metric_of(space.objective)
        rows = [row for trial in self.totals.trials for row in trial.rows]
        if not all(metric in row.metrics for row in rows):
            raise TunerError(f"--what-if objective={space.objective}: the record has no {metric}.")

    def _totals(self, changes: Sequence[str], space: Space, guess: Guess) -> Totals:
        trials = self.totals.trials
        curves = OpenCurves(self.space, trials, guess)
        with TemporaryDirectory() as folder:
            searched = _searched(self, changes, space, curves, Path(folder))
        seeds = {trial.number: trial_seed(space.sampler.seed, trial.number) for trial in searched}
        distances = {
            each.number: curves.found(each.hyperparameters, seeds[each.number]).distance
            for each in searched
        }
        return totals(searched, space, trials, distances)


def recorded(events: Sequence[Event], space: Space) -> Recorded:
    """Make a record ready to be asked; `space` is that of its last driver."""
    trials = History(events).by_number
    distances = {trial.number: 0.0 for trial in trials}
    return Recorded(events=events, space=space, totals=totals(trials, space, trials, distances))


def totals(
    trials: Sequence[TrialView],
    space: Space,
    recorded: Sequence[TrialView],
    distances: Mapping[int, float],
) -> Totals:
    """Sum a search up; lanes share an epoch's time as they did when it was `recorded`."""
    shares = _Shares(row for trial in recorded for row in trial.rows)
    return Totals(
        trials=trials,
        distances=distances,
        device_s=sum(shares.of(row) for trial in trials for row in trial.rows),
        objective=space.objective,
    )


def _as_trained(trial: TrialView) -> TrialView:
    return replace(trial, rows=tuple(row for row in trial.rows if row.worker != BEYOND))


class _Shares:
    """The part of an epoch's seconds that a trial has a device for."""

    def __init__(self, rows: Iterable[EpochRow]) -> None:
        self._rows = list(rows)
        self._together = Counter((row.worker, row.seconds) for row in self._rows)
        whole = sum(row.seconds for row in self._rows)
        self._usual = sum(map(self.of, self._rows)) / whole if whole else 1.0

    def of(self, row: EpochRow) -> float:
        if row.worker == BEYOND:
            return row.seconds * self._usual
        together = self._together[(row.worker, row.seconds)] if is_pack(row.worker) else 1
        return row.seconds / max(1, together)


def _searched(
    record: Recorded, changes: Sequence[str], space: Space, curves: OpenCurves, folder: Path
) -> list[TrialView]:
    events = record.events
    drivers = [event for event in events if isinstance(event, DriverStarted)]
    follower = Follower(
        RunFolder(folder),
        lambda written: changed_space(Space.model_validate(written), changes),
        _proposals(events) if space.sampler == record.space.sampler else (),
    )
    concurrent = space.resources.concurrent_trials
    slots = None if concurrent == record.space.resources.concurrent_trials else concurrent
    if isinstance(slots, int):  # which no recorded time holds for
        follower.open(drivers[-1], slots)
        for event in events:
            if isinstance(event, WarmStarted):  # what earlier runs gave, which no worker changes
                follower.engine.note(event)
        SimulatedBackend(curves, slots, follower.clock).run(follower.engine)
    else:
        parted = follower.follow(events)
        if changes:
            _go_on(follower, events[len(events) if parted is None else parted + 1 :], curves)
    follower.engine.close()
    return follower.engine.trials


def _go_on(follower: Follower, rest: Sequence[Event], curves: OpenCurves) -> None:
    """Let the virtual clock run, with what was under way; then as the last driver, if there is."""
    backend = SimulatedBackend(curves, follower.engine.slots, follower.clock)
    for number, (attempt_id, attempt) in follower.under_way.items():
        epochs = follower.engine.history.trials[number].epochs
        going = replace(attempt, recorded_epochs=epochs)
        backend.take_over(attempt_id, going, _next_end(rest, number))
    backend.run(follower.engine)
    later = [event for event in rest if isinstance(event, DriverStarted)]
    if later:
        follower.open(later[-1])
        SimulatedBackend(curves, follower.engine.slots, follower.clock).run(follower.engine)


def _next_end(rest: Sequence[Event], number: int) -> float | None:
    """When the record has the next epoch of a trial that is under way; None if it was cut short."""
    for event in rest:
        if isinstance(event, DriverStarted):
            return None
        if isinstance(event, TrialEvent) and event.trial == number:
            of_itself = isinstance(event, TrialEnded) and EndReason.of(
                event.state, event.reason
            ) in (
                EndReason.DIVERGED,
                EndReason.COLLAPSED,
            )
            return event.time if of_itself or isinstance(event, EpochReported) else None
    return None


def _proposals(events: Sequence[Event]) -> Sequence[Proposal]:
    return [
        Proposal(
            published=event.published,
            taken_from=event.taken_from,
            searched=event.searched,
            hyperparameters=event.hyperparameters,
            inactive=event.inactive,
        )
        for event in events
        if isinstance(event, TrialAsked)
    ]
