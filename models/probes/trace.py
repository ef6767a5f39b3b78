"""What flows into which network of a detector: read off the gradient's graph of its own losses."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.fit_view import FitView
from models.detectors.model import PlainModel
from models.detectors.stage import Batch, Stage
from models.hyperparameters import Value, numbers
from models.lanes.draws import drawn
from models.pixels import scaled

_ROWS = 4
_SEED = 0


@dataclass
class Trace:
    """Arrows from what is made to the network that sees it, and the loss terms of each phase."""

    arrows: list[tuple[str, str]] = field(default_factory=list)
    terms: dict[str, list[str]] = field(default_factory=dict)


def trace_stage(
    detector: Detector,
    networks: dict[str, nn.Module],
    stage: Stage,
    hyperparameters: Mapping[str, Value],
) -> Trace:
    """Compute the losses of a stage once, on a few random images."""
    rows, generator = 2 * _ROWS, torch.Generator().manual_seed(_SEED)
    images = scaled(_images(detector, rows)).requires_grad_()
    draws = {draw.name: drawn(draw, rows, generator).requires_grad_() for draw in stage.draws}
    trace = Trace()
    leaves = {"images": images} | {_drawn_name(name): made for name, made in draws.items()}
    model = _TracedModel(networks, _settings(hyperparameters), leaves, trace)
    batch = Batch(images=images, normal_count=_ROWS, draws=draws)
    shared = {} if stage.forward is None else stage.forward(model, batch)
    for phase in stage.phases:
        trace.terms[phase.name] = list(phase.loss(model, batch, shared).terms)
    return trace


@torch.no_grad()
def score_part_names(detector: Detector, hyperparameters: Mapping[str, Value]) -> list[str]:
    """Of the detector's own score, once it is fitted on a few random images."""
    torch.manual_seed(_SEED)
    networks = {name: module.eval() for name, module in detector.networks().items()}
    images, settings = _images(detector, 2 * _ROWS), _settings(hyperparameters)
    fitted = detector.fit(PlainModel(networks, settings), FitView(images))
    return list(detector.score_parts(PlainModel(networks, settings, fitted), scaled(images)))


def _drawn_name(draw: str) -> str:
    """Apart from a network of that name; no word of a diagram's language."""
    return f"random_{draw.replace('/', '_')}"


def _images(detector: Detector, rows: int) -> Tensor:
    shape = (rows, detector.channels, detector.size, detector.size)
    generator = torch.Generator().manual_seed(_SEED)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def _settings(hyperparameters: Mapping[str, Value]) -> dict[str, Tensor]:
    return {name: torch.tensor(value) for name, value in numbers(hyperparameters).items()}


class _TracedModel(PlainModel):
    """Notes which network sees what another made."""

    def __init__(
        self,
        networks: dict[str, nn.Module],
        settings: dict[str, Tensor],
        leaves: Mapping[str, Tensor],
        trace: Trace,
    ):
        super().__init__(networks, settings)
        self._trace = trace
        self._origin: dict[Any, str] = {}
        self._named = {id(tensor): name for name, tensor in leaves.items()}

    @override
    def __call__(self, network: str, *inputs: object, **how: bool) -> Any:
        for tensor in _tensors(tree_leaves(inputs)):
            for source in self._sources(tensor):
                if (source, network) not in self._trace.arrows:
                    self._trace.arrows.append((source, network))
        made = super().__call__(network, *inputs, **how)
        for tensor in _tensors(tree_leaves(made)):
            if tensor.grad_fn is not None:
                self._origin[tensor.grad_fn] = network
        return made

    def _sources(self, tensor: Tensor) -> Iterator[str]:
        """The networks, images or draws that a tensor was made of, back to the nearest ones."""
        if id(tensor) in self._named:
            yield self._named[id(tensor)]
        waiting, seen = [tensor.grad_fn], set()
        while waiting:
            node = waiting.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            if node in self._origin:
                yield self._origin[node]
                continue
            variable = getattr(node, "variable", None)
            if variable is not None and id(variable) in self._named:
                yield self._named[id(variable)]
            waiting.extend(following for following, _ in node.next_functions)


def _tensors(leaves: Iterable[object]) -> Iterator[Tensor]:
    for leaf in leaves:
        if isinstance(leaf, Tensor):
            yield leaf
