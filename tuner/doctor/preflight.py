"""All that the doctor looks at, in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from tuner.backend.address import NoCluster
from tuner.console.finding import Finding, fail
from tuner.doctor import checks, local_checks
from tuner.doctor.checks import Need
from tuner.doctor.node_facts import NodeFacts, Question, examine
from tuner.errors import TunerError
from tuner.planning.lanes import are_measured, choose_lanes
from tuner.planning.machine import find_machine
from tuner.space import Machine, Space, resolve_scale, trials_at_once
from tuner.space.scales import cores_problem


def visit(space: Space | None, storage: str, address: str | None) -> Iterator[Finding]:
    """Look at this machine, or at every node of the cluster at `address`; findings as they come."""
    yield local_checks.ports(address)
    yield local_checks.wandb(space.wandb.mode if space else "auto")
    searched = _at_scale_here(space) if address is None else space
    data = searched.data if searched else None
    question = Question(data=data, storage=storage, space=searched)
    try:
        answers = _answers(question, address)
    except NoCluster as error:
        yield fail("cluster", error.text, error.remedy)
        return
    except TunerError as error:
        yield fail("Ray", str(error), "see its logs there")
        return
    if address is None:
        yield local_checks.own_authentication()
    else:
        yield local_checks.authentication(answers.stranger_let_in)
    yield from (fail(f"node {name}", why, "see Ray's logs there") for name, why in answers.silent)
    if answers.facts:
        need = None
        if space is not None:
            machine = _together(answers.facts)
            lacking = cores_problem(space.resources.cpus_per_trial, machine)
            if lacking is not None:
                yield fail("resources", lacking.text, "lower resources.cpus_per_trial in the space")
            elif "://" not in storage:
                need = needed(space, machine)
        yield from _compared(answers.facts, question, need)


def _at_scale_here(space: Space | None) -> Space | None:
    """As this machine would search it; as it is where it cannot, which is found elsewhere."""
    with suppress(TunerError):
        return space and resolve_scale(space, find_machine())
    return space


class _Answers:
    def __init__(self) -> None:
        self.facts: list[NodeFacts] = []
        self.silent: list[tuple[str, str]] = []
        self.stranger_let_in: bool | None = None


def _answers(question: Question, address: str | None) -> _Answers:
    found = _Answers()
    if address is None:
        found.facts.append(examine(question))
        return found
    from tuner.backend.auth_probe import is_let_in  # noqa: PLC0415
    from tuner.backend.ray_backend import connected  # noqa: PLC0415

    with connected(address):
        from tuner.backend.connection import head_address  # noqa: PLC0415 - ray
        from tuner.backend.node_tasks import Reply, on_every_node  # noqa: PLC0415

        found.stranger_let_in = is_let_in(head_address())
        for name, reply in on_every_node(
            examine, lambda node: replace(question, booked_gpus=node.gpus)
        ):
            if isinstance(reply, Reply):
                found.facts.append(replace(reply.answer, ahead_s=reply.ahead_s))
            else:
                found.silent.append((name, str(reply)))
    return found


def _together(facts: list[NodeFacts]) -> Machine:
    cores = tuple(node.cpus for node in facts)
    return Machine(cpus=sum(cores), gpus=sum(node.gpus for node in facts), nodes=cores)


def needed(space: Space, machine: Machine) -> Need:
    """What the search keeps where it writes, at the scale that these nodes carry."""
    from tuner.durability.size_forecast import search_bytes  # noqa: PLC0415 - torch

    resolved = resolve_scale(space, machine)
    slots = trials_at_once(resolved, machine, choose_lanes(resolved, machine).count)
    measured = are_measured(resolved, machine)
    return Need(
        gb=search_bytes(resolved, slots) / 1e9,
        taken=" with one trial a GPU (lanes are measured at the start: more need more)"
        if measured
        else "",
    )


def _compared(facts: list[NodeFacts], question: Question, need: Need | None) -> Iterator[Finding]:
    yield checks.versions(facts)
    for node in facts:
        yield checks.gpus(node)
        if question.data:
            yield checks.data(node)
        yield from checks.disks(node, need)
        if len(facts) > 1:
            yield checks.clock(node)
    yield from checks.storage(facts, question.storage, _seen(facts, question.storage))


def _seen(facts: list[NodeFacts], place: str) -> list[str]:
    """What the nodes wrote and this machine can read; it is removed again."""
    from tuner.storage import open_storage  # noqa: PLC0415

    seen = []
    for name in [node.wrote for node in facts if node.wrote]:
        with suppress(TunerError, OSError):
            storage = open_storage(place)
            if storage.get(name) is not None:
                seen.append(name)
                storage.delete(name)
    return seen
