"""Ray Tune's ASHA (Li et al., MLSys 2020), driven by trial numbers instead of Tune's trials.

Tune's class asks nothing of a trial but its id, so a stand-in that carries the trial number
serves it live and when a journal is replayed: the rungs come out the same.
"""

from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from tuner.engine import deciding
from tuner.record.trials import Decision
from tuner.space import Space


def make_scheduler(space: Space) -> deciding.Scheduler:
    """The early stopping that the space names, with nothing seen yet."""
    if space.scheduler.name == "none":
        return NoStopping()
    return Asha(
        grace_epochs=space.grace_epochs,
        reduction_factor=space.scheduler.reduction_factor,
        epochs=space.epochs,
    )


class Asha:
    """Stops a trial at a rung unless it is among the best 1/reduction_factor that reached it."""

    def __init__(self, *, grace_epochs: int, reduction_factor: int, epochs: int) -> None:
        self._scheduler = AsyncHyperBandScheduler(
            time_attr="epoch",
            metric="value",
            mode="max",
            max_t=epochs,
            grace_period=grace_epochs,
            reduction_factor=reduction_factor,
            brackets=1,  # several would be drawn from numpy's global random state
        )
        self._stand_ins: dict[int, Any] = {}

    def decide(self, number: int, epoch: int, value: float) -> Decision:
        """Take in one objective value; epochs of one trial must come in their order."""
        trial = self._stand_in(number)
        action = self._scheduler.on_trial_result(None, trial, {"epoch": epoch, "value": value})
        rung = self._rung(number, epoch)
        if rung is None:
            return Decision(action="continue")
        values = self._rungs()[rung]
        stopped = action == TrialScheduler.STOP
        return Decision(
            action="stop" if stopped else "continue",
            reason="asha" if stopped else "",
            rung=rung,
            rank=1 + sum(other > values[number] for other in values.values()),
            of=len(values),
        )

    def _stand_in(self, number: int) -> Any:
        if number not in self._stand_ins:
            self._stand_ins[number] = SimpleNamespace(trial_id=number)
            self._scheduler.on_trial_add(None, self._stand_ins[number])
        return self._stand_ins[number]

    def _rungs(self) -> dict[int, dict[int, float]]:
        return {int(milestone): values for milestone, values in self._scheduler._brackets[0]._rungs}

    def _rung(self, number: int, epoch: int) -> int | None:
        """The rung that this epoch reached, if it is one that the trial had not reached before."""
        reached = [rung for rung in self._rungs() if rung == epoch]
        return reached[0] if reached and number in self._rungs()[reached[0]] else None


class NoStopping:
    """Every trial runs its full length."""

    def decide(self, number: int, epoch: int, value: float) -> Decision:
        """Let the trial go on."""
        return Decision(action="continue")
