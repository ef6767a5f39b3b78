"""A retrain that begins with a choice: what it asks for, what is stored of it, how it goes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.data.split import Split
from tuner.cli.output import Say
from tuner.figures.candidates import choice_sentences
from tuner.figures.metrics import BEST, Metrics, read_metrics
from tuner.figures.words import prose
from tuner.retrain.choosing.candidates import Asked, Candidate, candidates_of, rule_of
from tuner.retrain.choosing.choose import Choice, asked_of
from tuner.retrain.choosing.rounds import Rule
from tuner.retrain.jobs import train_all
from tuner.retrain.plan import Plan, Setting
from tuner.retrain.report import stored_metrics
from tuner.retrain.run_check import searched_in
from tuner.space import Space
from tuner.storage import Storage

if TYPE_CHECKING:
    from tuner.retrain.training import Trained

Planned = Callable[..., Plan]
"""The plan of a retrain of a space with so many `seeds`."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """`plan` has the candidates as its contenders; `notes` is said before all else."""

    plan: Plan
    candidates: Sequence[Candidate]
    rule: Rule
    planned: Planned
    notes: Sequence[str]

    def stored(self) -> Metrics | None:
        """The report of such a choice that has come to its end, None where there is none."""
        known = read_metrics(self.plan.run_folder.candidates)
        if known is None or known.pop("configuration") != asked_of(self.plan, self.rule):
            return None
        chosen = next((one for one in self.candidates if one.trial == known["chosen"]), None)
        if chosen is None or not known["ended"]:
            return None
        stored = stored_metrics(self._plan_of(chosen, known))
        return stored if stored is not None and stored.get("chosen_among") == known else None

    def trained(
        self,
        setting: Setting,
        split: Split,
        say: Say,
        *,
        address: str | None,
        storage: Storage | None,
    ) -> "tuple[Setting, list[Trained]]":
        """Choose, and train what the chosen one is held against; the setting is of its test."""
        choice = Choice(
            setting=replace(setting, plan=self.plan),
            split=split,
            candidates=self.candidates,
            rule=self.rule,
            say=say,
            address=address,
            storage=storage,
        )
        chosen = choice.made()
        plan = self._plan_of(chosen.candidate, chosen.known)
        for line in (*prose(*choice_sentences(chosen.known)), *plan.left_out):
            say(line)
        setting = replace(setting, plan=plan)
        if not (others := plan.contenders[1:]):
            return setting, chosen.trained
        beside = replace(setting, plan=replace(plan, contenders=others))
        found = train_all(beside, say, address=address, storage=storage)
        return setting, [*chosen.trained, *found]

    def _plan_of(self, chosen: Candidate, known: Metrics) -> Plan:
        """The retrain of the chosen one, over all its seeds; the others have as many as asked."""
        row = next(each for each in known["candidates"] if each["trial"] == chosen.trial)
        plan = replace(self.planned(chosen.space, seeds=1), seeds=tuple(row["seeds"]))
        numbers = {}
        if len(plan.seeds) > self.rule.first:
            of_others = tuple(range(self.rule.first))
            numbers = {each.key: of_others for each in plan.contenders if each.key != BEST}
        return replace(plan, numbers=numbers, chosen_among=known)


def course_of(asked: Asked, space: Space, plan: Plan, planned: Planned) -> Course:
    """What is asked for, settled; `plan` is that of the search's best alone.

    Raises TunerError where there is nothing to choose, or nothing to choose by.
    """
    searched = searched_in(plan.run_folder)
    candidates, few = candidates_of(searched, space, asked.top)
    rule = rule_of(asked, seeds=len(plan.seeds), candidates=len(candidates))
    contenders = tuple(each.contender for each in candidates)
    return Course(
        plan=replace(plan, contenders=contenders, left_out=(), claimed_gain=None),
        candidates=candidates,
        rule=rule,
        planned=planned,
        notes=[few] if few else [],
    )
