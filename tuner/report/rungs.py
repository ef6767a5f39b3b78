"""How trials stood at the epochs where early stopping compares them, once all had come there."""

import math

from tuner.engine.early_stopping import rungs_of
from tuner.record.trials import TrialView
from tuner.report.material import Material

Places = dict[tuple[int, int], tuple[int, int]]
"""By trial and rung: its rank there, 1 the best, and of how many."""


def final_places(material: Material) -> Places:
    """A decision knows the trials that had come by then alone: these are of all."""
    found: Places = {}
    for rung in rungs_of(material.space):
        values = {
            trial.number: value
            for trial in material.trials
            if (value := _value(trial, rung, material.space.objective)) is not None
        }
        for number, value in values.items():
            better = sum(other > value for other in values.values())
            found[number, rung] = (better + 1, len(values))
    return found


def _value(trial: TrialView, rung: int, objective: str) -> float | None:
    """None of a trial that was not compared there."""
    if not any(one.decision.rung == rung for one in trial.decisions):
        return None
    row = next((row for row in trial.rows if row.epoch == rung), None)
    value = math.nan if row is None else row.metrics.get(objective, math.nan)
    return value if math.isfinite(value) else None


def place_text(places: Places, trial: TrialView) -> str:
    """Where a trial that early stopping has ended or paused stands at its last rung; or ""."""
    decision = trial.decision
    if decision is None or decision.rung is None or (trial.number, decision.rung) not in places:
        return ""
    rank, of = places[trial.number, decision.rung]
    return f"rank {rank} of the {of} that came to epoch {decision.rung}"
