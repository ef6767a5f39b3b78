"""How many lanes pay on this machine's GPU: measured once, remembered in the cache folder."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch

from models import detectors
from models.data.sources import default_cache
from models.hyperparameters import Value
from models.lane_probe import LaneMeasurement, probe_lanes
from tuner.files import replace_file
from tuner.lanes import LaneChoice
from tuner.setting import TrialSetting
from tuner.worker.images import load_images

_ACTOR_BYTES = 120 * 2**20
"""What one more trial actor takes of the host's memory, most of it the import of ray.tune.

Measured without the libraries that all of them share: docs/packing.md.
"""
_HOST_SHARE = 0.5


def measure_lanes(setting: TrialSetting, values: Mapping[str, Value], gpus: int) -> LaneChoice:
    """Lanes for each of this machine's `gpus`, by what they gain and what the host can hold."""
    path = default_cache() / "lanes" / f"{_key(setting, values)}.json"
    measured = _remembered(path)
    if measured is None:
        measured = probe_lanes(setting.detector, values, load_images(setting))
        _remember(path, measured)
    room = max(1, int(_HOST_SHARE * _free_bytes() / _ACTOR_BYTES / gpus))
    if room >= measured.lanes:
        return LaneChoice(count=measured.lanes, sentence=measured.sentence())
    held = f"{room} lanes: the host's free memory has room for no more trial actors"
    return LaneChoice(count=room, sentence=f"{held} ({measured.sentence()})")


def _key(setting: TrialSetting, values: Mapping[str, Value]) -> str:
    """What a measurement holds for: detector, structure, images, device and versions."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    parts = {
        "detector": setting.detector,
        "structure": detectors.structure(setting.detector, values),
        "dataset": [setting.data.dataset, setting.data.size],
        "device": device,
        "versions": [torch.__version__, torch.version.cuda],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _remembered(path: Path) -> LaneMeasurement | None:
    try:
        return LaneMeasurement(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _remember(path: Path, measured: LaneMeasurement) -> None:
    text = json.dumps(asdict(measured), indent=2) + "\n"
    try:
        replace_file(path, lambda temporary: temporary.write_text(text))
    except OSError as error:
        logging.getLogger(__name__).warning("the number of lanes is not remembered: %s", error)


def _free_bytes() -> int:
    """The host's memory that is free to use; much where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if "MemAvailable" in line)
    except (OSError, StopIteration):
        return 2**40
