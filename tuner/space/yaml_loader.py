"""PyYAML's own parser, with other words for numbers and truth values, and limits to what it reads.

Where a text is no YAML, `blame` says on which line and why.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

MOST_VALUES = 5_000
"""Values of a file, each alias counted as what it stands for."""
_DEEPEST = 20
_PREFIX = "tag:yaml.org,2002:"
_WORDS = (
    ("merge", r"<<", "<"),
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+"
        r"|\.?([nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?))",
        "-+.0123456789nNiI",
    ),
)
_STRANGE_SPACES = "\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff"


def add_resolvers(kind: type[yaml.resolver.BaseResolver]) -> None:
    """Teach a loader or dumper class which plain words are numbers, truth values or null."""
    for name, pattern, first in _WORDS:
        kind.add_implicit_resolver(_PREFIX + name, re.compile(f"^(?:{pattern})$"), list(first))


def kind_of(node: yaml.Node) -> str:
    """`int`, `str` or another of YAML's own tags; any other tag as it stands."""
    return str(node.tag).removeprefix(_PREFIX)


class _Refused(yaml.MarkedYAMLError):
    """What is not read, although PyYAML would; the text is the whole of what is to be said."""

    def __init__(self, text: str, where: Any) -> None:  # type: ignore[explicit-any, unused-ignore]
        super().__init__(problem=text, problem_mark=where)


class Loader(yaml.SafeLoader):
    """Composes a document of bounded size and depth, however its aliases multiply it."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._values, self._depth = 0, 0
        self._sizes: dict[yaml.Node, int] = {}

    def get_single_node(self) -> yaml.Node | None:
        """The document's node; None where the text is empty."""
        try:
            return super().get_single_node()
        except (ValueError, OverflowError):  # of chr and int
            where = self.get_mark()
            text = "not YAML: a number or an escape in quotes that stands for no character"
            raise _Refused(text, where) from None

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        """Compose what comes next, counting."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        before = self._values
        self._depth += 1
        self._check(event)
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        if node not in self._sizes and isinstance(event, yaml.AliasEvent):
            raise _Refused("an alias that refers to itself", event.start_mark)
        self._values += self._sizes.get(node, 1) if node else 0
        self._check(event)
        self._depth -= 1
        if node is not None:
            self._sizes.setdefault(node, self._values - before)
        return node

    def _check(self, event: yaml.Event) -> None:
        if self._depth > _DEEPEST:
            text = f"not YAML that can be read: nested too deeply, more than {_DEEPEST} levels"
        elif self._values > MOST_VALUES:
            text = (
                f"more than {MOST_VALUES:,} values, each alias counted as what it stands for: no "
                "space has so many; is it the right file?"
            )
        else:
            return
        raise _Refused(text, event.start_mark)


add_resolvers(Loader)


def blame(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """The line of what keeps a text from being read, and a sentence about it."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        return line, f"not YAML: it holds the character U+{code:04X}, which is no text; remove it"
    assert isinstance(error, yaml.MarkedYAMLError)
    mark = error.problem_mark or error.context_mark
    line, problem = mark.line + 1 if mark else 1, str(error.problem or error.context)
    if isinstance(error, _Refused):
        return line, problem
    if problem == "but found another document":
        return line, "not YAML that can be read: a second document begins here; keep one of them"
    lines = text.splitlines()[:line]
    for before in range(len(lines), 0, -1):
        if said := strange_space(lines[before - 1].partition(" #")[0]):
            return before, f"not YAML: {said}"
    return line, f"not YAML: {problem}{_hint(lines[:-1], problem)}"


def strange_space(text: str, after: str = "") -> str:
    """What is wrong with a space that YAML takes for a letter, or ""."""
    if found := re.search(f"{after}([{_STRANGE_SPACES}])", text):
        name = "a no-break space" if found[1] == "\u00a0" else "a space that is none to YAML"
        return f"holds {name} (U+{ord(found[1]):04X}): put an ordinary one in its place"
    return ""


def _hint(before: list[str], problem: str) -> str:
    """What people mostly did, where the parser only says where it stumbled."""
    if "'\\t'" in problem:
        return "; indent with spaces"
    if problem in ("mapping values are not allowed here", "could not find expected ':'"):
        said = [line for line in before if line.strip() and not line.lstrip().startswith("#")]
        if said and ":" not in said[-1]:
            return "; is a colon missing on the line before?"
    return ""
