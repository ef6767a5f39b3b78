"""The rest of a search played through once, with trials that are good or bad by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from tuner.engine.early_stopping import EarlyStopping, make_scheduler, rungs_of
from tuner.planning.open_trials import OpenTrial
from tuner.record.trials import TrialView
from tuner.space import Space


def epochs_of_a_draw(
    space: Space, trials: Sequence[TrialView], to_do: Sequence[OpenTrial], random: Random
) -> int:
    """Return the epochs that the trials `to_do` train, one after another.

    Those of the record stand among each other as they do there; where the others come in between
    is drawn.
    """
    scheduler, stops = make_scheduler(space), [*rungs_of(space), space.epochs]
    qualities = _shown(space, scheduler, trials, random)
    open_, total = {trial.number: trial for trial in to_do}, 0
    paused = {trial.number: trial.epochs for trial in to_do if trial.paused}
    waiting = iter([trial.number for trial in to_do if not trial.paused])
    while True:
        promotion = scheduler.promotion(paused)
        number = next(waiting, None) if promotion is None else promotion.number
        if number is None:
            return total
        trial = open_[number]
        epochs = paused.pop(number, trial.epochs)
        quality = qualities.setdefault(number, random.random())  # of those to come
        action = "continue"
        while epochs < space.epochs and (action == "continue" or trial.never_stopped):
            stop = next(stop for stop in stops if stop > epochs)  # nothing is decided before
            epochs, total = stop, total + stop - epochs
            action = scheduler.decide(number, epochs, quality).action
        if action == "pause" and not trial.never_stopped:
            paused[number] = epochs


def _shown(
    space: Space, scheduler: EarlyStopping, trials: Sequence[TrialView], random: Random
) -> dict[int, float]:
    """Show the scheduler the rungs that were reached; returns how good those trials are by then.

    At each rung they stand as they do in the record.
    """
    qualities = {trial.number: random.random() for trial in trials}
    for stop in rungs_of(space):
        there = sorted(
            (trial.rows[stop - 1].metrics.get(space.objective, -math.inf), trial.number)
            for trial in trials
            if trial.epochs >= stop
        )
        drawn = sorted(qualities[number] for _, number in there)
        for (_, number), quality in zip(there, drawn, strict=True):
            qualities[number] = quality
            scheduler.decide(number, stop, quality)
    return qualities
