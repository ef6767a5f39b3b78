"""The mutants of `tests/mutants/`: what each changes in the code, and how it is put in.

A mutant replaces one or a few neighbouring lines of one file. Lines are written there without
their indentation, and must stand in the file once: so a mutant that code has moved away from is
found, not skipped.
"""

import hashlib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the former in a tenth of the time


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One mistake, and the tests nearest to it, which are to fail of it.

    `equivalent` says why no test can tell it from the code, where that is so.
    """

    id: str
    file: str
    old: str
    new: str
    why: str
    tests: tuple[str, ...]
    equivalent: str = ""

    def applied(self, text: str) -> str:
        """The file's text with the mistake in it.

        Raises ValueError where the old lines are not there once.
        """
        places = [*_places(text, self.old)]
        if len(places) != 1:
            times = "not there" if not places else f"there {len(places)} times"
            raise ValueError(f"{self.id}: its old lines are {times} in {self.file}")
        start, end, indentation = places[0]
        lines = text.splitlines(keepends=True)
        new = textwrap.indent(self.new + "\n", indentation) if self.new else ""
        return "".join([*lines[:start], new, *lines[end:]])

    def fingerprint(self, root: Path) -> str:
        """Changes with the mistaken file and with its tests: a verdict holds as long as it."""
        digest = hashlib.sha256(self.applied((root / self.file).read_text()).encode())
        for test in self.tests:
            digest.update((root / test).read_bytes())
        return digest.hexdigest()[:16]


def read_mutants(folder: Path) -> list[Mutant]:
    """All mutants of a folder's YAML files, in the order of names and lines.

    Raises ValueError for two of one id.
    """
    mutants = [
        mutant
        for path in sorted(folder.glob("*.yaml"))
        for of_file in yaml.load(path.read_text(), _LOADER)
        for mutant in _of_file(of_file)
    ]
    ids = [mutant.id for mutant in mutants]
    if double := sorted({each for each in ids if ids.count(each) > 1}):
        raise ValueError(f"mutants with the same id: {', '.join(double)}")
    return mutants


def _of_file(entry: dict[str, Any]) -> Iterator[Mutant]:
    for written in entry["mutants"]:
        own = {"tests": entry["tests"], **written}
        tests = tuple(f"tests/{name}" for name in own.pop("tests"))
        yield Mutant(file=entry["file"], tests=tests, **own)


def _places(text: str, block: str) -> Iterator[tuple[int, int, str]]:
    """First line and the one after the last of each place of the block, and its indentation."""
    wanted, lines = block.splitlines(), text.splitlines()
    for start, first in enumerate(lines):
        if first.lstrip() != wanted[0]:
            continue
        found = lines[start : start + len(wanted)]
        if textwrap.dedent("\n".join(found)).splitlines() == wanted:
            yield start, start + len(wanted), first.removesuffix(wanted[0])
