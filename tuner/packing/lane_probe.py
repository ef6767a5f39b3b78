"""How many lanes pay on this machine's GPU: measured once, remembered in the cache folder."""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from models import detectors
from models.data.sources import default_cache
from models.hyperparameters import Value
from models.probes.lane_probe import LaneMeasurement, probe_lanes
from tuner.planning.lanes import LaneChoice
from tuner.storage.files import replace_file
from tuner.worker.images import load_tasks
from tuner.worker.search_setting import TrialSetting

_ACTOR_BYTES = 120 * 2**20
"""What one more trial actor takes of the host's memory, most of it the import of ray.tune.

Measured without the libraries that all of them share: docs/packing.md.
"""
_COPIES = 4
"""Of a trial's state that its pack may hold in the host's memory at once.

An epoch that nobody has fetched and one that is being written, each with the weights once more for
the best detector, a third of the state, and what is written as bytes.
"""
_HOST_SHARE = 0.5
_METHOD = 4
"""Of measuring: what another method found is not taken for this one's."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """What a machine has for trials; of its memory Ray may use so much."""

    gpus: int = 1
    ray_memory_bytes: float = math.inf


def measure_lanes(setting: TrialSetting, values: Mapping[str, Value], host: Host) -> LaneChoice:
    """Lanes for each of the host's GPUs: as many as gain something and as it can hold."""

    def measure() -> LaneMeasurement:
        images = next(iter(load_tasks(setting).values()))
        return probe_lanes(setting.detector, values, images)

    measured = _remembered(_key(setting, values), measure)
    if (room := _room(measured, host)) >= measured.lanes:
        return LaneChoice(count=measured.lanes, sentence=measured.sentence())
    held = f"{room} lanes: the host's free memory has room for no more trials"
    return LaneChoice(count=room, sentence=f"{held} ({measured.sentence()})")


def _room(measured: LaneMeasurement, host: Host) -> int:
    """Lanes of each GPU whose trials the host's memory can hold."""
    free = _HOST_SHARE * min(_free_bytes(), host.ray_memory_bytes)
    return max(1, int(free / (_ACTOR_BYTES + _COPIES * measured.state_bytes) / host.gpus))


def _key(setting: TrialSetting, values: Mapping[str, Value]) -> str:
    """What a measurement holds for: method, detector, structure, images, device and versions."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    parts = {
        "method": _METHOD,
        "detector": setting.detector,
        "structure": detectors.structure(setting.detector, values),
        "images": [asdict(setting.data.preprocessing), *_counts(setting)],
        "device": device,
        "versions": [torch.__version__, torch.version.cuda],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _counts(setting: TrialSetting) -> list[list[int]]:
    """How many images there are to fit and to validate: they share the device with the lanes."""
    return [[len(rows) for rows in split.row_lists] for split in setting.splits()]


def _remembered(key: str, measure: Callable[[], LaneMeasurement]) -> LaneMeasurement:
    """What was measured once on this machine.

    A file that cannot be read is measured anew, one that cannot be written only costs that.
    """
    path = default_cache() / "measured" / f"lanes-{key}.json"
    try:
        return LaneMeasurement(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        measured = measure()
    text = json.dumps(asdict(measured), indent=2) + "\n"
    try:
        replace_file(path, lambda temporary: temporary.write_text(text))
    except OSError as error:
        logging.getLogger(__name__).warning("what was measured is not remembered: %s", error)
    return measured


def _free_bytes() -> int:
    """The host's memory that is free to use; much where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if "MemAvailable" in line)
    except (OSError, StopIteration):
        return 2**40
