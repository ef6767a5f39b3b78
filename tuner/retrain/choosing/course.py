"""A retrain that begins with a choice: what it asks for, what is stored of it, how it goes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.data.split import Split
from tuner.cli.output import Say
from tuner.errors import TunerError
from tuner.figures.candidates import choice_sentences
from tuner.figures.metrics import BEST, ENSEMBLE, Metrics, read_metrics, write_metrics
from tuner.figures.words import prose
from tuner.record.run_folder import RunFolder
from tuner.retrain.choosing.candidates import Asked, Candidate, candidates_of, rule_of
from tuner.retrain.choosing.choose import Choice, Chosen, asked_of
from tuner.retrain.choosing.kept import Keeper
from tuner.retrain.choosing.rounds import Rule
from tuner.retrain.choosing.trainings import Trainings
from tuner.retrain.plan import Plan, Setting
from tuner.retrain.report import stored_metrics
from tuner.retrain.run_check import searched_in
from tuner.space import Space
from tuner.storage import Storage
from tuner.storage.files import remove, replace_file

if TYPE_CHECKING:
    from tuner.retrain.ensemble import Member

_REPORTED = "reported"
"""Whether a choice came to its report, in candidates.json."""
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
        read_metrics(self.plan.run_folder.metrics)  # damage is told before hours of training
        known = _known(self.plan.run_folder)
        if known is None or known.pop("configuration") != asked_of(self.plan, self.rule):
            return None
        known.pop(_REPORTED, None)
        chosen = next((one for one in self.candidates if one.trial == known["chosen"]), None)
        if chosen is None or not known["ended"]:
            return None
        stored = stored_metrics(self._plan_of(chosen, known))
        return stored if stored is not None and stored.get("chosen_among") == known else None

    def tested(
        self,
        setting: Setting,
        split: Split,
        say: Say,
        *,
        address: str | None,
        storage: Storage | None,
        again: bool,
    ) -> Metrics:
        """Choose, train what the chosen one is held against, and open the test split for it.

        A longer choice that comes to the same trainings of the same candidate has their report:
        the test split stays closed, unless `again`.
        """
        from tuner.retrain.choosing.retold import with_choice  # noqa: PLC0415 - torch
        from tuner.retrain.final_test import report_on_test  # noqa: PLC0415

        folder = self.plan.run_folder
        if again and _is_reported(folder):
            remove(folder.candidates)
            remove(folder.candidate_trainings)
        trainings = Trainings(
            setting=setting,
            keeper=Keeper(folder=folder.candidate_trainings, digest=split.digest),
            say=say,
            address=address,
            storage=storage,
        )
        with trainings:
            chosen = self._chosen(trainings, say)
            plan = self._plan_of(chosen.candidate, chosen.known)
            for line in prose(*choice_sentences(chosen.known)):
                say(line)
            members = _members(plan, chosen)
            stored = None if again else stored_metrics(plan)
            if stored is not None and _is_of(stored, split, members):
                say("Its report is of these trainings: the test split stays closed.")
                told = with_choice(stored, chosen.known, folder, setting.work)
                _note_report(folder)
                return told
            for line in plan.left_out:
                say(line)
            if not again and folder.metrics.exists():
                say("The report that is there is of another retrain: this one replaces it.")
            others = replace(plan, contenders=plan.contenders[1:])
            beside = trainings.of(others, all_usable=True)
        trained = [*chosen.trained, *(one for of_one in beside.values() for one in of_one)]
        metrics = report_on_test(replace(setting, plan=plan), split, trained, say, members)
        _note_report(folder)
        return metrics

    def _chosen(self, trainings: Trainings, say: Say) -> Chosen:
        return Choice(
            plan=self.plan,
            candidates=self.candidates,
            rule=self.rule,
            trainings=trainings,
            say=say,
        ).made()

    def _plan_of(self, chosen: Candidate, known: Metrics) -> Plan:
        """The retrain of the chosen one, over all its seeds; the others have as many as asked."""
        row = next(each for each in known["candidates"] if each["trial"] == chosen.trial)
        plan = replace(self.planned(chosen.space, seeds=1), seeds=tuple(row["seeds"]))
        first = self.rule.first
        if len(plan.seeds) <= first:
            return replace(plan, chosen_among=known)
        others = [each.key for each in plan.contenders if each.key != BEST]
        return replace(
            plan,
            numbers=dict.fromkeys(others, tuple(range(first))),
            own_seeds=dict.fromkeys(others, plan.seeds[:first]),
            chosen_among=known,
        )


def _members(plan: Plan, chosen: Chosen) -> "Sequence[Member]":
    """Those of the ensemble, in turns of the chosen one and of those that may be the best."""
    from tuner.retrain.ensemble import Member, in_turns, members_of_best  # noqa: PLC0415 - torch

    others = [
        [
            Member(trained=one, label=each.candidate.contender.label, seed=seed)
            for one, seed in zip(each.trained, each.seeds(plan), strict=True)
        ]
        for each in chosen.others
    ]
    own = members_of_best(plan, chosen.trained, chosen.candidate.contender.label)
    return in_turns([own, *others], plan.ensemble)


def _is_of(stored: Metrics, split: Split, members: "Sequence[Member]") -> bool:
    """Whether a report is of these images and of an ensemble of these, if of any."""
    told = [each.told() for each in members] if len(members) > 1 else []
    same = stored.get(ENSEMBLE, {}).get("members", []) == told
    return bool(same and stored.get("split_digest") == split.digest)


def _known(folder: RunFolder) -> Metrics | None:
    """What is stored of a choice; of a damaged file nothing, as the kept trainings tell it anew."""
    try:
        return read_metrics(folder.candidates)
    except TunerError:
        return None


def _note_report(folder: RunFolder) -> None:
    """Note beside the choice that it came to its report."""
    if (known := _known(folder)) is not None:
        noted = {**known, _REPORTED: True}
        replace_file(folder.candidates, lambda path: write_metrics(noted, path))


def _is_reported(folder: RunFolder) -> bool:
    """Whether the choice that is there came to a report, which is whole: else it goes on."""
    try:
        whole = read_metrics(folder.metrics) is not None
    except TunerError:
        return False
    return whole and (_known(folder) or {}).get(_REPORTED, False) is True


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
