"""Trainings of a choice that is under way, kept one by one: a stop or a kill loses none of them."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.figures.task import data_configuration
from tuner.record.trials import EpochRow
from tuner.retrain.plan import Job, Plan
from tuner.storage.files import remove, replace_folder

if TYPE_CHECKING:
    from tuner.retrain.training import Trained

_FILE = "training.json"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A finished training; `seconds` are those that each of its epochs took of a device."""

    trained: "Trained"
    seconds: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Keeps trainings in a folder and finds them again; `digest` is that of the split's images."""

    folder: Path
    digest: str

    def keep(self, plan: Plan, job: Job, trained: "Trained") -> "Trained":
        """Put it where it stays. Lanes of one step share the time that it takes."""
        place = self._place(job.contender.key, trained.number)
        told = {
            "of": self._of(plan, job.contender.key, trained.number),
            "lanes": len(job.numbers),
            "trained": asdict(replace(trained, folder=Path())) | {"folder": ""},
        }

        def write(new: Path) -> None:
            for file in trained.folder.iterdir():
                shutil.copyfile(file, new / file.name)
            (new / _FILE).write_text(json.dumps(told), encoding="utf-8")

        replace_folder(place, write)
        remove(trained.folder)
        return replace(trained, folder=place)

    def find(self, plan: Plan, key: str, number: int) -> Kept | None:
        """The training of a contender with a seed by its number; None where it is to be trained.

        One of other images or settings, or that is not whole, is none.
        """
        from models.detector_files import read_whole  # noqa: PLC0415 - torch

        place = self._place(key, number)
        try:
            told = json.loads((place / _FILE).read_text(encoding="utf-8"))
            read_whole(place)
            if told["of"] != self._of(plan, key, number):
                return None
            return _kept(told, place)
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
                }
            )
        )
        return written


def _kept(told: Mapping[str, Any], place: Path) -> Kept:
    from tuner.retrain.training import Trained  # noqa: PLC0415 - torch

    stored = dict(told["trained"])
    rows = tuple(EpochRow(**row) for row in stored.pop("rows"))
    trained = Trained(**{**stored, "folder": place, "rows": rows})
    return Kept(trained=trained, seconds=tuple(row.seconds / told["lanes"] for row in rows))
