"""The choice itself: rounds of trainings until one candidate is best, or the budget is spent."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from models.data.split import Split
from tuner.backend.address import named_address
from tuner.backend.ray_backend import connected
from tuner.cli.output import Say
from tuner.cli.text import counted
from tuner.figures.candidates import round_line
from tuner.figures.metrics import BEST, Metrics, write_metrics
from tuner.figures.words import prose
from tuner.retrain.choosing.candidates import Candidate
from tuner.retrain.choosing.kept import Keeper, Kept
from tuner.retrain.choosing.rounds import Rule, State, next_round, state_of
from tuner.retrain.choosing.told import told, value_of
from tuner.retrain.jobs import room_here, train_all
from tuner.retrain.plan import Plan, Setting, fresh_seeds
from tuner.space import Machine
from tuner.storage import Storage
from tuner.storage.files import replace_file

if TYPE_CHECKING:
    from tuner.retrain.training import Trained


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The candidate that was chosen, its trainings as those of the best, and what is known."""

    candidate: Candidate
    trained: "list[Trained]"
    known: Metrics


@dataclass(kw_only=True)
class Choice:
    """One choice; `setting` has a plan whose contenders are the candidates, in their order."""

    setting: Setting
    split: Split
    candidates: Sequence[Candidate]
    rule: Rule
    say: Say
    address: str | None = None
    storage: Storage | None = None
    _trained: list[list[Kept]] = field(default_factory=list)
    _states: list[State] = field(default_factory=list)

    def made(self) -> Chosen:
        """Train, decide, write down and say, round by round; a training is never made twice."""
        self._trained = [[] for _ in self.candidates]
        for line in self._beginning():
            self.say(line)
        with ExitStack() as opened:
            joined = None
            while any(more := next_round(self._values(), self.rule)):
                plan = self._plan_with(more)
                if missing := self._missing(plan):
                    joined = joined or self._joined(opened)
                    self._train(plan, missing, joined)
                self._take_up(plan)
        known = self._write(ended=True)
        place = self._states[-1].chosen
        return Chosen(
            candidate=self.candidates[place],
            trained=[replace(one.trained, contender=BEST) for one in self._trained[place]],
            known=known,
        )

    @property
    def _keeper(self) -> Keeper:
        folder = self.setting.plan.run_folder.candidate_trainings
        return Keeper(folder=folder, digest=self.split.digest)

    def _values(self) -> list[list[float]]:
        plan = self.setting.plan
        return [[value_of(plan, one) for one in of_one] for of_one in self._trained]

    def _plan_with(self, more: Sequence[int]) -> Plan:
        """The plan with the numbers of this round, and all seeds up to it.

        A candidate has seeds of its own. Did all have the same, those that were given more of them
        would differ from the others by the luck of these seeds, which would be taken for theirs.
        """
        plan, numbers, seeds = self.setting.plan, {}, {}
        for one, trained, new in zip(self.candidates, self._trained, more, strict=True):
            key, count = one.contender.key, len(trained)
            numbers[key] = tuple(range(count, count + new))
            seeds[key] = fresh_seeds(plan.search_seed, f"retrain {key}", count + new)
        return replace(plan, numbers=numbers, own_seeds=seeds)

    def _missing(self, plan: Plan) -> dict[str, tuple[int, ...]]:
        """Of the round, what an earlier command has not left."""
        absent = {
            key: tuple(one for one in numbers if self._keeper.find(plan, key, one) is None)
            for key, numbers in plan.numbers.items()
        }
        return {key: numbers for key, numbers in absent.items() if numbers}

    def _train(
        self, plan: Plan, missing: dict[str, tuple[int, ...]], joined: Machine | None
    ) -> None:
        contenders = tuple(each for each in plan.contenders if each.key in missing)
        of_round = replace(plan, contenders=contenders, numbers=missing)
        train_all(
            replace(self.setting, plan=of_round),
            self.say,
            address=self.address,
            storage=self.storage,
            joined=joined,
            done=partial(self._keeper.keep, plan),
        )

    def _joined(self, opened: ExitStack) -> Machine | None:
        """Ray for all rounds, where several trainings can run at once."""
        if named_address(self.address) is None and room_here() <= 1:
            return None
        return opened.enter_context(connected(self.address))

    def _take_up(self, plan: Plan) -> None:
        """Read the round's trainings as they were kept: what a resume sees is what is seen here."""
        for place, one in enumerate(self.candidates):
            key = one.contender.key
            for number in plan.numbers[key]:
                kept = self._keeper.find(plan, key, number)
                if kept is None:
                    raise OSError(f"training {number + 1} of {one.contender.label} was not kept")
                self._trained[place].append(kept)
        self._states.append(state_of(self._values()))
        self.say(round_line(self._write(ended=False)))

    def _write(self, *, ended: bool) -> Metrics:
        plan = self._plan_with([0] * len(self.candidates))
        known = told(plan, self.rule, self.candidates, self._trained, self._states, ended=ended)
        written = {**known, "configuration": asked_of(self.setting.plan, self.rule)}
        replace_file(plan.run_folder.candidates, lambda path: write_metrics(written, path))
        return known

    def _beginning(self) -> list[str]:
        trials = ", ".join(str(each.trial) for each in self.candidates)
        metric = self.setting.plan.metric.upper()
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
