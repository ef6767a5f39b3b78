"""What is kept of a choice's trainings, and what is not kept yet trained and kept."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from tuner.backend.address import named_address
from tuner.backend.ray_backend import connected
from tuner.cli.output import Say
from tuner.retrain.choosing.kept import Keeper
from tuner.retrain.jobs import room_here, train_all, usable
from tuner.retrain.plan import Job, Plan, Setting
from tuner.space import Machine
from tuner.storage import Storage

if TYPE_CHECKING:
    from tuner.retrain.training import Trained


@dataclass(kw_only=True)
class Trainings:
    """Trains on the machines of one retrain: Ray, once it is joined, is left at the end of `with`.

    `setting` says on which images; the plan is another each time.
    """

    setting: Setting
    keeper: Keeper
    say: Say
    address: str | None = None
    storage: Storage | None = None
    _opened: ExitStack = field(default_factory=ExitStack)
    _joined: Machine | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._opened.close()

    def of(self, plan: Plan, *, all_usable: bool) -> "dict[str, list[Trained]]":
        """The plan's trainings by the key of their contender.

        They are read as they were kept: what a resume sees is what is seen here. Where not
        `all_usable`, there may be some that came to nothing; else TunerError is raised for one.
        """
        if missing := self._missing(plan):
            self._train(plan, missing, all_usable=all_usable)
        return {
            contender.key: [
                self._kept(plan, Job(contender=contender, numbers=(number,)))
                for number in plan.numbers_of(contender)
            ]
            for contender in plan.contenders
        }

    def _missing(self, plan: Plan) -> dict[str, tuple[int, ...]]:
        """Numbers by contender of what no earlier command has left."""
        absent = {
            each.key: tuple(
                number
                for number in plan.numbers_of(each)
                if self.keeper.find(plan, each.key, number) is None
            )
            for each in plan.contenders
        }
        return {key: numbers for key, numbers in absent.items() if numbers}

    def _train(
        self, plan: Plan, missing: Mapping[str, tuple[int, ...]], *, all_usable: bool
    ) -> None:
        def kept(job: Job, trained: "Trained") -> "Trained":
            return self.keeper.keep(
                plan, job, usable(plan, job, trained) if all_usable else trained
            )

        contenders = tuple(each for each in plan.contenders if each.key in missing)
        self._join()
        train_all(
            replace(self.setting, plan=replace(plan, contenders=contenders, numbers=missing)),
            self.say,
            address=self.address,
            storage=self.storage,
            joined=self._joined,
            done=kept,
        )

    def _join(self) -> None:
        """Ray for all rounds, where several trainings can run at once."""
        several = named_address(self.address) is not None or room_here() > 1
        if self._joined is None and several:
            self._joined = self._opened.enter_context(connected(self.address))

    def _kept(self, plan: Plan, job: Job) -> "Trained":
        (number,) = job.numbers
        found = self.keeper.find(plan, job.contender.key, number)
        if found is None:
            raise OSError(f"training {number + 1} of {job.contender.label} was not kept")
        return found
