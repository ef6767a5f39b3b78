"""The trials of a search that have epochs to train: of its record, and those still to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.record.trials import TrialView
from tuner.space import Space, published_trials


@dataclass(frozen=True, kw_only=True)
class OpenTrial:
    """A trial that has not ended, with the epochs that the record has of it."""

    number: int
    epochs: int = 0
    paused: bool = False
    never_stopped: bool = False


def open_trials(space: Space, trials: Sequence[TrialView]) -> list[OpenTrial]:
    """Return the trials with work left, those that have begun first."""
    begun = [
        OpenTrial(
            number=trial.number,
            epochs=min(trial.epochs, space.epochs),
            paused=trial.state == "paused",
            never_stopped=bool(trial.published),
        )
        for trial in trials
        if not trial.ended
    ]
    published, asked = len(published_trials(space)), {trial.number for trial in trials}
    return begun + [
        OpenTrial(number=number, never_stopped=number < published)
        for number in range(space.trials)
        if number not in asked
    ]
