"""YAML as people mean it: `2e-5` is a number, `off` a word, a key stands once.

PyYAML follows YAML 1.1, where `1e-4` is text, `off` is False, `1:30` is 90 and the
second of two equal keys silently wins. Here numbers are numbers, only `true` and
`false` are truth values, and doubtful input is a problem that names its line.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import yaml

from tuner.errors import KeyPath, Problem
from tuner.space.yaml_loader import Loader, blame, kind_of, strange_space


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
    document = Document(lines={(): 1})
    try:
        node = Loader(text).get_single_node()
    except yaml.YAMLError as error:
        document.complain((), *blame(error, text))
        return document
    if node is not None:
        document.value = _build(node, (), document)
    return document


def _build(node: yaml.Node, path: KeyPath, document: Document) -> object:
    line = node.start_mark.line + 1
    document.lines.setdefault(path, line)
    if not path and (problem := strange_space(str(node.value), after=":")):  # no colon to YAML
        document.complain(path, line, problem)
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_build(each, (*path, i), document) for i, each in enumerate(node.value)]
    try:
        return _plain(node)
    except ValueError as error:
        document.complain(path, line, str(error))
        return None


def _mapping(node: yaml.MappingNode, path: KeyPath, document: Document) -> dict[str, object]:
    """Its own keys, and after them those that `<<` brings and that it does not say itself."""
    first_lines: dict[str, int] = {}
    found: dict[str, object] = {}
    merged: list[yaml.Node] = []
    for key_node, value_node in node.value:
        line, key = key_node.start_mark.line + 1, key_node.value
        if problem := _key_problem(key_node):
            document.complain(path, line, problem)
        elif key in first_lines:
            text = f"the key stands twice, first on line {first_lines[key]}; keep one of them"
            document.complain((*path, key), line, text, unread=False)
        elif kind_of(key_node) == "merge":
            is_list = isinstance(value_node, yaml.SequenceNode)
            merged += value_node.value if is_list else [value_node]
        else:
            document.lines.setdefault((*path, key), line)
            found[key] = _build(value_node, (*path, key), document)
        if isinstance(key, str):
            first_lines.setdefault(key, line)
    for source in merged:
        if isinstance(source, yaml.MappingNode):
            found = {**_mapping(source, path, document), **found}
        else:
            text = "<< takes the alias of a mapping, such as *name, or a list of such aliases"
            document.complain(path, source.start_mark.line + 1, text)
    return found


def _key_problem(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        return "a key must be one word, got a list or a mapping"
    return strange_space(node.value) if node.style is None else ""


def _plain(node: yaml.Node) -> object:
    """The value of one word or number; ValueError says why it is none."""
    text, kind = str(node.value), kind_of(node)
    match kind:
        case "str" | "merge":
            if found := re.search(r"[^\n\t -~\x85\xa0-\ud7ff\ue000-\U0010ffff]", text):
                raise ValueError(f"holds the character U+{ord(found[0]):04X}, which is no text")
            return text
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int" | "float":
            return _number(text, kind)
    raise ValueError(f"the tag {node.tag!r} is not allowed; write plain values")


def _number(text: str, kind: str) -> object:
    value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if not abs(value) < math.inf:
        digits = any(each.isdigit() for each in text)
        why = "numbers end at 1.8e308" if digits else "no setting takes NaN or infinity"
        raise ValueError(f"must be a finite number, got {text[:40]}; {why}")
    return int(text) if kind == "int" else value
