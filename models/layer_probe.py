"""Whether a strided layer trains faster in lanes by the library or as products: measured.

`vmap` makes one grouped convolution of K lanes' convolutions. Libraries are slow at some of those,
in their backward passes above all; windows and a batched product of matrices do the same.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor
from torch.func import functional_call

from models.detectors.base import Tensors
from models.detectors.strided import STRIDED, LayerShape, layers_met
from models.hyperparameters import Value
from models.lane import Lane
from models.lane_context import Way
from models.lane_group import LaneGroup
from models.lanes import NetworkStack, over_lanes
from models.memory import free_unused, is_out_of_memory
from models.precision import deterministic_convolutions, pick_device, pick_precision
from models.scoring import scaled
from models.step_graph import GraphPool, captured
from models.stopwatch import seconds_per_call
from models.trainer import Trainer

if TYPE_CHECKING:
    from models.data.images import TrainingData

_LANES = 8
_LEAST_GAIN = 1.05
_RUN_SECONDS = 0.02
_CALLS = {"cuda": 16}
"""Between two looks at the clock: a look waits for the GPU."""


@dataclass(frozen=True, kw_only=True)
class LayerTiming:
    """Seconds of a layer's forward and backward pass in all lanes; infinite without room for it."""

    shape: LayerShape
    library_s: float
    product_s: float

    @property
    def way(self) -> Way:
        """The faster one; the library's where they are about the same, since it takes less room."""
        return "product" if _LEAST_GAIN * self.product_s < self.library_s else "library"


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What a layer is trained in alone."""

    lanes: int
    device: torch.device
    precision: Literal["float32", "bfloat16"]


def faster_ways(
    detector: str,
    hyperparameters: Mapping[str, Value],
    data: "TrainingData",
    device: str | None = None,
) -> dict[str, Way]:
    """The faster way of each strided layer that a training step of this detector has, if any.

    Measured in eight lanes; that takes some tenths of a second a layer.
    """
    where = pick_device(device)
    lane = Lane(hyperparameters=dict(hyperparameters), seed=0)
    group = Trainer(detector, data, [lane], device=str(where)).whole()
    conditions = Conditions(
        lanes=_LANES, device=where, precision=pick_precision("auto", where, _LANES)
    )
    timings = [time_layer(shape, conditions) for shape in layer_shapes(group)]
    free_unused()
    return {str(timing.shape): timing.way for timing in timings}


def layer_shapes(group: LaneGroup) -> list[LayerShape]:
    """The strided layers of one training step, each shape once. The step changes the group."""
    images = scaled(group.fit.images[group.fit.orders(group.epochs)[0]])
    with layers_met() as met:
        group.step.run(images, group.settings)
    return sorted(met)


def time_layer(shape: LayerShape, conditions: Conditions) -> LayerTiming:
    """Train this layer alone in both ways."""
    return LayerTiming(
        shape=shape,
        library_s=_seconds(shape, "library", conditions),
        product_s=_seconds(shape, "product", conditions),
    )


def _seconds(shape: LayerShape, way: Way, conditions: Conditions) -> float:
    device = conditions.device
    try:
        with deterministic_convolutions():
            training = training_of(shape, way, conditions)

            def work() -> None:
                training()

            replay = captured(work, [], device, GraphPool()) or work
            calls = _CALLS.get(device.type, 1)
            return seconds_per_call(lambda: _repeat(replay, calls), device, _RUN_SECONDS) / calls
    except (RuntimeError, MemoryError) as problem:
        if not is_out_of_memory(problem):
            raise
    free_unused()
    return math.inf


def training_of(
    shape: LayerShape, way: Way, conditions: Conditions
) -> Callable[[], tuple[Tensor, ...]]:
    """A forward and backward pass: the output [K, ...], the gradients of weights and of values."""
    lanes, device = conditions.lanes, conditions.device
    layers = [STRIDED[shape.layer](shape.channels, shape.width) for _ in range(lanes)]
    stack = NetworkStack(layers, device)
    leaf = stack.leaf()
    lying = torch.randn(lanes, shape.count, shape.side, shape.side, shape.channels, device=device)
    values = lying.movedim(-1, 2).requires_grad_()  # as the layer before it leaves them

    def of_one_lane(parameters: Tensors, values: Tensor) -> Tensor:
        output: Tensor = functional_call(stack.module, parameters, (values,))
        return output

    forward = over_lanes(of_one_lane, lanes, {str(shape): way})
    narrow = conditions.precision == "bfloat16"

    def work() -> tuple[Tensor, ...]:
        with torch.autocast(device.type, torch.bfloat16, enabled=narrow):
            output = forward(leaf.views, values)
        return (output, *torch.autograd.grad(output.square().sum(), [leaf.rows, values]))

    return work


def _repeat(work: Callable[[], object], times: int) -> None:
    for _ in range(times):
        work()
