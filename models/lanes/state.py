"""All that lanes carry from one epoch to the next, and one lane's share of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from models.detectors.model import Model, Tensors
from models.detectors.stage import Stage
from models.lanes.optimizers import LaneOptimizer, WeightAverage
from models.lanes.stack import NetworkStack
from models.memory import on_host


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a lane has waited for a lower value of what it watches: best, and epochs since."""

    best: float = math.inf
    waited: int = 0

    def seen(self, value: float) -> "Patience":
        """After one epoch more."""
        if value < self.best:
            return Patience(best=value)
        return replace(self, waited=self.waited + 1)


class LaneState:
    """K lanes: networks, what optimizers and averages remember, epochs, fitted values, patience."""

    def __init__(
        self,
        stages: Sequence[Stage],
        stacks: dict[str, NetworkStack],
        settings: Tensors,
        count: int,
        device: torch.device,
    ):
        self.stages = stages
        self.device = device
        self.stacks = stacks
        self.settings = settings
        self.optimizers = _optimizers(stages, stacks)
        self.averages = {
            name: WeightAverage(stacks[name].rows)
            for stage in stages
            if stage.average
            for phase in stage.phases
            for name in phase.trains
        }
        self.epochs = [0] * count
        self.fitted: list[Tensors] = [{} for _ in range(count)]
        self.patience = [Patience() for _ in range(count)]

    def __len__(self) -> int:
        return len(self.epochs)

    def forget_patience(self, place: int) -> None:
        """Let one lane begin to wait anew."""
        self.patience[place] = Patience()

    def tensors(self) -> list[Tensor]:
        """All that training changes, in place and with the lanes in front."""
        changing: list[NetworkStack | LaneOptimizer | WeightAverage] = [
            *self.stacks.values(),
            *self.optimizers.values(),
            *self.averages.values(),
        ]
        return [tensor for each in changing for tensor in each.state_tensors()]

    def scored(self) -> dict[str, Tensors]:
        """The parameters that scores are computed with, by network and name [K, ...]."""
        return {
            name: stack.layout.views(self.averages[name].rows)
            if name in self.averages
            else stack.views()
            for name, stack in self.stacks.items()
        }

    def model(self, place: int) -> Model:
        """One lane in evaluation mode, as it is scored."""
        return Model(
            {name: stack.module.eval() for name, stack in self.stacks.items()},
            {name: _of_lane(tensors, place) for name, tensors in self.scored().items()},
            {name: _of_lane(stack.buffers, place) for name, stack in self.stacks.items()},
            _of_lane(self.settings, place),
            self.fitted[place],
        )

    def finite(self) -> list[bool]:
        """Which lanes' parameters are all finite."""
        each = [stack.finite() for stack in self.stacks.values()]
        finite: list[bool] = torch.stack(each).all(0).tolist() if each else [True] * len(self)
        return finite

    @torch.no_grad()
    def write(self, place: int, tensors: Tensors) -> None:
        """Put weights and buffers, named "network.name", into one lane.

        Raises ValueError for a name or a shape that there is not, before anything is written.
        """
        own = self._own(place)
        for name, value in tensors.items():
            if name not in own:
                raise ValueError(f"a stage begins with {name}, which no network has")
            if value.shape != own[name].shape:
                given, wanted = list(value.shape), list(own[name].shape)
                raise ValueError(f"a stage begins with {name} of shape {given}, it has {wanted}")
        for name, value in tensors.items():
            own[name].copy_(value)
        for network, average in self.averages.items():
            if any(name.startswith(f"{network}.") for name in tensors):
                average.rows[place].copy_(self.stacks[network].rows[place])
                average.steps[place] = 0

    def _own(self, place: int) -> Tensors:
        """One lane's parameters and buffers, not copies, named "network.name"."""
        return {
            f"{network}.{name}": tensor[place]
            for network, stack in self.stacks.items()
            for name, tensor in {**stack.views(), **stack.buffers}.items()
        }

    def detector_tensors(self, place: int) -> Tensors:
        """What one lane's scores are computed with, copies on the CPU.

        Named "network.parameter", and "fitted.name" for what was fitted.
        """
        weights = self._weights(place)
        for network, average in self.averages.items():
            for name, tensor in self.stacks[network].layout.views(average.rows[place]).items():
                plain = tensor.clone(memory_format=torch.contiguous_format)
                weights[f"{network}.{name}"] = plain
        fitted = {f"fitted.{name}": value for name, value in self.fitted[place].items()}
        return on_host({**weights, **fitted}, self.device)

    def lane(self, place: int) -> dict[str, Any]:
        """All that one lane needs to go on elsewhere: CPU tensors and plain values."""
        tensors: dict[str, Any] = {
            "weights": self._weights(place),
            "moments": {key: each.state(place) for key, each in self._named_optimizers().items()},
        }
        if self.averages:
            tensors["averages"] = {
                name: {"rows": average.rows[place].clone(), "steps": average.steps[place].clone()}
                for name, average in self.averages.items()
            }
        state = {"epoch": self.epochs[place], **on_host(tensors, self.device)}
        if self.patience[place] != Patience():
            state["patience"] = vars(self.patience[place])
        return state

    @torch.no_grad()
    def load_lane(self, place: int, state: Mapping[str, Any]) -> None:
        """Go on in this lane where `state` was taken."""
        self.epochs[place] = int(state["epoch"])
        self.fitted[place] = {}
        self.patience[place] = Patience(**state.get("patience", {}))
        for network, stack in self.stacks.items():
            stack.load(place, _of_network(network, state["weights"]))
        for key, optimizer in self._named_optimizers().items():
            optimizer.load_state(place, state["moments"][key])
        for name, average in self.averages.items():
            average.rows[place] = state["averages"][name]["rows"]
            average.steps[place] = state["averages"][name]["steps"]

    @torch.no_grad()
    def restart(
        self, place: int, weights: Mapping[str, Mapping[str, Tensor]], settings: Mapping[str, float]
    ) -> None:
        """Begin anew in this lane: weights by network and name, hyperparameters by name."""
        self.epochs[place] = 0
        self.fitted[place] = {}
        self.patience[place] = Patience()
        for network, stack in self.stacks.items():
            stack.load(place, weights[network])
        for optimizer in self.optimizers.values():
            optimizer.reset(place)
        for name, average in self.averages.items():
            average.rows[place] = self.stacks[name].rows[place]
            average.steps[place] = 0
        for name, value in settings.items():
            self.settings[name][place] = value

    @torch.no_grad()
    def part(self, places: Sequence[int]) -> "LaneState":
        """These lanes alone, as they stand: copies."""
        rows = list(places)
        part = LaneState(
            self.stages,
            {name: stack.part(places) for name, stack in self.stacks.items()},
            {name: values[rows] for name, values in self.settings.items()},
            len(rows),
            self.device,
        )
        for key, optimizer in part.optimizers.items():
            optimizer.take(self.optimizers[key], places)
        for name, average in part.averages.items():
            average.rows.copy_(self.averages[name].rows[rows])
            average.steps.copy_(self.averages[name].steps[rows])
        for own, place in enumerate(rows):
            part.epochs[own] = self.epochs[place]
            part.fitted[own] = self.fitted[place]
            part.patience[own] = self.patience[place]
        return part

    def stacked_fitted(self) -> Tensors:
        """What was fitted, by name [K, ...]; a lane that has nothing has what another has."""
        some = next((fitted for fitted in self.fitted if fitted), {})
        every = [fitted or some for fitted in self.fitted]
        if len(every) == 1:
            return {name: value[None] for name, value in some.items()}
        return {name: torch.stack([fitted[name] for fitted in every]) for name in some}

    def _weights(self, place: int) -> Tensors:
        """Copies of one lane's parameters and buffers on the device, named "network.parameter"."""
        return {
            f"{network}.{name}": tensor
            for network, stack in self.stacks.items()
            for name, tensor in stack.tensors(place).items()
        }

    def _named_optimizers(self) -> dict[str, LaneOptimizer]:
        return {f"{phase}/{network}": each for (phase, network), each in self.optimizers.items()}


def _optimizers(
    stages: Sequence[Stage], stacks: Mapping[str, NetworkStack]
) -> dict[tuple[str, str], LaneOptimizer]:
    """One for each network in each phase that trains it, or in all phases of equal moments."""
    made: dict[tuple[str, str], LaneOptimizer] = {}
    for stage in stages:
        for phase in stage.phases:
            for name in phase.trains:
                key = (phase.moments or phase.name, name)
                if key not in made:
                    made[key] = LaneOptimizer(stacks[name].rows, type(phase.optimizer))
    return made


def _of_lane(tensors: Mapping[str, Tensor], place: int) -> Tensors:
    return {name: tensor[place] for name, tensor in tensors.items()}


def _of_network(network: str, weights: Mapping[str, Tensor]) -> Tensors:
    prefix = f"{network}."
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }
