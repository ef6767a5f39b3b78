"""What lanes compute from the fit normals: at a stage's start, and at an epoch's end."""

from collections.abc import Callable, Collection

import torch
from torch import Tensor

from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.lanes.state import LaneState
from models.memory import is_out_of_memory

Problems = dict[int, Exception]
"""What went wrong with a lane, by its place."""


def fit_lanes(
    fit: Callable[[Model, FitView], Tensors],
    state: LaneState,
    places: Collection[int],
    normals: FitView,
) -> Problems:
    """Fit the lanes at `places`, one after another; `state.fitted` holds what came of it."""

    def of_lane(place: int) -> None:
        state.fitted[place] = _own(fit(state.model(place), normals))

    return _each(of_lane, places)


def _own(fitted: Tensors) -> Tensors:
    """Contiguous copies: what is saved is no view of another tensor, nor shares one's memory."""
    for name, value in fitted.items():
        if not isinstance(value, Tensor):
            raise ValueError(f"fit returns {name}, which is a {type(value).__name__}, no tensor")
    return {
        name: value.detach().clone(memory_format=torch.contiguous_format)
        for name, value in fitted.items()
    }


def begin_lanes(
    begin: Callable[[Model, FitView], Tensors],
    state: LaneState,
    places: Collection[int],
    normals: FitView,
) -> Problems:
    """Let the lanes at `places` begin a stage; written in place, so that recorded steps find it."""

    def of_lane(place: int) -> None:
        state.write(place, begin(state.model(place), normals))

    return _each(of_lane, places)


@torch.no_grad()
def _each(work: Callable[[int], None], places: Collection[int]) -> Problems:
    """Running out of memory is nobody's own and is raised."""
    problems: Problems = {}
    for place in places:
        try:
            work(place)
        except Exception as problem:
            if is_out_of_memory(problem):
                raise
            problems[place] = problem
    return problems
