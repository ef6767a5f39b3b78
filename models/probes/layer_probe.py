"""Whether a strided layer trains faster in lanes by the library or as products: measured.

`vmap` makes one grouped convolution of K lanes' convolutions. Libraries are slow at some of those,
in their backward passes above all; windows and a batched product of matrices do the same.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

from models import detectors
from models.detectors.model import Tensors
from models.hyperparameters import Value
from models.lanes.group import LaneGroup
from models.lanes.lane import Lane
from models.lanes.stack import NetworkStack, over_lanes
from models.lanes.step_graph import GraphPool, captured
from models.memory import free_unused, where_it_fits
from models.networks.convolutional import Norm, leaky_relu
from models.networks.layer_ways import UNMEASURED, LayerWays, Way
from models.networks.strided import STRIDED, LayerShape, layers_met
from models.precision import deterministic_convolutions, pick_device, pick_precision
from models.probes.stopwatch import calls_between_looks, seconds_per_call
from models.trainer import Trainer

if TYPE_CHECKING:
    from models.data.images import TrainingData

LANES = 8
"""In which layers are measured where nobody says how many there will be."""
_LEAST_GAIN, _LEAST_GAIN_OF_STEP = 1.05, 1.01
_RUN_SECONDS, _STEP_RUN_SECONDS = 0.02, 0.2


@dataclass(frozen=True, kw_only=True)
class LayerTiming:
    """Seconds of a layer's forward and backward pass in all lanes.

    Infinite where there is no room for it, or a GPU cannot record it.
    """

    shape: LayerShape
    library_s: float
    product_s: float

    @property
    def way(self) -> Way:
        """The faster one; the library's where they are about the same, since it takes less room."""
        return "product" if _LEAST_GAIN * self.product_s < self.library_s else "library"


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Under which a layer is trained alone; its recordings share `pool`."""

    lanes: int
    device: torch.device
    precision: Literal["float32", "bfloat16"]
    pool: GraphPool = field(default_factory=GraphPool)


def conditions_on(device: torch.device, lanes: int = LANES) -> Conditions:
    """Those in which so many lanes train there."""
    return Conditions(lanes=lanes, device=device, precision=pick_precision("auto", device, lanes))


def faster_ways(
    detector: str,
    hyperparameters: Mapping[str, Value],
    data: "TrainingData",
    device: str | None = None,
    lanes: int = LANES,
) -> dict[str, Way]:
    """The faster way of each strided layer that a training step of this detector has, if any.

    In the end the whole step is taken with them and by the library alone, in turns: what is no
    faster together is not taken. {} of a detector that trains nothing.
    """
    if not detectors.stages(detector):
        return {}
    where = pick_device(device)
    one = Lane(hyperparameters=dict(hyperparameters), seed=0)

    def group(count: int, ways: LayerWays) -> LaneGroup:
        trainer = Trainer(detector, data, [one] * count, device=str(where), layer_ways=ways)
        return trainer.whole()

    timings = layer_timings(layer_shapes(group(1, UNMEASURED)), conditions_on(where, lanes))
    ways = {str(timing.shape): timing.way for timing in timings}
    free_unused()
    by_library: dict[str, Way] = dict.fromkeys(ways, "library")
    if ways == by_library:
        return ways
    together_s = library_s = math.inf
    for _ in range(2):
        together_s = min(together_s, _step_seconds(lambda: group(lanes, ways)))
        library_s = min(library_s, _step_seconds(lambda: group(lanes, by_library)))
    return ways if _LEAST_GAIN_OF_STEP * together_s < library_s else by_library


def layer_shapes(group: LaneGroup) -> list[LayerShape]:
    """The strided layers of one training step, each shape once. The step changes the group."""
    with layers_met() as met:
        group.take_step()
    return sorted(met)


def layer_timings(shapes: list[LayerShape], conditions: Conditions) -> Iterator[LayerTiming]:
    """Train each layer alone in both ways, in turns: a GPU is slower while it wakes up."""
    for shape in shapes:
        seconds: dict[Way, float] = {"library": math.inf, "product": math.inf}
        for _ in range(2):
            for way, least in seconds.items():
                found = where_it_fits(partial(_seconds, shape, way, conditions))
                seconds[way] = least if found is None else min(least, found)
        yield LayerTiming(shape=shape, library_s=seconds["library"], product_s=seconds["product"])


def _seconds(shape: LayerShape, way: Way, conditions: Conditions) -> float:
    device, training = conditions.device, training_of(shape, way, conditions)

    def work() -> None:
        training()

    with deterministic_convolutions():
        replay = captured(work, [], device, conditions.pool, unrecorded=lambda problem: None)
        if replay is None and device.type == "cuda":
            return math.inf  # how long Python takes to start it tells nothing of a recorded step
        return seconds_per_call(
            replay or work, device, _RUN_SECONDS, calls=calls_between_looks(device)
        )


def _step_seconds(make: Callable[[], LaneGroup]) -> float:
    """Of some steps of a group that is made for it; infinite without room."""
    seconds = where_it_fits(lambda: _seconds_of_steps(make()))
    free_unused()
    return math.inf if seconds is None else seconds


def _seconds_of_steps(group: LaneGroup) -> float:
    device = group.fit.images.device
    count = calls_between_looks(device)
    with deterministic_convolutions():
        return seconds_per_call(lambda: group.take_steps(count), device, _STEP_RUN_SECONDS)


class _Block(nn.Module):
    """A strided layer with a norm, where it has one, and an activation after it."""

    def __init__(self, shape: LayerShape) -> None:
        super().__init__()
        self.layer = STRIDED[shape.layer](shape.channels, shape.width)
        self.norm = Norm(shape.width) if shape.layer in ("Halving", "Doubling") else nn.Identity()

    def forward(self, values: Tensor) -> Tensor:
        return leaky_relu(self.norm(self.layer(values)))


def training_of(
    shape: LayerShape, way: Way, conditions: Conditions
) -> Callable[[], tuple[Tensor, ...]]:
    """A forward and backward pass: the output [K, ...], the gradients of weights and of values."""
    lanes, device = conditions.lanes, conditions.device
    stack = NetworkStack([_Block(shape)] * lanes, device)
    side = shape.side // 2 if STRIDED[shape.layer].halves else 2 * shape.side
    values = _lying_as_norms_leave_them(lanes, shape.count, shape.channels, shape.side, device)
    gradient = _lying_as_norms_leave_them(lanes, shape.count, shape.width, side, device)
    values.requires_grad_()

    def of_one_lane(parameters: Tensors, buffers: Tensors, values: Tensor) -> Tensor:
        output: Tensor = functional_call(stack.module, {**parameters, **buffers}, (values,))
        return output

    forward = over_lanes(of_one_lane, lanes, {str(shape): way})
    narrow = conditions.precision == "bfloat16"

    def work() -> tuple[Tensor, ...]:
        # A view made outside would tie its backward pass to the stream that it was made on.
        leaf = stack.leaf()
        with torch.autocast(device.type, torch.bfloat16, enabled=narrow):
            output = forward(leaf.views, stack.buffers, values)
        of = [leaf.rows, values]
        return (output, *torch.autograd.grad(output, of, gradient.to(output.dtype)))

    return work


def _lying_as_norms_leave_them(
    lanes: int, count: int, channels: int, side: int, device: torch.device
) -> Tensor:
    """Random values [K, N, C, H, W], in memory with the images in front."""
    return torch.randn(count, lanes, channels, side, side, device=device).transpose(0, 1)
