"""One training step of any detector, for all lanes at once."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from models.detectors.base import Batch, Detector, Loss, Networks, Phase, Tensors
from models.lanes.adam import LaneAdam
from models.lanes.stack import Leaf, NetworkStack, over_lanes
from models.precision import Arithmetic

Optimizers = Mapping[tuple[str, str], LaneAdam]  # by phase and network


class Step:
    """The detector's forward pass and its phases in order.

    The forward pass keeps its graph until the last phase has used it. A phase sees the networks it
    trains with gradients and moving batch statistics, all others held still; so no work goes into
    gradients that nobody takes.
    """

    def __init__(
        self,
        detector: Detector,
        stacks: Mapping[str, NetworkStack],
        normal_count: int,
        arithmetic: Arithmetic,
    ):
        self._detector = detector
        self._stacks = stacks
        self._modules = {name: stack.module.train() for name, stack in stacks.items()}
        self._trained = frozenset(name for phase in detector.phases for name in phase.trains)
        self._optimizers = {
            (phase.name, name): LaneAdam(stacks[name].rows)
            for phase in detector.phases
            for name in phase.trains
        }
        self._normal_count = normal_count
        self._arithmetic = arithmetic

    @property
    def optimizers(self) -> Optimizers:
        """One for each network in each phase that trains it."""
        return self._optimizers

    def state_tensors(self) -> list[Tensor]:
        """All that a step changes, in place and with the lanes in front."""
        return [
            *(tensor for stack in self._stacks.values() for tensor in stack.state_tensors()),
            *(t for optimizer in self._optimizers.values() for t in optimizer.state_tensors()),
        ]

    def run(self, images: Tensor, settings: Tensors) -> Tensors:
        """Images [K, N, C, H, W] in [-1, 1], hyperparameters [K] -> loss terms [K] by name."""
        leaves = {name: self._stacks[name].leaf() for name in self._trained}
        shared = self._call(self._forward, self._trained, leaves, images, settings, {})
        terms: Tensors = {}
        for phase in self._detector.phases:
            loss = self._call(phase.loss, frozenset(phase.trains), leaves, images, settings, shared)
            terms |= {name: term.detach() for name, term in loss["terms"].items()}
            self._update(phase, loss["total"], leaves, settings)
            leaves |= {name: self._stacks[name].leaf() for name in phase.trains}
        return terms

    def _call(
        self,
        function: Callable[[Networks, Batch, Tensors], Any],
        moving: frozenset[str],
        leaves: Mapping[str, Leaf],
        images: Tensor,
        settings: Tensors,
        shared: Tensors,
    ) -> Any:
        """Run a function of one model over all lanes; only `moving` networks learn from it."""
        parameters = {
            name: leaves[name].views if name in moving else stack.views()
            for name, stack in self._stacks.items()
        }
        buffers = {name: stack.buffers for name, stack in self._stacks.items()}

        def of_one_lane(
            parameters: dict[str, Tensors],
            buffers: dict[str, Tensors],
            images: Tensor,
            settings: Tensors,
            shared: Tensors,
        ) -> Any:
            networks = Networks(self._modules, parameters, buffers, moving)
            batch = Batch(images=images, normal_count=self._normal_count, hyperparameters=settings)
            result = function(networks, batch, shared)
            if isinstance(result, Loss):
                return {"total": result.total, "terms": result.terms}
            return result

        narrow = self._arithmetic.precision == "bfloat16"
        with torch.autocast(images.device.type, torch.bfloat16, enabled=narrow):
            return over_lanes(of_one_lane, len(images), self._arithmetic.layer_ways)(
                parameters, buffers, images, settings, shared
            )

    def _forward(self, networks: Networks, batch: Batch, shared: Tensors) -> Tensors:
        return self._detector.forward(networks, batch)

    def _update(
        self, phase: Phase, loss: Tensor, leaves: Mapping[str, Leaf], settings: Tensors
    ) -> None:
        last = phase is self._detector.phases[-1]
        gradients = torch.autograd.grad(
            loss.sum(), [leaves[name].rows for name in phase.trains], retain_graph=not last
        )
        learning_rate, beta1 = settings[phase.learning_rate], settings[phase.beta1]
        for name, gradient in zip(phase.trains, gradients, strict=True):
            self._optimizers[phase.name, name].step(
                self._stacks[name].rows, gradient, learning_rate[:, None], beta1[:, None]
            )
