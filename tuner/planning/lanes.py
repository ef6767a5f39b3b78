"""How many trials train as one on each GPU, or on a trial's cores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models import detectors
from tuner.space import Machine, Space
from tuner.space.domains import count_of

_PARTS = 10_000


@dataclass(frozen=True, kw_only=True)
class LaneChoice:
    """So many lanes, and a sentence that says why; none where there is nothing to say."""

    count: int = 1
    sentence: str = ""


def choose_lanes(
    space: Space, machine: Machine, measure: Callable[[], LaneChoice] = LaneChoice
) -> LaneChoice:
    """The space's number of lanes; `auto` measures on a GPU and is 1 on cores.

    On cores one trial each is fastest, and starts sooner.
    """
    told = space.resources.lanes
    if why := _never_packed(space):
        return LaneChoice(sentence="" if told == 1 else f"{why} cannot be packed: lanes are 1.")
    if told != "auto":
        where = "GPU" if machine.gpus else "worker"
        text = f"{told} lanes: each {where} trains {told} trials in one step."
        return LaneChoice(count=told, sentence=text if told > 1 else "")
    if not machine.gpus:
        return LaneChoice()
    found = measure()
    wanted, share = _most_wanted(space, machine), max(1, found.count // _structures(space))
    if min(wanted, share) >= found.count:
        return found
    why = "there are no more trials" if wanted <= share else "trials of several structures share it"
    text = f"Lanes of each GPU: {min(wanted, share)}, since {why}. ({found.sentence})"
    return LaneChoice(count=min(wanted, share), sentence=text)


def share_of_a_device(lanes: int) -> float:
    """What Ray books for one of so many lanes.

    Ray counts in ten-thousandths: rounded up, the last lane would find no room.
    """
    return _PARTS // lanes / _PARTS


def are_measured(space: Space, machine: Machine) -> bool:
    """Whether a search finds out only at its start how many lanes there are."""
    return space.resources.lanes == "auto" and machine.gpus > 0 and not _never_packed(space)


def _never_packed(space: Space) -> str:
    """What of a space keeps its trials from sharing a step; empty where they can."""
    if space.data.each:
        return "A trial of data.normal: each trains several detectors and"
    if not detectors.packable(space.detector):
        return f"{space.detector} cannot train as lanes of one step and"
    return ""


def _most_wanted(space: Space, machine: Machine) -> int:
    """Lanes beyond which there are not enough trials for all GPUs."""
    return -(-space.trials // machine.gpus)


def _structures(space: Space) -> int:
    """How many packs may share a GPU: trials of different structure cannot share a step."""
    count = 1
    for each in detectors.hyperparameters(space.detector):
        domain = space.search.get(each.name)
        if each.structural and domain is not None:
            count *= count_of(domain) or 1
    return count
