"""The door to the test split: every opening is written down before it happens, and counted.

The record of searches lies beside their folders, so that it outlives each of them.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from models.data.registry import FOLDER
from tuner.errors import TunerError
from tuner.retrain.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Openings:
    """Openings so far, this one included: of the same configuration, and of any on this task.

    A task is a detector on a data set, or a folder, with its normal classes.
    """

    of_configuration: int
    of_task: int


def check_record(plan: Plan) -> None:
    """Raise TunerError where openings cannot be written down; to be called before training."""
    path = plan.run_folder.test_openings
    try:
        path.open("a").close()
    except OSError as error:
        raise TunerError(
            f"openings of the test split are counted in {path}, which cannot be written: "
            f"{error.strerror}; put the search, or the configuration, into a folder of your own"
        ) from None


def open_test(plan: Plan) -> Openings:
    """Write down that the test split is opened now, and count; the split is then open."""
    entry = _entry(plan)
    with _locked(plan.run_folder.test_openings) as file:
        earlier = _read(file)
        file.write(json.dumps(entry) + "\n")
        file.flush()
        os.fsync(file.fileno())
    same_task = [one for one in earlier if _task(one) == _task(entry)]
    same = [one for one in same_task if one.get("configuration") == entry["configuration"]]
    return Openings(of_configuration=len(same) + 1, of_task=len(same_task) + 1)


def _entry(plan: Plan) -> dict[str, Any]:
    hashed = {
        "hyperparameters": dict(plan.best.hyperparameters),
        "epochs": plan.epochs,
        "seeds": plan.seeds,
    }
    digest = hashlib.sha256(json.dumps(hashed, sort_keys=True).encode()).hexdigest()
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "search": plan.run_folder.name,
        "detector": plan.best.detector,
        "dataset": plan.data.dataset,
        "normal": list(plan.data.normal_classes) or [plan.data.normal_text],
        **_place(plan),
        "configuration": digest,
    }


def _place(plan: Plan) -> dict[str, str]:
    """Which folder the pictures are in; the files of a data set are the same wherever they lie."""
    if plan.data.dataset != FOLDER or plan.data.folder is None:
        return {}
    return {"folder": str(Path(plan.data.folder).expanduser().resolve())}


def _task(entry: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(entry.get(key) for key in ("detector", "dataset", "normal", "folder"))


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _read(file: IO[str]) -> list[dict[str, Any]]:
    """All whole lines; one torn by a crash is closed, so that the next starts on its own."""
    file.seek(0)
    text = file.read()
    if text and not text.endswith("\n"):
        file.write("\n")
    entries = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries
