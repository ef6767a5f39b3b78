"""What a retrain was of: the best trial of the search as it is now, or something else."""

from collections.abc import Mapping, Sequence

from tuner.cli.text import setting_text
from tuner.figures.metrics import BEST, Metrics
from tuner.figures.task import data_configuration, whole_values
from tuner.record.trials import TrialView
from tuner.report.words import listed
from tuner.space import Space

_MOST = 3


def other_than_best(metrics: Metrics, space: Space, ranked: Sequence[TrialView]) -> str:
    """In words what was retrained where it is not the first of the ranked trials on these data.

    "" where it is, and where a report of an earlier version does not say it.
    """
    asked = metrics.get("configuration", {})
    if BEST not in asked.get("contenders", {}) or not ranked:
        return ""
    if asked["data"] != data_configuration(space.data):
        return "a retrain on other data"
    contender = asked["contenders"][BEST]
    if contender["detector"] != space.detector:
        return f"the detector {contender['detector']}"
    there = whole_values(space.detector, contender["hyperparameters"])
    own = [whole_values(space.detector, {**space.fixed, **each.hyperparameters}) for each in ranked]
    if own[0] == there:
        return ""
    same = (each.number for each, values in zip(ranked, own, strict=True) if values == there)
    number = next(same, None)
    return _differing(there, own[0]) if number is None else f"trial {number}"


def _differing(there: Mapping[str, object], best: Mapping[str, object]) -> str:
    found = [
        f"{name} {setting_text(value)}" for name, value in there.items() if value != best.get(name)
    ]
    if not 0 < len(found) <= _MOST:
        return "another configuration"
    return f"a configuration with {listed(found)}"
