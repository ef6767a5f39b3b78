"""The choice as candidates.json and metrics.json have it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from models import detectors
from models.evaluation.criteria_names import CRITERIA
from tuner.figures.metrics import Metrics
from tuner.retrain.choosing.rounds import Rule, State, may_be_best
from tuner.retrain.plan import Plan

if TYPE_CHECKING:
    from tuner.retrain.choosing.candidates import Candidate
    from tuner.retrain.training import Trained

_RULE = "OCBA, Chen et al. (2000), theorem 1"
_ASSUMED = (
    "figures of seeds are normal; each candidate has a variance of its own, drawn toward the "
    "pooled one (Smyth 2004, 4 degrees of freedom), so that where one spreads several times as far "
    "as the others the probability may be too high; flat prior of the means; split and images are "
    "fixed"
)


@dataclass(kw_only=True)
class Tried:
    """A candidate and its trainings so far, by their numbers."""

    candidate: "Candidate"
    trained: "list[Trained]" = field(default_factory=list)

    def is_comparable(self, plan: Plan) -> bool:
        """Whether every training has come to a figure that is a peer of the others'."""
        return all(is_comparable(plan, one) for one in self.trained)

    def seeds(self, plan: Plan) -> list[int]:
        """Those of its trainings."""
        return list(self.candidate.seeds(plan.search_seed, len(self.trained)))


def value_of(plan: Plan, trained: "Trained") -> float:
    """The figure by which candidates are compared: that of the kept epoch."""
    return trained.kept_row.metrics[plan.metric]


def is_comparable(plan: Plan, trained: "Trained") -> bool:
    """Whether its kept epoch is of the last stage: one that diverged before has none of those."""
    if not trained.usable:
        return False
    last = list(detectors.stages(plan.best.detector))[-1:]
    return trained.kept_row.stage in ("", *last)


def told(
    plan: Plan,
    rule: Rule,
    tried: Sequence[Tried],
    left_out: Sequence[Tried],
    states: Sequence[State],
    *,
    ended: bool,
) -> Metrics:
    """All that is known of those `tried` after the last of the `states`, one for each round.

    Rounds are of them alone; those `left_out` came to nothing in one.
    """
    state = states[-1]
    same = may_be_best(state, rule.level)
    rows = [_row(plan, rule, state, place, each) for place, each in enumerate(tried)]
    level = [rows[place] for place in (state.chosen, *same)]
    return {
        "metric": plan.metric,
        "synthetic": plan.data.validation == "synthetic",
        "rule": {"level": rule.level, "first": rule.first, "most": rule.most, "more": _RULE},
        "assumed": _ASSUMED,
        "candidates": rows,
        "left_out": [left_out_row(plan, each) for each in left_out],
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


def _row(plan: Plan, rule: Rule, state: State, place: int, tried: Tried) -> dict[str, Any]:
    trained = tried.trained
    first = [each for each in trained if each.number < rule.first]
    return {
        "trial": tried.candidate.trial,
        "searched": tried.candidate.searched,
        "seeds": tried.seeds(plan),
        "values": [value_of(plan, each) for each in trained],
        "diverged_seeds": [number for number, each in enumerate(trained, 1) if not each.whole],
        "mean": state.means[place],
        "interval95": _within_range(plan.metric, state.intervals[place]),
        "probability": state.probabilities[place],
        "epochs": fmean(len(each.rows) for each in trained),
        "training_seconds": training_seconds(first),
    }


def _within_range(metric: str, ends: tuple[float, float]) -> list[float]:
    """An interval without what lies above 1 or below 0, where a metric cannot be there."""
    return list(ends) if metric in CRITERIA else [min(1.0, max(0.0, end)) for end in ends]


def training_seconds(trained: "Sequence[Trained]") -> float:
    """What one of these trainings usually takes of a device.

    Of each stage its usual epoch, as often as it comes: an epoch of one may take many times that of
    another, and one that waited for its machine says nothing. To be compared, they must have as
    many lanes each, as the first trainings of all candidates have.
    """
    found: dict[str, list[float]] = {}
    for each in trained:
        for row in each.rows:
            found.setdefault(row.stage, []).append(row.seconds / each.lanes)
    return sum(median(times) * len(times) / len(trained) for times in found.values())


def left_out_row(plan: Plan, tried: Tried) -> dict[str, Any]:
    """Of a candidate that has come to nothing: with which of its seeds, why, what it has cost."""
    nothing = [each for each in tried.trained if not is_comparable(plan, each)]
    return {
        "trial": tried.candidate.trial,
        "searched": tried.candidate.searched,
        "seeds": tried.seeds(plan),
        "came_to_nothing": [each.number + 1 for each in nothing],
        "why": nothing[0].why,
        "before_last_stage": nothing[0].usable,
        "epochs": sum(len(each.rows) for each in tried.trained),
        "seconds": sum(each.seconds for each in tried.trained),
    }
