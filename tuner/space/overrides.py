"""`--set key=value`: change any field of a space, by its dotted path.

The last word wins: a hyperparameter that is set to a value is no longer searched, one that is
given a domain is no longer fixed, what is set at the top is taken out of the scales, a condition
on what is set to one of its values is none any more, and the normal classes and numbers of images
of a file do not outlive a change of its data set.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping

from models.names import shown
from tuner import errors
from tuner.errors import Problem
from tuner.space.when import WHEN
from tuner.space.yaml_reader import read_yaml

_OPTION = "--set"
_DEEPEST = 20
_DATA = ("data",)
_DATASET = ("data", "dataset")
_OF_DATASET = tuple(
    ("data", key) for key in ("normal", "anomalous", "known_classes", "fit_normals", "folder")
)


def apply_override(
    written: dict[str, object], override: str, origins: MutableMapping[errors.KeyPath, str]
) -> list[Problem]:
    """Change a space as written by one `key=value`; return what is wrong with the override."""
    origin = f"{_OPTION} {override}"
    key, equals, text = override.partition("=")
    path = tuple(key.strip().split("."))
    if not equals or not all(path) or len(path) > _DEEPEST:
        wanted = "must be key=value, such as sampler.seed=3"
        return [Problem(path=(), text=f"{wanted}; got {shown(override)}", origin=origin)]
    document = read_yaml(text)
    if document.problems:
        return [
            Problem(path=path, text=each.text, origin=origin, unread=True)
            for each in document.problems
        ]
    path = _settled(path, document.value)
    for other in _overruled(written, path, origins):
        _remove(written, other)
    if len(path) == 2 and path[0] == "fixed":
        _drop_conditions(written, path[1], document.value)
    problems = _put(written, path, copy.deepcopy(document.value))
    for old in [old for old in origins if old[: len(path)] == path]:
        del origins[old]
    origins[path] = origin
    for length in range(1, len(path)):
        origins.setdefault(path[:length], origin)
    return [Problem(path=path, text=text, origin=origin, unread=True) for text in problems]


def _settled(path: tuple[str, ...], value: object) -> tuple[str, ...]:
    """`search.width=16` holds the width at 16: that belongs under `fixed`.

    `scheduler=none` and `sampler=random` name one.
    """
    if path in (("scheduler",), ("sampler",)) and isinstance(value, str):
        return (*path, "name")
    if len(path) == 2 and path[0] == "search" and isinstance(value, int | float | str):
        return ("fixed", path[1])
    return path


def _overruled(
    written: dict[str, object], path: tuple[str, ...], origins: Mapping[errors.KeyPath, str]
) -> list[tuple[str, ...]]:
    """Return the paths that say something else about what this path says."""
    name = path[-1]
    scales = written.get("scales")
    names = list(scales) if isinstance(scales, dict) else []
    if path in (_DATASET, _DATA):  # what belongs to its data set, unless it was set here too
        belonging = [*_OF_DATASET, *(("scales", scale, "fit_normals") for scale in names)]
        return [one for one in belonging if not origins.get(one, "").startswith(_OPTION)]
    is_hyperparameter = len(path) == 2 and path[0] in ("search", "fixed")
    if not is_hyperparameter and path not in (("trials",), ("epochs",), ("data", "fit_normals")):
        return []
    others: list[tuple[str, ...]] = [("scales", scale, name) for scale in names]
    if is_hyperparameter:
        others.append(("fixed" if path[0] == "search" else "search", name))
    return others


def _drop_conditions(written: dict[str, object], name: str, value: object) -> None:
    """Take out the conditions that hold in every trial, now that `name` has this value.

    A recorded space in which it has the value already stays as it is.
    """
    fixed, search = written.get("fixed"), written.get("search")
    if isinstance(fixed, dict) and fixed.get(name) == value:
        return
    for domain in search.values() if isinstance(search, dict) else ():
        when = domain.get(WHEN) if isinstance(domain, dict) else None
        if not isinstance(when, dict) or name not in when:
            continue
        allowed = when[name]
        if value in (allowed if isinstance(allowed, list) else [allowed]):
            del when[name]
            if not when:
                del domain[WHEN]


def _remove(written: dict[str, object], path: tuple[str, ...]) -> None:
    parent: object = written
    for key in path[:-1]:
        parent = parent.get(key) if isinstance(parent, dict) else None
    if isinstance(parent, dict):
        parent.pop(path[-1], None)


def _put(written: dict[str, object], path: tuple[str, ...], value: object) -> list[str]:
    parent = written
    for key in path[:-1]:
        inner = parent.setdefault(key, {})
        if key == "wandb" and isinstance(inner, str):
            inner = parent[key] = {"mode": inner}
        if not isinstance(inner, dict):
            return [f"{key} is {shown(inner)}, which has no keys inside"]
        parent = inner
    parent[path[-1]] = value
    return []
