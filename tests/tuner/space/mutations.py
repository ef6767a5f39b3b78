"""Space files as people damage them: each mutation of a good one with what must become of it.

A mutation is `harmless` (it must read as before), `wrong` (it must be refused) or either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

import yaml

from tuner.space.yaml_reader import read_yaml

Verdict = Literal["harmless", "wrong", "either"]
Tree = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a file holds, the `--set`s beside it, and what must become of them."""

    content: bytes
    overrides: tuple[str, ...] = ()
    verdict: Verdict = "either"


@dataclass(frozen=True)
class _Known:
    """Values of a key that are never right."""

    path: tuple[str, ...]
    wrong: tuple[object, ...]


_NUMBERS: tuple[object, ...] = (
    "many",
    True,
    None,
    [],
    {},
    "nan",
    10**12,
    -(10**12),
    2.5,
    [1, 2],
    {"a": 1},
)
_HUGE = int("9" * 300)
_KNOWN = (
    _Known(("trials",), (*_NUMBERS, 0, _HUGE)),
    _Known(("epochs",), (*_NUMBERS, 0, _HUGE)),
    _Known(("detector",), ("ganomly", 3, None, [], "", "x" * 20_000)),
    _Known(("objective",), ("best_aroc", 3, True, [], None)),
    _Known(("sampler", "seed"), (*_NUMBERS, 2**32)),
    _Known(("sampler", "name"), ("tp", 1, None, {})),
    _Known(("scheduler", "reduction_factor"), (*_NUMBERS, 0, 1)),
    _Known(("scheduler", "grace_epochs"), ("sometimes", 0, True, [], _HUGE)),
    _Known(("resources", "lanes"), ("all", 0, 65, True, [])),
    _Known(("resources", "cpus_per_trial"), (*_NUMBERS, 0)),
    _Known(("data", "size"), ("big", 7, 1025, None, 32.5, True, [])),
    _Known(("data", "dataset"), ("fashion", 3, None, [], "folder")),
    _Known(("data", "normal"), ("Shrit", ["Shrit"], [99], [-1], {}, 5, ["each", "Bag"])),
    _Known(("data", "anomalies_per_normal"), ("few", -1, None, 1e308, True, [])),
    _Known(("data", "validation_normals"), (*_NUMBERS, 0, 4, _HUGE)),
    _Known(("data", "resize"), ("shrink", 3, None, {})),
    _Known(("storage_limit",), ("much", 0, -1, True, "9" * 400 + " GB", [], None)),
    _Known(("wandb",), (False, 3, [], "of", {"mode": "onlin"}, {"project": ""})),
    _Known(("scale",), ("tpu", 3, None, "", [])),
    _Known(("search",), (3, [], None, "all", {"no_such": {"int": [1, 2]}})),
    _Known(("fixed",), (3, [], "all", {"no_such": 1})),
    _Known(("scales",), (3, [], {"auto": {}}, {"cpu": {"epochs": 0}}, {"cpu": 3})),
)
_WRONG_DOMAINS: tuple[object, ...] = (
    {"uniform": [5, 1]},
    {"uniform": [1]},
    {"log": [0, 1]},
    {"int": [1, "x"]},
    {"int": []},
    {"choice": []},
    {"choice": [1, 1]},
    {"choice": [[1]]},
    {"gauss": [0, 1]},
    {"int": [1, _HUGE]},
    {"uniform": [-1e308, 1e308]},
    {"int": [1, 2], "log": [1, 2]},
    {"int": [1, 2], "when": 3},
    {"int": [1, 2], "when": {}},
    {"int": [1, 2], "when": {"no_such": 1}},
    {"int": [1, 2], "when": {"no_such": [[1]]}},
    {},
    [1, 9],
    3,
    None,
)
_STRANGE = (
    "\x00", "\x07", "\t", "\u00a0", "\u2028", "\ufeff", "é", "😀", "'", '"', "{", "}", "[", "]",
    ":", ": ", "#", " #", "&a", "*a", "<<: ", "!!python/name:os.system ", "%YAML 9.9\n", "---\n",
    "...\n",
    "|", ">", "? ", "- ", ",", "~", "\r", "\n", "\\", "`", "@", "9" * 5000, "x" * 20_000, "1e999",
    '"\\U00110000"', '"\\ud800"', "0x10", "-" * 50, "[" * 300, "{a: " * 300,
)  # fmt: skip


def mutation(text: str, random: Random) -> Case:
    """Change the text of a good space file in some way."""
    return random.choice((_harmless, _wrong_text, _wrong_tree, _any_text, _any_tree))(text, random)


def override(text: str, random: Random) -> Case:
    """Give a good space file a `--set` of some kind."""
    content = text.encode()
    kind = random.random()
    if kind < 0.4:
        known = random.choice(_KNOWN)
        value = json.dumps(random.choice(known.wrong))
        said = f"{'.'.join(known.path)}={value}"
        return Case(content=content, overrides=(said,), verdict="wrong")
    if kind < 0.5:
        said = random.choice(("x", "=3", "a..b=1", ".=1", "no.such=1", "data={", "a=[b"))
        return Case(content=content, overrides=(said,), verdict="wrong")
    key = ".".join(random.choice(list(_paths(_tree(text)))))
    value = random.choice((*_STRANGE, "1", "off", "[1]", "{a: 1}", "\u00b2", f"b:{'9' * 5000}"))
    noise = random.choice(_STRANGE) if random.random() < 0.3 else ""
    return Case(content=content, overrides=(f"{key}{noise}={value}",))


def _harmless(text: str, random: Random) -> Case:
    changed = random.choice(_HARMLESS)(text, random)
    return Case(content=changed.encode(), verdict="harmless")


def _comment(text: str, random: Random) -> str:
    lines = text.splitlines()
    at = random.randrange(len(lines))
    if lines[at] and random.random() < 0.5:
        lines[at] += f"  # trials: {random.random()} \u00a0 é '"
    else:
        lines.insert(at, f"{' ' * random.randrange(6)}# [ {{ - {random.random()}")
    return "\n".join(lines) + "\n"


def _turned(text: str, random: Random) -> str:
    """Top-level blocks in another order."""
    blocks: list[str] = []
    for line in text.splitlines():
        if not blocks or (line and line[0] not in " #"):
            blocks.append(line)
        else:
            blocks[-1] += f"\n{line}"
    random.shuffle(blocks)
    return "\n".join(blocks) + "\n"


def _respelt(text: str, random: Random) -> str:
    """The same values with other quotes, brackets and order."""
    style = random.choice((True, False, None))
    in_json = random.random() < 0.5
    if in_json:
        return json.dumps(_tree(text), indent=random.choice((None, 2)), ensure_ascii=False)
    return yaml.safe_dump(_tree(text), default_flow_style=style, sort_keys=random.random() < 0.5)


def _framed(text: str, random: Random) -> str:
    return random.choice(("\ufeff", "---\n", "\n\n", "# é\n")) + text + random.choice(("", "...\n"))


def _lines_ended(text: str, random: Random) -> str:
    return text.replace("\n", random.choice(("\r\n", " \n", "\n\n")))


def _merged(text: str, random: Random) -> str:
    """A section's values by way of an alias and a merge key."""
    tree = _tree(text)
    named = [key for key, value in tree.items() if isinstance(value, dict) and key != "result"]
    key = random.choice(named)
    inner = json.dumps(tree.pop(key))
    rest = yaml.safe_dump(tree) if tree else ""
    return f"{rest}{key}: {{<<: {inner}}}\n"


_HARMLESS: Sequence[Callable[[str, Random], str]] = (
    _comment, _turned, _respelt, _framed, _lines_ended, _merged,
)  # fmt: skip


def _wrong_text(text: str, random: Random) -> Case:
    doubled = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))
    first = next(line for line in text.splitlines() if line.startswith("detector"))
    changed = random.choice(
        (
            text + first + "\n",
            text + "no_such_key: 1\n",
            text.replace("\nsearch:", "\nserach:", 1),
            text.replace("\ndetector: ", "\ndetector:\u00a0", 1),
            text.replace("\ndetector: ", "\ndetector:", 1),
            text.replace("\ndata:", "\ndata: {", 1),
            text + "---\na: 1\n",
            text + "x: *unknown\n",
            text + "x: &x [*x]\n",
            text + "result: !!python/name:os.system x\n",
            text + f"result: {'[' * 400}{']' * 400}\n",
            text + f"result:\n  a0: &a0 [1]\n  {doubled}".replace("\na", "\n  a"),
            text + f"result: [{'1,' * 9000}]\n",
            text + "#" * 100_000,
            text + 'result: {a: "\\U00110000"}\n',
            text + 'result: {a: "\\0"}\n',
            text + "result: \x07\n",
            text + "\tresult: 1\n",
            text.replace(first, f"# {first}"),
        )
    )
    content = changed.encode()
    if random.random() < 0.1:
        content += bytes(random.choices(range(128, 256), k=2))
    return Case(content=content, verdict="wrong")


def _wrong_tree(text: str, random: Random) -> Case:
    tree = _tree(text)
    searched = tree.get("search")
    if isinstance(searched, dict) and searched and random.random() < 0.3:
        searched[random.choice(list(searched))] = random.choice(_WRONG_DOMAINS)
    else:
        known = random.choice(_KNOWN)
        _put(tree, known.path, random.choice(known.wrong))
        for scale in _scales(tree):  # what every scale says itself is not read at the top
            scale.pop(known.path[-1], None)
    return Case(content=_dumped(tree, random), verdict="wrong")


def _any_text(text: str, random: Random) -> Case:
    content = bytearray(text.encode())
    for _ in range(random.choice((1, 1, 1, 2, 5, 30))):
        at, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
        match random.randrange(6):
            case 0:
                content[at:at] = random.choice(_STRANGE).encode("utf-8", "surrogatepass")
            case 1:
                content[at : at + 1] = bytes([random.randrange(256)])
            case 2:
                del content[at : min(end, at + 40)]
            case 3:
                content[at:at] = content[at:end][:200]
            case 4:
                del content[at : end if random.random() < 0.1 else at + 1]
            case 5:
                lines = content.split(b"\n")
                random.shuffle(lines)
                content = bytearray(b"\n".join(lines)) if random.random() < 0.1 else content
    return Case(content=bytes(content))


def _any_tree(text: str, random: Random) -> Case:
    tree = _tree(text)
    for _ in range(random.choice((1, 1, 2, 4))):
        path = random.choice(list(_paths(tree)))
        match random.randrange(3):
            case 0:
                _put(tree, path, random.choice((*_STRANGE, *_NUMBERS, 0, -1, 1e308, _HUGE)))
            case 1:
                _remove(tree, path)
            case 2:
                other = random.choice(list(_paths(tree)))
                value = _remove(tree, path)
                _put(tree, (*other[:-1], path[-1]), value)
        if not tree:
            break
    return Case(content=_dumped(tree, random))


def _tree(text: str) -> Tree:
    read = read_yaml(text).value
    assert isinstance(read, dict)
    return read


def _scales(tree: Tree) -> list[Tree]:
    scales = tree.get("scales")
    found = scales.values() if isinstance(scales, dict) else ()
    return [each for each in found if isinstance(each, dict)]


def _paths(tree: Tree, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in tree.items():
        found.append((*above, key))
        if isinstance(value, dict):
            found += _paths(value, (*above, key))
    return found or [("trials",)]


def _put(tree: Tree, path: Sequence[str], value: object) -> None:
    for key in path[:-1]:
        inner = tree.get(key)
        if not isinstance(inner, dict):
            inner = tree[key] = {}
        tree = inner
    tree[path[-1]] = value


def _remove(tree: Tree, path: Sequence[str]) -> object:
    inner: object = tree
    for key in path[:-1]:
        inner = inner.get(key) if isinstance(inner, dict) else None
    return inner.pop(path[-1], None) if isinstance(inner, dict) else None


def _dumped(tree: Tree, random: Random) -> bytes:
    if random.random() < 0.5:
        return json.dumps(tree, ensure_ascii=False).encode()
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode()
