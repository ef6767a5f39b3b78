"""YAML as people mean it: `2e-5` is a number, `off` a word, a key stands once.

PyYAML follows YAML 1.1, where `1e-4` is text, `off` is False, `1:30` is 90 and the
second of two equal keys silently wins. Here numbers are numbers, only `true` and
`false` are truth values, and doubtful input is a problem that names its line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from tuner.errors import KeyPath, Problem

_PREFIX = "tag:yaml.org,2002:"
_NOT_FINITE = re.compile(r"[-+]?\.?(nan|inf|infinity)", re.IGNORECASE)
_RESOLVERS = (
    ("null", re.compile(r"~|null|Null|NULL|"), ("~", "n", "N", "")),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE"), tuple("tTfF")),
    ("int", re.compile(r"[-+]?(0|[1-9][0-9]*)"), tuple("-+0123456789")),
    (
        "float",
        re.compile(
            r"[-+]?(([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+"
            r"|\.?([nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?))"
        ),
        tuple("-+.0123456789nNiI"),
    ),
)


def add_resolvers(kind: type[yaml.resolver.BaseResolver]) -> None:
    """Teach a loader or dumper class which plain words are numbers, truth values or null."""
    for name, pattern, first in _RESOLVERS:
        whole = re.compile(f"^(?:{pattern.pattern})$")
        kind.add_implicit_resolver(_PREFIX + name, whole, list(first))


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


add_resolvers(_Loader)


@dataclass
class Document:
    """What a text says: its value, the line of every key path, and the problems found."""

    value: object = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def complain(self, path: KeyPath, line: int, text: str, *, unread: bool = True) -> None:
        """Note a problem at a line (from 1)."""
        self.problems.append(Problem(path=path, text=text, origin=str(line), unread=unread))


def read_yaml(text: str) -> Document:
    """Read one YAML document; never raises, `problems` holds what is wrong with it.

    A problem's origin is its line number, from 1, as text.
    """
    document = Document()
    try:
        node = yaml.compose(text, Loader=_Loader)
    except RecursionError:
        document.complain((), 1, "not YAML that can be read: nested too deeply")
        return document
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        hint = _hint(text.splitlines()[: line - 1], str(error.problem))
        document.complain((), line, f"not YAML: {error.problem or error.context}{hint}")
        return document
    except yaml.YAMLError as error:
        document.complain((), 1, f"not YAML: {error}".splitlines()[0])
        return document
    document.lines[()] = 1
    if node is not None:
        document.value = _build(node, (), document, ())
    return document


def _hint(before: list[str], problem: str) -> str:
    """What people mostly did, where the parser only says where it stumbled."""
    if "'\\t'" in problem:
        return "; indent with spaces"
    if problem in ("mapping values are not allowed here", "could not find expected ':'"):
        said = [line for line in before if line.strip() and not line.lstrip().startswith("#")]
        if said and ":" not in said[-1]:
            return "; is a colon missing on the line before?"
    return ""


def _build(
    node: yaml.Node, path: KeyPath, document: Document, parents: tuple[yaml.Node, ...]
) -> object:
    line = node.start_mark.line + 1
    document.lines.setdefault(path, line)
    if node in parents:
        document.complain(path, line, "an alias that refers to itself")
        return None
    if isinstance(node, yaml.MappingNode):
        return dict(_build_items(node, path, document, (*parents, node)))
    if isinstance(node, yaml.SequenceNode):
        inside = (*parents, node)
        return [_build(n, (*path, i), document, inside) for i, n in enumerate(node.value)]
    return _build_scalar(node, path, document)


def _build_items(
    node: yaml.MappingNode, path: KeyPath, document: Document, parents: tuple[yaml.Node, ...]
) -> Iterator[tuple[str, object]]:
    first_lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            document.complain(path, line, "a key must be one word, got a list or a mapping")
            continue
        key = str(key_node.value)
        if key in first_lines:
            text = f"the key stands twice, first on line {first_lines[key]}; keep one of them"
            document.complain((*path, key), line, text, unread=False)
            continue
        first_lines[key] = line
        document.lines[*path, key] = line
        yield key, _build(value_node, (*path, key), document, parents)


def _build_scalar(node: yaml.Node, path: KeyPath, document: Document) -> object:
    text, kind = str(node.value), str(node.tag).removeprefix(_PREFIX)
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind in ("int", "float"):
        return _number(text, kind, path, document)
    document.complain(
        path, document.lines[path], f"the tag {node.tag!r} is not allowed; write plain values"
    )
    return None


def _number(text: str, kind: str, path: KeyPath, document: Document) -> object:
    try:
        value = math.nan if _NOT_FINITE.fullmatch(text) else float(text)
        if math.isfinite(value):
            return int(text) if kind == "int" else value
        allowed = "NaN and infinity are not numbers to search"
    except (ValueError, OverflowError):
        allowed = "this is no decimal number"
    document.complain(path, document.lines[path], f"must be a finite number, got {text}; {allowed}")
    return None
