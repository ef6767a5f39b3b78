"""Lanes that train in one step: their networks, moments, hyperparameters and epochs.

K lanes, K fixed. Nothing of one lane reaches another: no operation reduces over lanes before the
gradient is taken, and every tensor here has the lanes in front.
"""

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.batches import FitImages
from models.detectors.base import Detector, Tensors
from models.device_images import DeviceImages
from models.evaluation.validation import Validation, WithoutLabels, judge_lanes
from models.hyperparameters import Value
from models.lanes.fitting import fit_lanes
from models.lanes.fused_step import FusedStep
from models.lanes.scoring import score_lanes
from models.lanes.stack import NetworkStack
from models.lanes.step import Step
from models.lanes.step_graph import GraphPool
from models.memory import free_unused, on_host
from models.precision import Arithmetic, deterministic_convolutions


@dataclass(frozen=True, kw_only=True)
class LaneEpoch:
    """What an epoch gave a lane: mean losses, and what the validation images say.

    The verdict is None if the lane diverged, and the exception that its fit or scoring raised.
    """

    losses: dict[str, float]
    verdict: Validation | Exception | None


@dataclass(frozen=True, kw_only=True)
class GroupEpoch:
    """An epoch place by place; `train_seconds` is without the scoring."""

    lanes: list[LaneEpoch]
    train_seconds: float


class LaneGroup:
    """Trains and scores its lanes an epoch at a time; an epoch that fails leaves no trace."""

    def __init__(
        self,
        detector: Detector,
        stacks: dict[str, NetworkStack],
        settings: Tensors,
        fit: FitImages,
        arithmetic: Arithmetic,
        pool: GraphPool,
    ):
        self._detector = detector
        self.fit = fit
        self.arithmetic = arithmetic
        self._pool = pool
        self.stacks = stacks
        self.settings = settings
        self.step = Step(detector, stacks, fit.batch_normals, arithmetic)
        self.fused = FusedStep(self.step, fit.images, settings, pool)
        self.epochs = [0] * len(next(iter(stacks.values())).rows)

    def __len__(self) -> int:
        return len(self.epochs)

    def epoch(
        self,
        active: Collection[int],
        images: DeviceImages,
        lanes: Sequence[Mapping[str, Value]],
    ) -> GroupEpoch:
        """Train and score the lanes at the places `active`; those elsewhere stay as they are.

        `lanes` are the hyperparameters at each place, {} at an empty one.
        """
        before = [tensor.clone() for tensor in self.step.state_tensors()]
        done = False
        try:
            with deterministic_convolutions():
                result = self._epoch(active, images, lanes)
            done = True
        finally:
            held = [place for place in range(len(self)) if not done or place not in active]
            self._put_back(before, held)
        for place in active:
            self.epochs[place] += 1
        return result

    def _epoch(
        self,
        active: Collection[int],
        images: DeviceImages,
        lanes: Sequence[Mapping[str, Value]],
    ) -> GroupEpoch:
        start = time.perf_counter()
        for stack in self.stacks.values():
            stack.module.train()
        means: Tensors = {}
        if self._detector.phases:
            means = self.fused.epoch(self.fit.orders(self.epochs))
        losses = {name: mean.tolist() for name, mean in means.items()}
        unfitted = self._fit(active)
        trained = time.perf_counter()
        verdicts = self._judged(images, lanes)
        for place, problem in unfitted.items():
            verdicts[place] = problem
        finite = torch.stack([stack.finite() for stack in self.stacks.values()]).all(0).tolist()
        of_lane = [{name: of[place] for name, of in losses.items()} for place in range(len(self))]
        for place, own in enumerate(of_lane):
            if not finite[place] or not all(map(math.isfinite, own.values())):
                verdicts[place] = None
        lanes_epochs = [
            LaneEpoch(losses=own, verdict=verdict)
            for own, verdict in zip(of_lane, verdicts, strict=True)
        ]
        return GroupEpoch(lanes=lanes_epochs, train_seconds=trained - start)

    def _fit(self, active: Collection[int]) -> dict[int, Exception]:
        """Fit the active lanes; what that raised, by place.

        Without phases nothing changes after the first epoch, so a fit would give the same again.
        """
        fresh = [place for place in active if self._detector.phases or not self.epochs[place]]
        return fit_lanes(self._detector, self.stacks, fresh, self.fit.normals())

    def _judged(
        self, images: DeviceImages, lanes: Sequence[Mapping[str, Value]]
    ) -> list[Validation | Exception | None]:
        """What the scores of the validation images say, and of noise where there is some."""

        def scores(of: Tensor) -> Tensors:
            return score_lanes(self._detector, self.stacks, of, self.settings)

        noise = None if images.noise is None else scores(images.noise)
        unlabelled = WithoutLabels(synthetic=images.synthetic, noise=noise)
        return judge_lanes(scores(images.validation), images.anomalous, lanes, unlabelled)

    def weights(self, place: int) -> Tensors:
        """One lane's parameters and buffers on the CPU, named "network.parameter"."""
        return on_host(self._weights(place), self.fit.images.device)

    def state(self, place: int) -> dict[str, Any]:
        """All that one lane needs to go on elsewhere: CPU tensors and plain values."""
        moments = {
            f"{phase}/{network}": optimizer.state(place)
            for (phase, network), optimizer in self.step.optimizers.items()
        }
        tensors = {"weights": self._weights(place), "moments": moments}
        return {"epoch": self.epochs[place], **on_host(tensors, self.fit.images.device)}

    def load_state(self, place: int, state: Mapping[str, Any]) -> None:
        """Go on in this lane where `state` was taken."""
        self.epochs[place] = int(state["epoch"])
        for network, stack in self.stacks.items():
            stack.load(place, _of_network(network, state["weights"]))
        for (phase, network), optimizer in self.step.optimizers.items():
            optimizer.load_state(place, state["moments"][f"{phase}/{network}"])

    def restart(
        self, place: int, weights: Mapping[str, Mapping[str, Tensor]], settings: Mapping[str, float]
    ) -> None:
        """Begin anew in this lane: weights by network and name, hyperparameters by name."""
        self.epochs[place] = 0
        for network, stack in self.stacks.items():
            stack.load(place, weights[network])
        for optimizer in self.step.optimizers.values():
            optimizer.reset(place)
        for name, value in settings.items():
            self.settings[name][place] = value

    def part(self, places: Sequence[int]) -> "LaneGroup":
        """A group of these lanes alone, as they stand."""
        part = LaneGroup(
            self._detector,
            {name: stack.part(places) for name, stack in self.stacks.items()},
            {name: values[list(places)] for name, values in self.settings.items()},
            self.fit,
            self.arithmetic,
            self._pool,
        )
        for key, optimizer in part.step.optimizers.items():
            optimizer.take(self.step.optimizers[key], places)
        part.epochs = [self.epochs[place] for place in places]
        return part

    def halves(self) -> tuple["LaneGroup", "LaneGroup"]:
        """Two groups of half the lanes, as they stand; this one gives up its recorded step.

        They are copies: slices of this one's tensors would begin where fast kernels cannot. There
        is room for them where the epoch's own copy of all that it changes was.
        """
        self.fused.forget()
        free_unused()
        middle = (len(self) + 1) // 2
        return self.part(range(middle)), self.part(range(middle, len(self)))

    def _weights(self, place: int) -> Tensors:
        """Copies of one lane's parameters and buffers on the device, named "network.parameter"."""
        return {
            f"{network}.{name}": tensor
            for network, stack in self.stacks.items()
            for name, tensor in stack.tensors(place).items()
        }

    @torch.no_grad()
    def _put_back(self, before: Sequence[Tensor], places: Sequence[int]) -> None:
        for tensor, was in zip(self.step.state_tensors(), before, strict=True):
            for place in places:
                tensor[place].copy_(was[place])


def _of_network(network: str, weights: Mapping[str, Tensor]) -> Tensors:
    prefix = f"{network}."
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }
