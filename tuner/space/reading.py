"""From a space file and `--set key=value` to a Space, with a place for every problem."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from models.names import nearest, shown
from tuner import errors
from tuner.errors import Problem, SpaceError
from tuner.space.condition_rules import idle_conditions
from tuner.space.ineffective_domains import idle_problems
from tuner.space.model import Space
from tuner.space.overrides import apply_override
from tuner.space.project_name import project_problems
from tuner.space.samplers import package_problems
from tuner.space.scales import Machine, cores_problem
from tuner.space.yaml_reader import read_yaml

_MOST_BYTES = 100_000

Origins = dict[errors.KeyPath, str]
"""Where each key path was said: `file:line`, or the option that set it."""


def load_space(
    path: Path,
    overrides: Sequence[str] = (),
    machine: Machine | None = None,
    *,
    new: bool = False,
) -> Space:
    """Read a space file and change it by `key=value` overrides, in order.

    Raises SpaceError with every problem of the file and of the overrides, of the machine that is
    to search it, where that is known, and of a `new` search, which no record has to be read for.
    """
    document = read_yaml(_text_of(path))
    problems = [
        dataclasses.replace(problem, origin=f"{path}:{problem.origin}")
        for problem in document.problems
    ]
    if document.value is None and not problems:
        raise SpaceError([Problem(path=(), text="the file is empty", origin=f"{path}:1")])
    if not isinstance(document.value, dict):
        if problems:
            raise SpaceError(problems)
        text = f"a space is a mapping of keys, got {shown(document.value)}"
        raise SpaceError([Problem(path=(), text=text, origin=f"{path}:1")])
    origins = {key: f"{path}:{line}" for key, line in document.lines.items()}
    for override in overrides:
        problems += apply_override(document.value, override, origins)
    space, unplaced = _checked(document.value)
    if space is not None and new:
        unplaced += [*idle_problems(space), *idle_conditions(space)]
        unplaced += [*project_problems(space), *package_problems(space)]
    if machine is not None:
        unplaced += _too_much(document.value, machine)
    known = {
        problem.path[:length]
        for problem in problems
        if problem.unread
        for length in range(len(problem.path) + 1)
    }
    problems += [_placed(problem, origins) for problem in unplaced if problem.path not in known]
    if space is None or problems:
        raise SpaceError(sorted(problems, key=_order))
    return space


def _checked(written: dict[str, object]) -> tuple[Space | None, list[Problem]]:
    try:
        return Space.model_validate(written), []
    except SpaceError as error:
        return None, list(error.problems)


def _too_much(written: dict[str, object], machine: Machine) -> list[Problem]:
    """What the machine has not, whatever else is wrong with the space."""
    resources = written.get("resources")
    wanted = resources.get("cpus_per_trial") if isinstance(resources, dict) else None
    problem = cores_problem(wanted, machine) if isinstance(wanted, int) else None
    return [problem] if problem else []


def _placed(problem: Problem, origins: Origins) -> Problem:
    path = problem.path
    while path and path not in origins:
        path = path[:-1]
    return dataclasses.replace(problem, origin=origins.get(path, ""))


def _order(problem: Problem) -> tuple[str, int]:
    found = re.fullmatch(r"(.*):([0-9]{1,9})", problem.origin, re.DOTALL)
    return (found[1], int(found[2])) if found else (problem.origin, 0)


def _text_of(path: Path) -> str:
    origin, content = str(path), b""
    try:
        with path.open("rb") as file:  # which may be no file, and never end
            content = file.read(_MOST_BYTES + 1)
        if len(content) <= _MOST_BYTES:
            return content.decode().replace("\r\n", "\n").replace("\r", "\n")
        origin = f"{path}:1"
        text = f"more than {_MOST_BYTES:,} bytes: no space is as large; is it the right file?"
    except FileNotFoundError:
        text = "there is no such file"
        if like := nearest(path.name, [other.name for other in path.parent.glob("*.yaml")]):
            text += f"; nearest: {path.parent / like}"
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        origin = f"{path}:{line}"
        text = (
            f"not YAML: byte 0x{content[error.start]:02x} is no UTF-8 text; save the file as UTF-8"
        )
    except OSError as error:
        text = f"cannot be read: {error.strerror}"
    raise SpaceError([Problem(path=(), text=text, origin=origin)])
