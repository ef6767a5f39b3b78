"""Trainings of a choice, kept one by one: a stop loses none, a longer choice begins with them."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.figures.task import data_configuration
from tuner.record.provenance import code_versions
from tuner.record.trials import EpochRow
from tuner.retrain.plan import Job, Plan
from tuner.storage.files import remove, replace_folder

if TYPE_CHECKING:
    from tuner.retrain.training import Trained

_FILE = "training.json"


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Keeps trainings in a folder and finds them again; `digest` is that of the split's images."""

    folder: Path
    digest: str

    def keep(self, plan: Plan, job: Job, trained: "Trained") -> "Trained":
        """Put it where it stays."""
        place = self._place(job.contender.key, trained.number)
        told = {
            "of": self._of(plan, job.contender.key, trained.number),
            "trained": asdict(replace(trained, folder=Path())) | {"folder": ""},
        }

        def write(new: Path) -> None:
            for file in trained.folder.glob("*"):  # there is no folder where it came to nothing
                shutil.copyfile(file, new / file.name)
            (new / _FILE).write_text(json.dumps(told), encoding="utf-8")

        replace_folder(place, write)
        remove(trained.folder)
        return replace(trained, folder=place)

    def find(self, plan: Plan, key: str, number: int) -> "Trained | None":
        """The training of a contender with a seed by its number; None where it is to be trained.

        One of other images, settings or code, or that is not whole, is none.
        """
        from models.detector_files import read_whole  # noqa: PLC0415 - torch

        place = self._place(key, number)
        try:
            told = json.loads((place / _FILE).read_text(encoding="utf-8"))
            if told["of"] != self._of(plan, key, number):
                return None
            if (found := _trained(told, place)).usable:
                read_whole(place)
            return found
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def _place(self, key: str, number: int) -> Path:
        return self.folder / f"{key}-{number}"

    def _of(self, plan: Plan, key: str, number: int) -> Mapping[str, Any]:
        """All that the training depends on."""
        contender = next(each for each in plan.contenders if each.key == key)
        written: dict[str, Any] = json.loads(
            json.dumps(
                {
                    "detector": contender.detector,
                    "hyperparameters": dict(contender.hyperparameters),
                    "seed": plan.seed_of(contender, number),
                    "data_seed": plan.data_seed,
                    "epochs": plan.epochs,
                    "objective": plan.objective,
                    "data": data_configuration(plan.data),
                    "split": self.digest,
                    "code": code_versions(),
                }
            )
        )
        return written


def _trained(told: Mapping[str, Any], place: Path) -> "Trained":
    from tuner.retrain.training import Trained  # noqa: PLC0415 - torch

    stored = dict(told["trained"])
    rows = tuple(EpochRow(**row) for row in stored.pop("rows"))
    return Trained(**{**stored, "folder": place, "rows": rows})
