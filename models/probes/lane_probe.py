"""How many lanes of a detector a device trains fastest: measured, not guessed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.utils.flop_counter import FlopCounterMode

from models import detectors
from models.device_images import device_images
from models.hyperparameters import Value
from models.lanes.group import LaneGroup
from models.lanes.lane import Lane
from models.memory import MemoryGauge, where_it_fits
from models.precision import deterministic_convolutions, pick_device, pick_precision
from models.probes.stopwatch import calls_between_looks, seconds_per_call
from models.trainer import Trainer

if TYPE_CHECKING:
    from models.data.images import TrainingData

MOST_LANES = 64
_LEAST_GAIN = 1.1
_MOST_MEMORY = 0.8
_COMPUTE_BOUND = 0.6
"""Of a large matrix product's speed: few real networks come nearer."""
_RUN_SECONDS, _PRODUCT_SECONDS = 0.3, 0.02


@dataclass(frozen=True, kw_only=True)
class LaneMeasurement:
    """What was measured; plain values, so that `LaneMeasurement(**asdict(one))` survives JSON.

    `images_per_second` are of all lanes together, by the number of lanes as text. `limit` is
    "memory", "arithmetic", "no gain" or "most". `arithmetic_share` is the speed of the step's
    convolutions and products beside that of one large matrix product in the same number format:
    what it leaves open may be memory bandwidth or the start of many small operations, which is not
    measured apart. `state_bytes` are a lane's weights, statistics and moments.
    """

    lanes: int
    images_per_second: dict[str, float]
    limit: str
    memory_share: float
    arithmetic_share: float
    state_bytes: int
    seconds: float

    def gain(self) -> float:
        """Speed of the lanes together over one at a time."""
        return self.images_per_second[str(self.lanes)] / self.images_per_second["1"]

    def sentence(self) -> str:
        """`12 lanes: 8.4 times one at a time, limited by memory`, and the like."""
        share = f"at {self.arithmetic_share:.0%} of a matrix product's speed"
        reason = {
            "memory": "limited by memory",
            "arithmetic": f"limited by arithmetic, {share}",
            "no gain": f"more gain under 10%, {share}",
            "most": f"the most that is tried, {share}",
        }[self.limit]
        if self.lanes == 1:
            return f"1 lane: {reason}"
        return f"{self.lanes} lanes: {self.gain():.1f} times one at a time, {reason}"


def probe_lanes(
    detector: str,
    hyperparameters: Mapping[str, Value],
    data: "TrainingData",
    device: str | None = None,
) -> LaneMeasurement:
    """Train 1, 2, 4, ... lanes for a few steps each, until doubling is not worth it.

    A number of lanes counts by the best of three runs of at least 0.3 s, after some that do
    not count: about 1 s each, more where a step takes longer than 0.3 s; and an epoch, with its
    scoring, shows how much memory it takes.
    Doubling stops where twice in a row it brings under 10% over the best before, since two lanes
    may be slower than one and eight faster than both; or where it needs over 80% of the device's
    memory (on a CPU: of the host's). Of more lanes only those count that bring 10% over fewer.

    Raises ValueError for a detector that has nothing to train.
    """
    start = time.perf_counter()
    probe = _Probe(detector, dict(hyperparameters), data, pick_device(device))
    paces, limit, most = (
        {1: probe.pace(1)},
        "most",
        MOST_LANES if detectors.packable(detector) else 1,
    )
    while max(paces) < most and limit == "most":
        limit = probe.double(paces)
    lanes = _fewest_of_the_best(paces)
    if limit == "most" and lanes < max(paces):
        limit = "no gain"
    share = paces[lanes] * probe.operations_per_image() / probe.operations_per_second(lanes)
    return LaneMeasurement(
        lanes=lanes,
        images_per_second={str(count): pace for count, pace in paces.items()},
        limit="arithmetic" if limit == "no gain" and share >= _COMPUTE_BOUND else limit,
        memory_share=probe.gauge.share(),
        state_bytes=probe.state_bytes(),
        arithmetic_share=share,
        seconds=time.perf_counter() - start,
    )


def _fewest_of_the_best(paces: Mapping[int, float]) -> int:
    chosen = 1
    for lanes in sorted(paces):
        if paces[lanes] >= _LEAST_GAIN * paces[chosen]:
            chosen = lanes
    return chosen


class _Probe:
    """Trainers of any number of lanes of one configuration, one at a time."""

    def __init__(
        self,
        detector: str,
        values: dict[str, Value],
        data: "TrainingData",
        device: torch.device,
    ):
        if not detectors.stages(detector):
            raise ValueError(f"{detector} trains nothing, so there are no lanes to measure")
        self._detector, self._values, self._data, self._device = detector, values, data, device
        self.gauge = MemoryGauge(device)

    def double(self, paces: dict[int, float]) -> str:
        """Add the pace of twice the lanes if they fit; why to stop here, or "most" to go on."""
        lanes = 2 * max(paces)
        if self.gauge.share_after_doubling() > _MOST_MEMORY:
            return "memory"
        pace = where_it_fits(lambda: self.pace(lanes))
        if pace is None or self.gauge.share() > _MOST_MEMORY:
            return "memory"
        paces[lanes] = pace
        return "no gain" if max(paces) >= 4 * _fewest_of_the_best(paces) else "most"

    def pace(self, lanes: int) -> float:
        """Images a second of all lanes together."""
        group = self._group(lanes)
        with deterministic_convolutions():
            best = self._best_of_runs(group)
        images = device_images(self._data, self._device)
        group.epoch(range(lanes), images, [self._values] * lanes)
        self.gauge.read()
        return best

    def _best_of_runs(self, group: LaneGroup) -> float:
        take = group.steps_of(calls_between_looks(self._device))
        images = take()
        return images / seconds_per_call(take, self._device, _RUN_SECONDS)

    def state_bytes(self) -> int:
        """Of all that training changes of one lane."""
        return sum(tensor.nbytes for tensor in self._group(1).state.tensors())

    def operations_per_image(self) -> float:
        """Of a training step's convolutions and products, counted as they run."""
        group = self._group(1)
        with FlopCounterMode(display=False) as counter:
            images = group.take_step()
        return float(counter.get_total_flops() / images)

    def operations_per_second(self, lanes: int) -> float:
        """Of a large matrix product in the number format in which so many lanes train."""
        precision = pick_precision("auto", self._device, lanes)
        number = torch.bfloat16 if precision == "bfloat16" else torch.float32
        side = 4096 if self._device.type == "cuda" else 768
        left, right = (torch.randn(side, side, device=self._device, dtype=number) for _ in "ab")
        return 2 * side**3 / seconds_per_call(lambda: left @ right, self._device, _PRODUCT_SECONDS)

    def _group(self, lanes: int) -> LaneGroup:
        same = [Lane(hyperparameters=self._values, seed=0)] * lanes
        return Trainer(self._detector, self._data, same, device=str(self._device)).whole()
