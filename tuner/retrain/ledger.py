"""The door to the test split: every opening is written down before it happens, and counted.

The record of searches lies beside their folders, so that it outlives each of them.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from models.data.registry import FOLDER
from tuner.errors import TunerError
from tuner.record.own_files import open_own
from tuner.retrain.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Openings:
    """Openings so far, this one included: of the same configuration, and of any on this task.

    A task is a data set with its normal classes, whatever the detector: who compares detectors by
    their test figures chooses by test. Of pictures of one's own those of a folder are one, and
    those with the same content wherever they lie.
    """

    of_configuration: int
    of_task: int


def check_record(plan: Plan) -> None:
    """Raise TunerError where openings cannot be counted or written down; called before training."""
    path = plan.run_folder.test_openings
    try:
        with _locked(path) as file:
            _read(file, path)
    except OSError as error:
        raise TunerError(
            f"openings of the test split are counted in {path}, which cannot be written: "
            f"{error.strerror}; put the search, or the configuration, into a folder of your own"
        ) from None


def open_test(plan: Plan, images: str = "", normal: Sequence[str] = ()) -> Openings:
    """Write down that the test split is opened now, and count; the split is then open.

    `images` is the digest of a folder's pictures, "" for a published data set; `normal` are the
    classes that count as normal, where the plan does not name them. A report that lies in the
    folder without an opening that is written down is of one more.
    """
    entry, path = _entry(plan, images, normal), plan.run_folder.test_openings
    with _locked(path) as file:
        earlier = _read(file, path)
        file.write(json.dumps(entry).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    lost = _is_reported(plan) and not any(_is_of(plan, one) for one in earlier)
    same_task = [one for one in earlier if _is_same_task(one, entry)]
    keys = ("detector", "configuration")
    same = [one for one in same_task if all(one.get(key) == entry[key] for key in keys)]
    return Openings(of_configuration=len(same) + 1 + lost, of_task=len(same_task) + 1 + lost)


def _is_reported(plan: Plan) -> bool:
    return os.path.lexists(plan.run_folder.metrics)


def _is_of(plan: Plan, entry: dict[str, Any]) -> bool:
    return bool(entry.get("search") == plan.run_folder.name)


def _entry(plan: Plan, images: str, normal: Sequence[str]) -> dict[str, Any]:
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
        "normal": list(plan.data.normal_classes) or list(normal) or [plan.data.normal_text],
        **_place(plan, images),
        "configuration": digest,
    }


def _place(plan: Plan, images: str) -> dict[str, str]:
    """Which pictures they are; the files of a data set are the same wherever they lie."""
    if plan.data.dataset != FOLDER or plan.data.folder is None:
        return {}
    folder = str(Path(plan.data.folder).expanduser().resolve())
    return {"folder": folder, **({"images": images} if images else {})}


def _is_same_task(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both are of one task; earlier versions wrote no digest of the images."""
    if any(one.get(key) != other.get(key) for key in ("dataset", "normal")):
        return False
    copied = "images" in one and one["images"] == other.get("images")
    return copied or one.get("folder") == other.get("folder")


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    with os.fdopen(open_own(path, os.O_RDWR | os.O_APPEND), "rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _read(file: IO[bytes], path: Path) -> list[dict[str, Any]]:
    """All lines; one that a crash tore is cut off: nothing was opened then.

    Raises TunerError for a line that holds no opening: it may have been one that counts.
    """
    file.seek(0)
    lines = file.readlines()
    if lines and not lines[-1].endswith(b"\n"):
        if _opening(lines[-1]) is None:
            file.truncate(sum(map(len, lines[:-1])))
            lines.pop()
        else:  # an editor left it so
            file.write(b"\n")
    return [_entry_of(line, number, path) for number, line in enumerate(lines, start=1)]


def _opening(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _entry_of(line: bytes, number: int, path: Path) -> dict[str, Any]:
    entry = _opening(line)
    if entry is None:
        raise TunerError(
            f"{path} is damaged at line {number}: which opening of the test split it tells of "
            "cannot be read. Bring the line back from a copy, or take it out to count it no more"
        )
    return entry
