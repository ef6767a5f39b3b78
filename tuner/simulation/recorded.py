"""Curves that other searches have recorded, for configurations at or near theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.hyperparameters import Value
from tuner.record.trials import EndReason, EpochRow, TrialView
from tuner.seeds import trial_seed
from tuner.simulation.curves import NoEpoch
from tuner.simulation.nearest import Found, Nearest
from tuner.space import Space


class RecordedCurves:
    """The curves of `trials`, which a search of `space` has trained to their end.

    A configuration that is none of theirs takes the curve of the nearest.
    """

    def __init__(self, space: Space, trials: Sequence[TrialView]) -> None:
        self._trials = trials
        self._nearest = Nearest(
            space.search,
            [trial.hyperparameters for trial in trials],
            [trial_seed(space.sampler.seed, trial.number) for trial in trials],
        )

    def epoch(
        self, hyperparameters: Mapping[str, Value], seed: int, epoch: int
    ) -> EpochRow | NoEpoch:
        """The epoch of the nearest configuration's training. ValueError beyond its end."""
        trial = self.source(hyperparameters, seed)
        if epoch <= trial.epochs:
            return trial.rows[epoch - 1]
        if ended := early_end(trial):
            return ended
        return self._beyond(trial, epoch)

    def source(self, hyperparameters: Mapping[str, Value], seed: int) -> TrialView:
        """The trial whose curve a configuration takes."""
        return self._trials[self.found(hyperparameters, seed).nth]

    def found(self, hyperparameters: Mapping[str, Value], seed: int) -> Found:
        """How far away that trial's configuration is."""
        return self._nearest.of(hyperparameters, seed)

    def _beyond(self, trial: TrialView, epoch: int) -> EpochRow | NoEpoch:
        raise ValueError(f"trial {trial.number} has {trial.epochs} epochs, asked for epoch {epoch}")


def early_end(trial: TrialView) -> NoEpoch | None:
    """How a training ended by itself before its last epoch, if it did."""
    if trial.end is EndReason.ERROR:
        return NoEpoch(outcome="error", reason=trial.reason.removeprefix("error: "))
    return NoEpoch(outcome="diverged", reason=trial.reason) if trial.diverged else None
