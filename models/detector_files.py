"""The files of a saved detector: read, held against their sums, and checked.

What another program, or a person, wrote into them is refused with a reason.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models import detectors
from models.data.preprocessing import BITS, RESIZES, Preprocessing
from models.evaluation.mixture import Mixture
from models.names import unknown

SUMS, WEIGHTS, CONFIG = "sums.json", "model.safetensors", "config.json"
_LARGEST = 1024


class DetectorNotWhole(ValueError):  # noqa: N818 - it says what is wrong
    """A folder's files are not those of one detector."""


def object_of(data: bytes, name: str) -> dict[str, Any]:
    """The JSON object in a file; ValueError where it is anything else."""
    try:
        read = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON: {error}") from None
    if not isinstance(read, dict):
        raise ValueError(f"{name} is not a JSON object")
    return read


def mixture_of(stored: object) -> Mixture:
    """The mixture in a stored detector; TypeError or ValueError where it is none."""
    if not isinstance(stored, dict):
        raise TypeError(f"mixture is {stored!r}")
    mixture = Mixture(**{**stored, "logarithmic": tuple(stored["logarithmic"])})
    weights = mixture.weights
    if not isinstance(weights, dict) or not weights or not all(map(is_number, weights.values())):
        raise ValueError(f"mixture.weights is {weights!r}")
    if not is_number(mixture.offset):
        raise ValueError(f"mixture.offset is {mixture.offset!r}")
    return mixture


def preprocessing_of(config: dict[str, Any]) -> Preprocessing:
    """Take it out of a stored detector; earlier versions stored channels and size alone."""
    if "preprocessing" in config:
        stored = config.pop("preprocessing")
        if not isinstance(stored, dict):
            raise TypeError(f"preprocessing is {stored!r}")
    else:
        stored = {name: config.pop(name) for name in ("channels", "size")}
    made = Preprocessing(**stored)
    for name, most in (("size", _LARGEST), ("channels", 3)):
        value = getattr(made, name)
        if type(value) is not int or not 1 <= value <= most:
            raise ValueError(f"{name} is {value!r}")
    for name, allowed in (("resize", RESIZES), ("bits", BITS)):
        value = getattr(made, name)
        if value not in allowed:
            raise ValueError(f"{name} is {value!r}")
    return made


def check_config(config: Mapping[str, Any]) -> None:
    """Raise ValueError for what another program, or a person, wrote into config.json."""
    known = config["detector"] in detectors.names()
    if not known:
        raise ValueError(unknown("detector", config["detector"], detectors.names()))
    settings = config["hyperparameters"]
    if not isinstance(settings, dict):
        raise ValueError(f"hyperparameters is {settings!r}")
    for name, value in settings.items():
        if not is_number(value) and not isinstance(value, str):
            raise ValueError(f"hyperparameters.{name} is {value!r}")
    for name in ("threshold", "error_threshold", "score_spread", "map_scale"):
        value = config[name] if name == "threshold" else config.get(name)
        if not is_number(value) and (value is not None or name == "threshold"):
            raise ValueError(f"{name} is {value!r}")
        if name in ("score_spread", "map_scale") and value is not None and value <= 0:
            raise ValueError(f"{name} is {value!r}")
    stage = config.get("stage", "")
    if stage and stage not in detectors.stages(config["detector"]):
        raise ValueError(f"stage is {stage!r}")


def is_number(value: object) -> bool:
    """Whether a file has a number here that a computation can take."""
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**63)


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """An object as it stands in a file."""
    return (json.dumps(content, indent=2) + "\n").encode()


def sum_of(data: bytes) -> str:
    """The sha256 of a file's content."""
    return hashlib.sha256(data).hexdigest()


def read_whole(folder: Path, names: Sequence[str] = (WEIGHTS, CONFIG)) -> dict[str, bytes]:
    """These files of a saved detector, each held against its sum where there are sums."""
    files = {name: read_file(folder, name) for name in names}
    if not os.path.lexists(folder / SUMS):
        return files
    data = read_file(folder, SUMS)
    try:
        sums = object_of(data, SUMS)
    except ValueError as error:
        raise DetectorNotWhole(not_whole(folder, str(error))) from None
    for name, content in files.items():
        if sum_of(content) != sums.get(name):
            raise DetectorNotWhole(not_whole(folder, f"{name} is not the one {SUMS} was made of"))
    return {**files, SUMS: data}


def add_sum(folder: Path, name: str) -> None:
    """Let a file beside a saved detector be checked like its own."""
    sums = object_of((folder / SUMS).read_bytes(), SUMS)
    (folder / SUMS).write_bytes(json_bytes({**sums, name: sum_of((folder / name).read_bytes())}))


def check_sum(folder: Path, name: str) -> None:
    """Raise DetectorNotWhole where a file beside a detector is not the one that has a sum."""
    if not os.path.lexists(folder / SUMS):
        return
    wanted = object_of(read_file(folder, SUMS), SUMS).get(name)
    if wanted is not None and sum_of(read_file(folder, name)) != wanted:
        raise DetectorNotWhole(not_whole(folder, f"{name} is not the one {SUMS} was made of"))


def read_file(folder: Path, name: str) -> bytes:
    """What is in a file; a pipe would never end, or never begin."""
    path = folder / name
    if not path.is_file():
        reason = f"{name} is no ordinary file" if path.exists() else f"{name} is missing"
        raise DetectorNotWhole(not_whole(folder, reason))
    return path.read_bytes()


def not_whole(folder: Path, reason: str) -> str:
    """Say that the files are not those of one detector, and what to do."""
    return (
        f"{folder} does not hold one whole detector: {reason}. It was damaged, or not copied or "
        "written to its end: copy it again from where it came, or retrain its search. While that "
        "search or retrain runs, try again in a moment"
    )


def not_read(folder: Path, error: Exception) -> str:
    """Say that the files hold what no detector has, and what to do."""
    what = f"no {error} in it" if isinstance(error, KeyError) else " ".join(str(error).split())
    return f"{folder} holds no detector that this version reads ({what}): retrain its search"
