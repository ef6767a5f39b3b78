"""Lanes: K models of equal shapes, stacked so that one call runs them all.

All parameters of one network lie in one leaf tensor [K, P]: the optimizer then takes a few large
steps instead of many small ones, and `split` gathers the gradients of all views in one copy.
Convolution weights lie as (out, height, width, in), so that their views are channels_last, which
the CPU's convolutions run a quarter faster.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.utils._pytree import tree_map

from models.detectors.model import Tensors
from models.networks.mapped import as_lanes

Result = TypeVar("Result")


def over_lanes(function: Callable[..., Result], count: int) -> Callable[..., Result]:
    """The function of one model, made to take and return nested tensors with lanes in front.

    One lane is run without vmap, which is faster and the same but for rounding. In bfloat16 more is
    rounded: autocast keeps mapped losses in float32, and takes some of one lane's in bfloat16.
    """
    if count > 1:

        def mapped(*arguments: object) -> Result:
            with as_lanes():
                together: Result = vmap(function)(*arguments)
            return together

        return mapped

    def alone(*arguments: object) -> Result:
        # squeeze, not indexing: the backward of indexing fills a tensor with zeros.
        result = function(*tree_map(lambda tensor: tensor.squeeze(0), arguments))
        stacked: Result = tree_map(lambda tensor: tensor.unsqueeze(0), result)
        return stacked

    return alone


class Layout:
    """Where each parameter of a network lies in its row of P numbers."""

    def __init__(self, module: nn.Module):
        self._shapes = {name: tensor.shape for name, tensor in module.named_parameters()}
        self._sizes = [shape.numel() for shape in self._shapes.values()]
        self.length = sum(self._sizes)

    def row(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """Parameters by name -> [P]."""
        pieces = [
            (tensor.movedim(1, -1) if tensor.dim() == 4 else tensor).reshape(-1)
            for tensor in (parameters[name].detach() for name in self._shapes)
        ]
        return torch.cat(pieces) if pieces else torch.empty(0)

    def views(self, rows: Tensor) -> Tensors:
        """[..., P] -> views by name [..., *shape]."""
        if not self._sizes:
            return {}
        pieces = torch.split_with_sizes(rows, self._sizes, dim=-1)
        named = zip(self._shapes.items(), pieces, strict=True)
        return {name: _shaped(piece, shape) for (name, shape), piece in named}


def _shaped(piece: Tensor, shape: torch.Size) -> Tensor:
    if len(shape) != 4:
        return piece.view(*piece.shape[:-1], *shape)
    out, into, height, width = shape
    return piece.view(*piece.shape[:-1], out, height, width, into).movedim(-1, -3)


@dataclass(frozen=True)
class Leaf:
    """Parameters as a leaf of the autograd graph [K, P], and its views by name [K, *shape]."""

    rows: Tensor
    views: Tensors


class NetworkStack:
    """One network of K models: `rows` [K, P] holds the parameters, `buffers` the rest [K, ...].

    `module` is a shell without data: it only lends its code to `functional_call`.
    """

    def __init__(self, modules: Sequence[nn.Module], device: torch.device):
        self.layout = Layout(modules[0])
        rows = [self.layout.row(dict(module.named_parameters())) for module in modules]
        self.rows = torch.stack(rows).to(device)
        self.buffers = {
            name: torch.stack([dict(module.named_buffers())[name] for module in modules]).to(device)
            for name, _ in modules[0].named_buffers()
        }
        self.module = modules[0].to("meta")

    def part(self, lanes: Sequence[int]) -> "NetworkStack":
        """A stack of these lanes alone: copies, with the same shell."""
        part = copy(self)
        part.rows = self.rows[list(lanes)]
        part.buffers = {name: buffer[list(lanes)] for name, buffer in self.buffers.items()}
        return part

    def state_tensors(self) -> list[Tensor]:
        """All that training changes, lanes in front."""
        return [self.rows, *self.buffers.values()]

    def views(self) -> Tensors:
        """The parameters of all lanes by name [K, *shape], without gradient."""
        return self.layout.views(self.rows)

    def leaf(self) -> "Leaf":
        """The same to be differentiated; it shares the memory of `rows`."""
        rows = self.rows.detach().requires_grad_()
        return Leaf(rows, self.layout.views(rows))

    def tensors(self, lane: int) -> Tensors:
        """Copies of one lane's parameters and buffers by name, as `state_dict` would give them."""
        parameters = self.layout.views(self.rows[lane].detach())
        buffers = {name: buffer[lane] for name, buffer in self.buffers.items()}
        return {
            name: tensor.clone(memory_format=torch.contiguous_format)
            for name, tensor in {**parameters, **buffers}.items()
        }

    @torch.no_grad()
    def load(self, lane: int, tensors: Mapping[str, Tensor]) -> None:
        """Put parameters and buffers by name into one lane; KeyError where one is missing."""
        self.rows[lane].copy_(self.layout.row(tensors))
        for name, buffer in self.buffers.items():
            buffer[lane].copy_(tensors[name])

    def finite(self) -> Tensor:
        """Which lanes' parameters are all finite [K]."""
        return self.rows.isfinite().all(1)
