"""The choice itself: rounds of trainings until one candidate is best, or the budget is spent."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tuner.cli.output import Say
from tuner.cli.text import counted
from tuner.errors import TunerError
from tuner.figures.candidates import left_out_sentences, round_line, trials_text
from tuner.figures.metrics import BEST, Metrics, write_metrics
from tuner.figures.words import prose
from tuner.retrain.choosing.candidates import Candidate
from tuner.retrain.choosing.rounds import Rule, State, next_round, state_of
from tuner.retrain.choosing.told import Tried, left_out_row, told, value_of
from tuner.retrain.choosing.trainings import Trainings
from tuner.retrain.plan import Plan
from tuner.storage.files import replace_file

if TYPE_CHECKING:
    from tuner.retrain.training import Trained


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The candidate that was chosen, its trainings as those of the best, and what is known.

    `others` are those that cannot be told apart from it, the likeliest first.
    """

    candidate: Candidate
    trained: "list[Trained]"
    known: Metrics
    others: Sequence[Tried]


@dataclass(kw_only=True)
class Choice:
    """One choice; `plan` has the candidates as its contenders, in their order."""

    plan: Plan
    candidates: Sequence[Candidate]
    rule: Rule
    trainings: Trainings
    say: Say
    _tried: list[Tried] = field(default_factory=list)
    _left_out: list[Tried] = field(default_factory=list)
    _rounds: list[dict[int, int]] = field(default_factory=list)
    """After each round, how many trainings each candidate had."""

    def made(self) -> Chosen:
        """Train, decide, write down and say, round by round; a training is never made twice.

        Raises TunerError where no candidate is left.
        """
        self._tried = [Tried(candidate=each) for each in self.candidates]
        for line in self._beginning():
            self.say(line)
        while any(more := next_round(self._values(), self._rule_left)):
            self._round(more)
        known = self._write(ended=True)
        chosen = self._tried[self._states()[-1].chosen]
        by_trial = {each.candidate.trial: each for each in self._tried}
        return Chosen(
            candidate=chosen.candidate,
            trained=[replace(one, contender=BEST) for one in chosen.trained],
            known=known,
            others=[by_trial[trial] for trial in known["may_be_best"]],
        )

    def _values(self) -> list[list[float]]:
        return [[value_of(self.plan, one) for one in each.trained] for each in self._tried]

    @property
    def _rule_left(self) -> Rule:
        """The rule for those that are left: what the others were trained is spent."""
        spent = sum(len(each.trained) for each in self._left_out)
        return replace(self.rule, most=self.rule.most - spent)

    def _states(self) -> list[State]:
        """What was known after each round of those that are left."""
        values = self._values()
        return [
            state_of(
                [
                    of_one[: counts[each.candidate.trial]]
                    for each, of_one in zip(self._tried, values, strict=True)
                ]
            )
            for counts in self._rounds
        ]

    def _round(self, more: Sequence[int]) -> None:
        plan = self._plan_with(more)
        found = self.trainings.of(plan, all_usable=False)
        for each in self._tried:
            each.trained += found[each.candidate.contender.key]
        self._drop()
        self._rounds.append({each.candidate.trial: len(each.trained) for each in self._tried})
        self.say(round_line(self._write(ended=False)))

    def _plan_with(self, more: Sequence[int]) -> Plan:
        """The plan with the numbers of this round, and all seeds up to it."""
        plan, numbers, seeds = self.plan, {}, {}
        for each, new in zip(self._tried, more, strict=True):
            key, count = each.candidate.contender.key, len(each.trained)
            numbers[key] = tuple(range(count, count + new))
            seeds[key] = each.candidate.seeds(plan.search_seed, count + new)
        contenders = tuple(each.candidate.contender for each in self._tried)
        return replace(plan, contenders=contenders, numbers=numbers, own_seeds=seeds)

    def _drop(self) -> None:
        """Leave those out that have come to nothing with a seed: no figure compares them.

        Raises TunerError where all have.
        """
        dropped = [each for each in self._tried if not each.is_comparable(self.plan)]
        self._left_out += dropped
        self._tried = [each for each in self._tried if each.is_comparable(self.plan)]
        for each in dropped:
            for line in prose(*left_out_sentences({"left_out": [left_out_row(self.plan, each)]})):
                self.say(line)
        if not self._tried:
            trials = trials_text([each.candidate.trial for each in self._left_out])
            raise TunerError(
                f"No candidate is left to choose: {trials} came to nothing with a fresh seed. "
                "The test split was not opened. Give a higher --top, or search anew "
                "where trainings do not diverge, as with lower learning rates"
            )

    def _write(self, *, ended: bool) -> Metrics:
        states, plan = self._states(), self.plan
        known = told(plan, self.rule, self._tried, self._left_out, states, ended=ended)
        written = {**known, "configuration": asked_of(plan, self.rule)}
        replace_file(plan.run_folder.candidates, lambda path: write_metrics(written, path))
        return known

    def _beginning(self) -> list[str]:
        trials = ", ".join(str(each.trial) for each in self.candidates)
        metric = self.plan.metric.upper()
        return prose(
            f"Choosing among {counted(len(self.candidates), 'trial')} ({trials}) by the {metric} "
            f"of fresh seeds on validation: {self.rule.first} trainings of each, then more where "
            f"they can change the choice, until one is the best with probability "
            f"{self.rule.level:g} or {self.rule.most} are trained.",
            "Their trainings are kept: after a stop the same command goes on.",
        )


def asked_of(plan: Plan, rule: Rule) -> Metrics:
    """What a choice depends on, as candidates.json has it."""
    asked = replace(plan, seeds=(), numbers={}).configuration()
    return {**asked, "level": rule.level, "first": rule.first, "most": rule.most}
