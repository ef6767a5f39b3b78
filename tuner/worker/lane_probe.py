"""How lanes train fastest on this machine's GPU: measured once, remembered in the cache folder."""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import torch

from models import detectors
from models.data.sources import default_cache
from models.hyperparameters import Value
from models.lane_probe import LaneMeasurement, probe_lanes
from models.layer_probe import faster_ways
from tuner.files import replace_file
from tuner.lanes import LaneChoice
from tuner.setting import TrialSetting
from tuner.worker.images import load_images

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
_METHOD = 2
"""Of measuring: what another method found is not taken for this one's."""


def measure_lanes(
    setting: TrialSetting,
    values: Mapping[str, Value],
    *,
    told: int | None = None,
    gpus: int = 1,
    memory_bytes: float = math.inf,
) -> LaneChoice:
    """How the layers of lanes are computed fastest, and how many lanes there shall be.

    Lanes for each of this machine's `gpus` are as many as `told`, else as gain something and the
    host can hold. Of its memory, `memory_bytes` are Ray's.
    """
    images = cache(lambda: load_images(setting))
    key = _key(setting, values)
    ways = _remembered("layers", key, lambda: faster_ways(setting.detector, values, images()))
    if told is not None:
        return LaneChoice(count=told, layer_ways=ways)

    def probe() -> dict[str, Any]:
        return asdict(probe_lanes(setting.detector, values, images(), layer_ways=ways))

    measured = LaneMeasurement(**_remembered("lanes", key, probe))
    free = _HOST_SHARE * min(_free_bytes(), memory_bytes)
    room = max(1, int(free / (_ACTOR_BYTES + _COPIES * measured.state_bytes) / gpus))
    count, sentence = measured.lanes, measured.sentence()
    if room < count:
        held = f"{room} lanes: the host's free memory has room for no more trials"
        count, sentence = room, f"{held} ({sentence})"
    return LaneChoice(count=count, sentence=sentence, layer_ways=ways)


def _key(setting: TrialSetting, values: Mapping[str, Value]) -> str:
    """What a measurement holds for: detector, structure, images, device and versions."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    parts = {
        "method": _METHOD,
        "detector": setting.detector,
        "structure": detectors.structure(setting.detector, values),
        "dataset": [setting.data.dataset, setting.data.size],
        "device": device,
        "versions": [torch.__version__, torch.version.cuda],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _remembered(kind: str, key: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was measured once on this machine.

    A file that cannot be read is measured anew, one that cannot be written only costs that.
    """
    path = default_cache() / "measured" / f"{kind}-{key}.json"
    try:
        stored = json.loads(path.read_text())
        if isinstance(stored, dict):
            return stored
    except (OSError, ValueError):
        pass
    measured = measure()
    text = json.dumps(measured, indent=2) + "\n"
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
