"""The space: what a search may try, on which data, by which rules. Equal to its file."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from pydantic import ModelWrapValidatorHandler, ValidationError, model_validator

from models import detectors
from models.names import shown
from models.stages import last_stage_start
from tuner.errors import KeyPath, Problem, SpaceError
from tuner.space.data_section import data_problems
from tuner.space.fields import SpaceFields
from tuner.space.key_sections import places
from tuner.space.messages import field_problems
from tuner.space.rules import rule_problems


class Space(SpaceFields):
    """A space file, and also the resolved record of a search (then at one scale).

    Construction raises SpaceError, which lists every problem at once.
    """

    @property
    def grace_epochs(self) -> int:
        """The epochs that every trial gets before it may be stopped, `auto` made a number."""
        given = self.scheduler.grace_epochs
        if isinstance(given, int):
            return given
        return last_stage_start(detectors.stages(self.detector), self.epochs)

    @model_validator(mode="wrap")
    @classmethod
    def _all_problems_at_once(
        cls, written: object, handler: ModelWrapValidatorHandler[Space]
    ) -> Space:
        if isinstance(written, cls):
            return written
        if not isinstance(written, Mapping):
            text = f"a space is a mapping of keys such as detector and search, got {shown(written)}"
            raise SpaceError([Problem(path=(), text=text)])
        space, problems = _read_what_can_be_read(cls, dict(written), handler)
        if space is not None:
            unread = [problem.path for problem in problems]
            problems = _joined(problems, rule_problems(space, unread))
        if space is None or problems:
            raise SpaceError(problems)
        return space


def _read_what_can_be_read(
    kind: type[Space], written: dict[str, object], handler: ModelWrapValidatorHandler[Space]
) -> tuple[Space | None, list[Problem]]:
    """Return the space without its unreadable parts, so that rules can judge the rest."""
    elsewhere = places(kind.model_fields, written.get("detector"))
    problems = data_problems(written["data"], elsewhere) if "data" in written else []
    try:
        return handler(written), problems
    except ValidationError as error:
        problems = _joined(problems, field_problems(kind, error, elsewhere))
    try:
        return handler(_pruned(written, problems)), problems
    except ValidationError:
        return None, problems


def _pruned(written: dict[str, object], problems: list[Problem]) -> dict[str, object]:
    rest: dict[str, Any] = {"detector": "", **copy.deepcopy(written)}
    for problem in problems:
        _remove(rest, problem.path)
    return {"detector": ""} | rest


def _remove(written: dict[str, Any], path: KeyPath) -> None:
    """Remove what stands at the path, or the deepest thing on the way to it."""
    if not path:
        return
    inner = written.get(str(path[0]))
    if isinstance(inner, dict) and len(path) > 1:
        _remove(inner, path[1:])
    else:
        written.pop(str(path[0]), None)


def _joined(first: list[Problem], more: list[Problem]) -> list[Problem]:
    """Add the problems that do not merely repeat one at the same key or deeper inside it."""
    taken = [problem.path for problem in first]
    return first + [problem for problem in more if not _covered(problem.path, taken)]


def _covered(path: KeyPath, taken: list[KeyPath]) -> bool:
    return any(other[: len(path)] == path for other in taken)
