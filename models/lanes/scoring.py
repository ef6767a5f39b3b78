"""The lanes' scores of images."""

from collections.abc import Mapping

import torch
from torch import Tensor

from models.detectors.base import Detector, Networks, Tensors
from models.lanes.stack import NetworkStack, over_lanes
from models.pixels import CHUNK, scaled


@torch.no_grad()
def score_lanes(
    detector: Detector, stacks: Mapping[str, NetworkStack], images: Tensor, settings: Tensors
) -> Tensors:
    """Score parts [K, N] of uint8 images, float64; computed in float32 whatever training uses."""
    modules = {name: stack.module.eval() for name, stack in stacks.items()}
    parameters = {name: stack.views() for name, stack in stacks.items()}
    buffers = {name: stack.buffers for name, stack in stacks.items()}
    count = len(next(iter(stacks.values())).rows)

    def of_one_lane(
        parameters: dict[str, Tensors],
        buffers: dict[str, Tensors],
        images: Tensor,
        settings: Tensors,
    ) -> Tensors:
        return detector.score_parts(Networks(modules, parameters, buffers), images, settings)

    mapped = over_lanes(of_one_lane, count)
    chunks = [
        mapped(parameters, buffers, scaled(chunk).expand(count, *chunk.shape), settings)
        for chunk in torch.split(images, CHUNK)
    ]
    return {name: torch.cat([chunk[name] for chunk in chunks], 1).double() for name in chunks[0]}
