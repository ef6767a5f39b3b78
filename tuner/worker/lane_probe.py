"""How lanes train fastest on this machine's GPU: measured once, remembered in the cache folder."""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import torch

from models import detectors
from models.data.images import TrainingData
from models.data.sources import default_cache
from models.hyperparameters import Value
from models.memory import free_unused
from models.networks.layer_ways import LayerWays, Way
from models.probes.lane_probe import LaneMeasurement, probe_lanes
from models.probes.layer_probe import LANES, faster_ways
from tuner.files import replace_file
from tuner.lanes import LAYERS_UNMEASURED, LaneChoice, SettledLanes
from tuner.worker.images import load_tasks
from tuner.worker.reasons import reason_of
from tuner.worker.setting import TrialSetting

Measured = TypeVar("Measured")

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


def measure_lanes(
    setting: TrialSetting, values: Mapping[str, Value], settled: SettledLanes, host: Host
) -> LaneChoice:
    """How the layers of lanes are computed fastest, and how many lanes there shall be.

    What is settled is not measured. Otherwise lanes for each of the host's GPUs are as many as gain
    something and as it can hold.
    """
    images = cache(lambda: next(iter(load_tasks(setting).values())))
    trouble, ways = "", settled.layer_ways
    if ways is None:
        try:
            ways = _remembered_ways(setting, values, settled.count, images)
        except (RuntimeError, ValueError, MemoryError) as problem:
            trouble, ways = f"{LAYERS_UNMEASURED}: {reason_of(problem)}", {}
        free_unused()
    if settled.count is not None:
        return LaneChoice(count=settled.count, sentence=trouble, layer_ways=ways)
    measured = _remembered(
        "lanes",
        _key(setting, values, layer_ways=dict(ways)),
        lambda: asdict(probe_lanes(setting.detector, values, images(), layer_ways=ways)),
        lambda stored: LaneMeasurement(**stored),
    )
    count, sentence = measured.lanes, measured.sentence()
    if (room := _room(measured, host)) < count:
        held = f"{room} lanes: the host's free memory has room for no more trials"
        count, sentence = room, f"{held} ({sentence})"
    text = f"{sentence}. {trouble}" if trouble else sentence
    return LaneChoice(count=count, sentence=text, layer_ways=ways)


def _room(measured: LaneMeasurement, host: Host) -> int:
    """Lanes of each GPU whose trials the host's memory can hold."""
    free = _HOST_SHARE * min(_free_bytes(), host.ray_memory_bytes)
    return max(1, int(free / (_ACTOR_BYTES + _COPIES * measured.state_bytes) / host.gpus))


def _remembered_ways(
    setting: TrialSetting,
    values: Mapping[str, Value],
    count: int | None,
    images: Callable[[], TrainingData],
) -> LayerWays:
    lanes = count or LANES
    return _remembered(
        "layers",
        _key(setting, values, lanes=lanes),
        lambda: faster_ways(setting.detector, values, images(), lanes=lanes),
        _ways,
    )


def _ways(stored: Mapping[str, Way]) -> LayerWays:
    if not set(stored.values()) <= {"library", "product"}:
        raise ValueError("these are no ways")
    return stored


def _key(setting: TrialSetting, values: Mapping[str, Value], **more: object) -> str:
    """What a measurement holds for: method, detector, structure, images, device and versions."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    parts = {
        "method": _METHOD,
        "detector": setting.detector,
        "structure": detectors.structure(setting.detector, values),
        "images": [asdict(setting.data.preprocessing), *_counts(setting)],
        "device": device,
        "versions": [torch.__version__, torch.version.cuda],
        **more,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _counts(setting: TrialSetting) -> list[list[int]]:
    """How many images there are to fit and to validate: they share the device with the lanes."""
    return [[len(rows) for rows in split.row_lists] for split in setting.splits()]


def _remembered(
    kind: str, key: str, measure: Callable[[], Any], read: Callable[[Any], Measured]
) -> Measured:
    """What was measured once on this machine.

    A file that cannot be read is measured anew, one that cannot be written only costs that.
    """
    path = default_cache() / "measured" / f"{kind}-{key}.json"
    try:
        return read(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError, AttributeError):
        measured = measure()
    text = json.dumps(measured, indent=2) + "\n"
    try:
        replace_file(path, lambda temporary: temporary.write_text(text))
    except OSError as error:
        logging.getLogger(__name__).warning("what was measured is not remembered: %s", error)
    return read(measured)


def _free_bytes() -> int:
    """The host's memory that is free to use; much where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if "MemAvailable" in line)
    except (OSError, StopIteration):
        return 2**40
