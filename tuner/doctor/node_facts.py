"""What one node of a cluster says of itself; the driver compares. Runs as a task on each node."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.data.config import DataConfig
from tuner.backend.ray_files import ray_files
from tuner.errors import TunerError
from tuner.planning.data_summary import check_enough, check_judged, few_text, split_text
from tuner.planning.machine import find_machine
from tuner.record.provenance import code_digest
from tuner.space import Space
from tuner.versions import installed

PACKAGES = ("tuner", "ray", "torch", "torchvision", "optuna", "numpy", "scikit-learn")
CODE = "code of tuner and models"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a node is asked: to find these images, to write to this place.

    `booked_gpus` are those on which Ray will put trials there; `space` is the search that the
    images must suffice for.
    """

    data: DataConfig | None
    storage: str
    space: Space | None = None
    booked_gpus: int = 0


@dataclass(frozen=True, kw_only=True)
class Disk:
    """Room where a folder is; `results` where the search writes there."""

    folder: str
    free_gb: float
    results: bool = False


@dataclass(frozen=True, kw_only=True)
class NodeFacts:
    """A node's answers; an empty text means that nothing is wrong there.

    `wrote` is what it left in the storage for others to see; how far its clock is `ahead_s` of the
    driver's is for the driver to say.
    """

    host: str
    versions: dict[str, str]
    cpus: int
    gpus: int
    booked_gpus: int
    torch_gpus: int
    gpu_error: str
    data: str
    data_error: str
    data_doubt: str
    storage_error: str
    wrote: str
    disks: tuple[Disk, ...]
    ahead_s: float = 0.0


def examine(question: Question) -> NodeFacts:
    """Look at this node. Imports torch only where there should be a GPU that it must see."""
    machine = find_machine()
    gpus = machine.gpus
    torch_gpus, gpu_error = _torch_gpus() if gpus or question.booked_gpus else (0, "")
    data = _data(question.data, question.space) if question.data else _Data()
    wrote, storage_error = _write(question.storage)
    return NodeFacts(
        host=socket.gethostname(),
        versions={
            "python": platform.python_version(),
            **_versions(),
            CODE: code_digest(),
        },
        cpus=machine.cpus,
        gpus=gpus,
        booked_gpus=question.booked_gpus,
        torch_gpus=torch_gpus,
        gpu_error=gpu_error,
        data=data.text,
        data_error=data.error,
        data_doubt=data.doubt,
        storage_error=storage_error,
        wrote=wrote,
        disks=tuple(_disks(question.storage)),
    )


def _versions() -> dict[str, str]:
    without = {"tuner": "not installed as a package"}
    found = installed(PACKAGES)
    return {name: found.get(name) or without.get(name, "missing") for name in PACKAGES}


def _torch_gpus() -> tuple[int, str]:
    try:
        import torch  # noqa: PLC0415

        return torch.cuda.device_count(), ""
    except Exception as error:
        return 0, f"{type(error).__name__}: {error}"


@dataclass(frozen=True, kw_only=True)
class _Data:
    """The number of images of each part, and what is doubtful of it; or why there are none."""

    text: str = ""
    error: str = ""
    doubt: str = ""


def _data(config: DataConfig, space: Space | None = None) -> _Data:
    from models.data.sources import DataProblem, find  # noqa: PLC0415
    from models.data.tasks import make_splits  # noqa: PLC0415

    try:
        source = find(config)
        splits = make_splits(config, source)
        if space is None:
            check_judged(config, splits)
        else:
            check_enough(space, splits)
    except (DataProblem, TunerError) as error:
        return _Data(error=str(error))
    text = f"{config.dataset} from {source.description}: {split_text(config, splits)}"
    return _Data(text=text, doubt=few_text(config, splits))


def _write(place: str) -> tuple[str, str]:
    from tuner.storage import open_storage  # noqa: PLC0415

    name = f".check/doctor-{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
    try:
        storage = open_storage(place)
        storage.check()  # a search makes the last folder of the path too
        storage.put(name, b"doctor")
        if storage.get(name) != b"doctor":
            return "", f"{place} does not give back what was written to it"
    except (TunerError, OSError) as error:
        return "", str(error)
    return name, ""


def _disks(place: str) -> Iterator[Disk]:
    """That of the place, where it is a folder, and that of Ray's files, if it is another."""
    place_folder = None if "://" in place else _existing(Path(place))
    if place_folder is not None:
        yield Disk(folder=str(place_folder), free_gb=_free_gb(place_folder), results=True)
    try:
        of_ray = _existing(ray_files()[0])
    except TunerError:  # as the start of a Ray says
        return
    if place_folder is None or place_folder.stat().st_dev != of_ray.stat().st_dev:
        yield Disk(folder=str(of_ray), free_gb=_free_gb(of_ray))


def _existing(path: Path) -> Path:
    folder = path.expanduser().absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def _free_gb(folder: Path) -> float:
    """In units of 1e9 bytes."""
    return shutil.disk_usage(folder if os.access(folder, os.R_OK) else "/").free / 1e9
