"""The choice as candidates.json and metrics.json have it."""

from collections.abc import Sequence
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from models import detectors
from tuner.figures.metrics import Metrics
from tuner.retrain.choosing.rounds import Rule, State, may_be_best
from tuner.retrain.plan import Plan

if TYPE_CHECKING:
    from tuner.retrain.choosing.candidates import Candidate
    from tuner.retrain.choosing.kept import Kept

_RULE = "OCBA, Chen et al. (2000), theorem 1"
_ASSUMED = (
    "figures of seeds are normal; each candidate has a variance of its own, drawn toward the "
    "pooled one (Smyth 2004, 4 degrees of freedom), so that where one spreads several times as far "
    "as the others the probability may be too high; flat prior of the means; split and images are "
    "fixed"
)


def value_of(plan: Plan, kept: "Kept") -> float:
    """The figure by which candidates are compared: that of the kept epoch.

    What diverged before the last stage has none that is a peer of the others', and counts as 0.
    """
    row, stages = kept.trained.kept_row, detectors.stages(plan.best.detector)
    return row.metrics[plan.metric] if row.stage in ("", *list(stages)[-1:]) else 0.0


def told(
    plan: Plan,
    rule: Rule,
    candidates: "Sequence[Candidate]",
    trained: "Sequence[Sequence[Kept]]",
    states: Sequence[State],
    *,
    ended: bool,
) -> Metrics:
    """All that is known after the last of the `states`, one for each round."""
    state = states[-1]
    same = may_be_best(state, rule.level)
    rows = [
        _row(plan, candidate, state, place, kept)
        for place, (candidate, kept) in enumerate(zip(candidates, trained, strict=True))
    ]
    level = [rows[place] for place in (state.chosen, *same)]
    return {
        "metric": plan.metric,
        "synthetic": plan.data.validation == "synthetic",
        "rule": {"level": rule.level, "first": rule.first, "most": rule.most, "more": _RULE},
        "assumed": _ASSUMED,
        "candidates": rows,
        "rounds": [
            {
                "trainings": list(each.trainings),
                "means": list(each.means),
                "probabilities": list(each.probabilities),
            }
            for each in states
        ],
        "ended": ended,
        "chosen": rows[state.chosen]["trial"],
        "probability": state.probability,
        "reached": state.probability >= rule.level,
        "may_be_best": [rows[place]["trial"] for place in same],
        "cheapest": min(level, key=lambda each: each["training_seconds"])["trial"],
    }


def _row(
    plan: Plan, candidate: "Candidate", state: State, place: int, kept: "Sequence[Kept]"
) -> dict[str, Any]:
    epochs = fmean(len(each.seconds) for each in kept)
    of_epoch = median(each for one in kept for each in one.seconds)
    return {
        "trial": candidate.trial,
        "searched": candidate.searched,
        "seeds": list(plan.own_seeds[candidate.contender.key]),
        "values": [value_of(plan, each) for each in kept],
        "diverged_seeds": [number for number, each in enumerate(kept, 1) if not each.trained.whole],
        "mean": state.means[place],
        "interval95": list(state.intervals[place]),
        "probability": state.probabilities[place],
        "epochs": epochs,
        "epoch_seconds": of_epoch,
        "training_seconds": epochs * of_epoch,
    }
