"""The lanes' scores of images."""

import torch
from torch import Tensor

from models.detectors.model import Model, Tensors
from models.detectors.stage import ScoreParts
from models.lanes.output_checks import check_parts
from models.lanes.stack import over_lanes
from models.lanes.state import LaneState
from models.pixels import chunk_of, scaled


@torch.no_grad()
def score_lanes(score_parts: ScoreParts, state: LaneState, images: Tensor) -> Tensors:
    """Score parts [K, N] of uint8 images, float64; computed in float32 whatever training uses."""
    modules = {name: stack.module.eval() for name, stack in state.stacks.items()}
    parameters = state.scored()
    buffers = {name: stack.buffers for name, stack in state.stacks.items()}
    fitted, count = state.stacked_fitted(), len(state)

    def of_one_lane(
        parameters: dict[str, Tensors],
        buffers: dict[str, Tensors],
        settings: Tensors,
        fitted: Tensors,
        images: Tensor,
    ) -> Tensors:
        parts = score_parts(Model(modules, parameters, buffers, settings, fitted), images)
        check_parts(parts, len(images))
        return parts

    mapped = over_lanes(of_one_lane, count)
    chunks = [
        mapped(parameters, buffers, state.settings, fitted, scaled(few).expand(count, *few.shape))
        for few in torch.split(images, chunk_of(images.shape[-1]))
    ]
    return {name: torch.cat([chunk[name] for chunk in chunks], 1).double() for name in chunks[0]}
