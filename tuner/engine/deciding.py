"""What becomes of a trial after an epoch: pure rules, for the engine and for a replay."""

from dataclasses import replace

from tuner.engine.early_stopping import EarlyStopping, Promotion
from tuner.objectives import best_values
from tuner.record.history import History
from tuner.record.trials import SPARED, Decision, EndReason, EpochRow, TrialView, of_stage
from tuner.space import Space


def decide(space: Space, scheduler: EarlyStopping, trial: TrialView, row: EpochRow) -> Decision:
    """Ask the scheduler; a published set always runs its full length, to compare with."""
    decision = scheduler.decide(trial.number, row.epoch, row.metrics[space.objective])
    if row.epoch >= space.epochs:
        return Decision(action="stop", reason="")
    if decision.action != "continue" and trial.published:
        return Decision(
            action="continue",
            reason=SPARED,
            rung=decision.rung,
            rank=decision.rank,
            of=decision.of,
        )
    return decision


def next_promotion(space: Space, scheduler: EarlyStopping, history: History) -> Promotion | None:
    """The paused trial that goes on now, if any.

    When all trials have been tried and none of them was trained to its end, the best goes on until
    one is: a search of few trials would end without a result that can be compared.
    """
    paused = history.paused
    promotion = scheduler.promotion(paused)
    if promotion is not None or len(history.trials) < space.trials:
        return promotion
    states = {trial.state for trial in history.trials.values()}
    return None if states & {"running", "complete"} else scheduler.nearest(paused)


def with_best(trial: TrialView, row: EpochRow) -> EpochRow:
    """The row with `best_<metric>` of its stage's recorded epochs up to it."""
    before = of_stage(trial.rows, row.stage)
    best = best_values(row.metrics, [each.metrics for each in before])
    return replace(row, metrics={**row.metrics, **best})


def end_reason(space: Space, trial: TrialView) -> EndReason:
    """Why a trial ends that it was decided to stop."""
    full = trial.epochs >= space.epochs
    return EndReason.FULL_LENGTH if full else EndReason.EARLY_STOPPING
