"""The door to the test split: every opening is written down before it happens, and counted.

The record of searches lies beside their folders, so that it outlives each of them.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from models.data.registry import FOLDER
from tuner.errors import TunerError
from tuner.record.own_files import open_own
from tuner.retrain.configuration_digest import configuration_digest, earlier_digests
from tuner.retrain.plan import Plan
from tuner.retrain.replaced import reported_openings


@dataclass(frozen=True, kw_only=True)
class Openings:
    """Openings so far, this one included: of the same configuration, and of any on this task.

    A task is a data set with its normal classes, whatever the detector: who compares detectors by
    their test figures chooses by test. Of pictures of one's own those of a folder are one, and
    those with the same content wherever they lie. A configuration is a detector with its
    hyperparameters, whatever the seeds and epochs. They are `at_least` so many where a search had
    openings of its own to record, and its record is not here.
    """

    of_configuration: int
    of_task: int
    at_least: bool = False

    def facts(self) -> dict[str, Any]:
        """As metrics.json has them."""
        facts = asdict(self)
        return facts if facts.pop("at_least") is False else {**facts, "at_least": True}


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


def open_test(
    plan: Plan, images: str = "", normal: Sequence[str] = (), split_digest: str = ""
) -> Openings:
    """Write down that the test split is opened now, and count; the split is then open.

    `images` is the digest of a folder's pictures, "" for a published data set; `normal` are the
    classes that count as normal, where the plan does not name them. A report that lies in the
    folder without an opening that is written down is of one more, or as many as it counts: the
    folder may be a copy, or the record lost. `split_digest` tells whether it is of these pictures.
    """
    reported = reported_openings(plan, split_digest)
    entry, path = _entry(plan, images, normal), plan.run_folder.test_openings
    with _locked(path) as file:
        openings = _counted(plan, entry, _read(file, path), reported)
        file.write(json.dumps({**entry, "openings": openings.facts()}).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return openings


def _counted(
    plan: Plan,
    entry: dict[str, Any],
    earlier: Sequence[dict[str, Any]],
    reported: Mapping[str, int],
) -> Openings:
    """One more than there were: than there are lines, and than any line or the report says."""
    lost = not any(_is_of(plan, one) for one in earlier)
    same_task = [one for one in earlier if _is_same_task(one, entry)]
    lines = {"of_configuration": _same_configuration(plan, same_task, entry), "of_task": same_task}
    counts = {}
    for name, known in lines.items():
        told = [_number(one, name) for one in known]
        there = len(known) + (lost and reported[name] > 0)
        counts[name] = 1 + max(there, reported[name], *told)
    return Openings(**counts, at_least=bool(plan.unrecorded))


def _same_configuration(
    plan: Plan, same_task: Sequence[dict[str, Any]], entry: dict[str, Any]
) -> list[dict[str, Any]]:
    """Lines of earlier versions, which have no count, are looked for among what these wrote."""
    of_detector = [one for one in same_task if one.get("detector") == entry["detector"]]
    known = {entry["configuration"]}
    if not all("openings" in one for one in of_detector):
        known.update(earlier_digests(plan))
    return [one for one in of_detector if one.get("configuration") in known]


def _number(entry: dict[str, Any], name: str) -> int:
    """What a line counts; 0 of an earlier version's."""
    counts = entry.get("openings")
    number = counts.get(name) if isinstance(counts, dict) else None
    return number if isinstance(number, int) else 0


def _is_of(plan: Plan, entry: dict[str, Any]) -> bool:
    return bool(entry.get("search") == plan.run_folder.name)


def _entry(plan: Plan, images: str, normal: Sequence[str]) -> dict[str, Any]:
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "search": plan.run_folder.name,
        "detector": plan.best.detector,
        "dataset": plan.data.dataset,
        "normal": list(plan.data.normal_classes) or list(normal) or [plan.data.normal_text],
        **_place(plan, images),
        "configuration": configuration_digest(plan),
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
            "cannot be read. Bring the line back from a copy, or take it out"
        )
    return entry
