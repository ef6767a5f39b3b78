"""The trials that may be the best: the first of a search's ranking, as far as they ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from models import detectors
from models.evaluation.criteria_names import CRITERIA
from tuner.cli.text import counted
from tuner.errors import TunerError
from tuner.objectives import metric_of
from tuner.results.leaderboard import Standing, rank
from tuner.retrain.choosing.rounds import Rule
from tuner.retrain.contenders import Contender
from tuner.retrain.plan import fresh_seeds
from tuner.retrain.run_check import Searched
from tuner.space import Space, best_space

DEFAULT_LEVEL = 0.95
DEFAULT_MOST = 5
"""Trainings to a candidate, over all, where no number is given."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A trial to retrain, and the `space` of it alone, as best.yaml is that of the best.

    `searched` is the value that the search saw, by which the trial is a candidate.
    """

    trial: int
    searched: float
    contender: Contender
    space: Space

    def seeds(self, search_seed: int, count: int) -> tuple[int, ...]:
        """Its first seeds.

        A candidate has seeds of its own. Did all have the same, those that were given more of them
        would differ from the others by the luck of these seeds, which would be taken for theirs.
        """
        return fresh_seeds(search_seed, f"retrain {self.contender.key}", count)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Choose among the `top` best, until one is the best with probability `until`.

    `most` trainings in all at most; None is DEFAULT_MOST to each candidate.
    """

    top: int
    until: float = DEFAULT_LEVEL
    most: int | None = None


def rule_of(asked: Asked, *, seeds: int, candidates: int) -> Rule:
    """The rule for so many candidates. Raises TunerError where it leaves nothing to decide."""
    if seeds < 2:
        raise TunerError(
            f"--seeds {seeds} with --top: how much seeds differ is not known from one training of "
            "each; give --seeds 2 or more"
        )
    begun = seeds * candidates
    most = asked.most or max(DEFAULT_MOST, seeds) * candidates
    if most < begun:
        raise TunerError(
            f"--max-trainings {most} is too few: {candidates} candidates begin with {seeds} "
            f"trainings each, which are {begun}; allow more, or lower --seeds or --top"
        )
    return Rule(level=asked.until, first=seeds, most=most)


def candidates_of(searched: Searched, space: Space, top: int) -> tuple[list[Candidate], str]:
    """The best `top` finished trials that differ, and what is to be said where there are fewer.

    Raises TunerError where there are not two, and where nothing can be chosen among them.
    """
    _check(searched, space)
    ranking = rank(searched.trials, space.objective)
    found: list[Candidate] = []
    for one in ranking:
        if one.trial.state == "complete":
            new = _candidate(one, space)
            if all(new.contender.hyperparameters != old.contender.hyperparameters for old in found):
                found.append(new)
    if len(found) < 2:
        raise TunerError(
            f"--top {top} needs two finished trials that differ, to choose between, and this "
            f"search has {len(found) or 'none'}: leave --top out"
        )
    few = ""
    if len(found) < top:
        trials = counted(len(found), "finished trial that differs", "finished trials that differ")
        few = f"--top {top}: the search has {trials}, which are all taken."
    return found[:top], few


def _candidate(one: Standing, space: Space) -> Candidate:
    number = one.trial.number
    contender = Contender(
        key=f"trial-{number}",
        label=f"trial {number}",
        detector=space.detector,
        hyperparameters=dict(detectors.resolve(space.detector, one.trial.hyperparameters)),
    )
    return Candidate(
        trial=number,
        searched=one.value,
        contender=contender,
        space=best_space(space, one.trial.hyperparameters, {"trial": number, "value": one.value}),
    )


def _check(searched: Searched, space: Space) -> None:
    recorded = searched.space
    if recorded is None or not searched.trials:
        raise TunerError(
            f"--top takes its candidates from the record of a search, and {searched.journal} is "
            "missing or empty: give a run with its record, or leave --top out"
        )
    metric = metric_of(space.objective)
    if metric in CRITERIA:
        raise TunerError(
            f"--top chooses on anomalies of validation, and the objective {space.objective} needs "
            "none: seeds cannot be told apart by it. Leave --top out, or search anew with "
            "objective: best_auroc, where data.validation: synthetic makes anomalies if you have "
            "none"
        )
    best = _standing_of(space, rank(searched.trials, space.objective))
    if best is not None and _changed(best, recorded, space):
        raise TunerError(
            "--set changes the best configuration, and --top chooses among several as the search "
            "tried them: leave one of them out"
        )


def _standing_of(space: Space, ranking: Sequence[Standing]) -> Standing | None:
    """The trial that the configuration is of: a search that goes on may have a better one now."""
    number = (space.result or {}).get("trial")
    return next((one for one in ranking if number in (None, one.trial.number)), None)


def _changed(best: Standing, recorded: Space, space: Space) -> bool:
    """Whether the configuration is no longer that of the search's best trial."""
    if recorded.detector != space.detector or recorded.objective != space.objective:
        return True
    there = detectors.resolve(space.detector, best.trial.hyperparameters)
    return dict(there) != dict(detectors.resolve(space.detector, space.fixed))
