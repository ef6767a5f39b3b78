"""Choose the scale that the machine or cluster can carry, and say which and why."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.cli.text import counted
from tuner.errors import Problem, SpaceError
from tuner.space.model import Space
from tuner.space.rules import AUTO


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a machine or cluster has; `counted` says of a cluster how that was found.

    `nodes` are the cores of each of a cluster's nodes, which add up to its `cpus`.
    """

    cpus: int
    gpus: int = 0
    nodes: tuple[int, ...] = ()
    counted: str = ""

    def __str__(self) -> str:
        return f"{_count(self.cpus, 'core')} and {_count(self.gpus, 'GPU')}"


def _count(number: int, noun: str) -> str:
    return counted(number, noun) if number else f"no {noun}s"


def resolve_scale(space: Space, machine: Machine) -> Space:
    """Return the space at the scale that fits: its trials, epochs and hyperparameters set.

    A space without scales comes back as it is; resolving twice changes nothing.
    Raises SpaceError where the machine has not what a trial takes.
    """
    if problem := cores_problem(space.resources.cpus_per_trial, machine):
        raise SpaceError([problem])
    if not space.scales:
        return space
    return at_scale(space, chosen_scale(space, machine))


def at_scale(space: Space, name: str) -> Space:
    """Return the space at one of its scales, the only one left; unchanged if it has none."""
    if name not in space.scales:
        return space
    scale = space.scales[name]
    written = space.model_dump()
    written["fixed"] |= scale.hyperparameters
    for key in ("trials", "epochs"):
        written[key] = getattr(scale, key) or written[key]
    if scale.fit_normals is not None:
        written["data"]["fit_normals"] = scale.fit_normals
    return Space.model_validate(written | {"scale": name, "scales": {name: {}}})


def chosen_scale(space: Space, machine: Machine) -> str:
    """Return the scale's name: the one the space names, else gpu where there is one, else cpu."""
    if space.scale != AUTO:
        return space.scale
    return "gpu" if machine.gpus and "gpu" in space.scales else "cpu"


def scale_sentence(space: Space, machine: Machine) -> str:
    """Say in one sentence which scale was chosen, what it means and why."""
    resolved = resolve_scale(space, machine)
    size = f"{_count(resolved.trials, 'trial')} of at most {_count(resolved.epochs, 'epoch')}"
    if not space.scales:
        return f"This space has one scale: {size}, on {machine}{_counted(machine)}."
    name = chosen_scale(space, machine)
    held = [f"{key} {value}" for key, value in space.scales[name].hyperparameters.items()]
    reason = f"{_reason(space, machine)}{_counted(machine)}"
    return f"Scale {name}: {', '.join([*held, size])}, because {reason}."


def _counted(machine: Machine) -> str:
    return f" ({machine.counted})" if machine.counted else ""


def trials_at_once(space: Space, machine: Machine, lanes: int = 1) -> int:
    """Return how many trials train at the same time: `lanes` a GPU, else a core, or fewer as told.

    More than there is room for would only be asked of the sampler too early. No trial has cores of
    two nodes.
    """
    each = space.resources.cpus_per_trial
    on_cores = sum(cores // each for cores in machine.nodes or [machine.cpus])
    room = lanes * (machine.gpus or max(1, on_cores))
    told = space.resources.concurrent_trials
    return min(room, space.trials, room if told == "auto" else told)


def _reason(space: Space, machine: Machine) -> str:
    if space.scale != AUTO:
        return "the space names it"
    if machine.gpus and "gpu" not in space.scales:
        return f"the space has no gpu scale, although the machine has {_count(machine.gpus, 'GPU')}"
    return f"there {'is' if machine.gpus == 1 else 'are'} {_count(machine.gpus, 'GPU')}"


def cores_problem(wanted: int, machine: Machine) -> Problem | None:
    """Say what is wrong where a trial wants more cores than there are on one node."""
    most = max(machine.nodes, default=machine.cpus)
    if machine.gpus or wanted <= most:
        return None
    why = "all there are" if most == machine.cpus else "the most that one node has"
    text = f"a trial asks for {wanted} cores, allowed are 1 to {most}, {why}"
    return Problem(path=("resources", "cpus_per_trial"), text=text)
