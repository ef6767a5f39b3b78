"""What lanes compute from the fit normals at an epoch's end."""

from collections.abc import Collection, Mapping

import torch

from models.detectors.base import Detector, Networks, Tensors
from models.detectors.fit_view import FitView
from models.lanes.stack import NetworkStack
from models.memory import is_out_of_memory
from models.names import unknown


def fit_lanes(
    detector: Detector,
    stacks: Mapping[str, NetworkStack],
    places: Collection[int],
    normals: FitView,
) -> dict[int, Exception]:
    """Fit the lanes at `places`, one after another; what went wrong with a lane, by its place.

    Written in place, so that a recorded step finds it. Running out of memory is nobody's own and
    is raised.
    """
    problems: dict[int, Exception] = {}
    for place in places:
        try:
            _fit_lane(detector, stacks, place, normals)
        except Exception as problem:
            if is_out_of_memory(problem):
                raise
            problems[place] = problem
    return problems


@torch.no_grad()
def _fit_lane(
    detector: Detector, stacks: Mapping[str, NetworkStack], place: int, normals: FitView
) -> None:
    modules = {name: stack.module.eval() for name, stack in stacks.items()}
    parameters = {name: _of_lane(stack.views(), place) for name, stack in stacks.items()}
    buffers = {name: _of_lane(stack.buffers, place) for name, stack in stacks.items()}
    fitted = detector.fit(Networks(modules, parameters, buffers), normals)
    own = {
        f"{network}.{name}": buffer
        for network, named in buffers.items()
        for name, buffer in named.items()
    }
    _check(fitted, own)
    for name, value in fitted.items():
        own[name].copy_(value)


def _of_lane(tensors: Mapping[str, torch.Tensor], place: int) -> Tensors:
    return {name: tensor[place] for name, tensor in tensors.items()}


def _check(fitted: Tensors, own: Tensors) -> None:
    """Raise ValueError for a name or shape that no buffer has, before anything is written."""
    for name, value in fitted.items():
        if name not in own:
            raise ValueError(unknown("buffer given by fit:", name, list(own)))
        if value.shape != own[name].shape:
            given, wanted = list(value.shape), list(own[name].shape)
            raise ValueError(f"fit gives {name} the shape {given}, its buffer has {wanted}")
