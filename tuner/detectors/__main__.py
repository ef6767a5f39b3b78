"""List the detectors: what each is, what it asks of the images, its stages and settings.

python -m tuner.detectors            # all of them, in a line each
python -m tuner.detectors ganomaly   # one, with all that can be set of it
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from models import detectors
from models.names import unknown
from models.stages import SINGLE
from tuner.cli.command_line import run_command
from tuner.cli.signals import leave
from tuner.detectors.hyperparameters import domain_text, value_text
from tuner.errors import TunerError

_SPACE_FILES = {"two-discriminator-gan": "lossweights"}


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.detectors",
        description=(
            "List the detectors: what each is, what it asks of the images, its stages and settings."
        ),
    )
    options.add_argument(
        "detector", nargs="?", metavar="NAME", help="show this one alone, with its settings"
    )
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Print the list, or one detector."""

    def action() -> int:
        name = parser().parse_args(argv).detector
        lines = every() if name is None else one(name)
        sys.stdout.write("\n".join(lines) + "\n")
        return 0

    return run_command(action)


def every() -> list[str]:
    """Return a table of all detectors."""
    head = ("detector", "fit on", "stages", "settings", "lanes", "from")
    rows = [head, *(_row(name) for name in detectors.names())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head) - 1)]
    lines = [_aligned(row, widths) for row in rows]
    return [
        *lines,
        "",
        "python -m tuner.detectors NAME shows the settings of one, with their ranges; "
        "docs/detectors.md has a diagram of each.",
    ]


def one(name: str) -> list[str]:
    """Return all about one detector. Raises TunerError for one that there is not."""
    if name not in detectors.names():
        raise TunerError(unknown("detector", name, detectors.names()))
    about = [
        f"{name}: {detectors.paper(name)}",
        f"fit on: {_protocol(name)}",
        f"images: {_images(name)}",
        f"stages: {_stages(name)}",
        f"lanes: {_lanes(name)}",
        f"published sets: {', '.join(detectors.published(name)) or 'none but the defaults'}",
        f"space file: {space_file(name)}",
    ]
    rows = [
        (
            each.name + (" *" if each.structural else ""),
            value_text(each.default),
            domain_text(each).replace("`", ""),
        )
        for each in detectors.hyperparameters(name)
    ]
    if not rows:
        return [*about, "settings: none"]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    meanings = [each.meaning for each in detectors.hyperparameters(name)]
    settings = zip(rows, meanings, strict=True)
    lines = [f"  {_aligned(row, widths)}\n      {meaning}" for row, meaning in settings]
    return [*about, "settings (* changes shapes or code):", *lines]


def _row(name: str) -> tuple[str, ...]:
    count = len(detectors.hyperparameters(name))
    return (name, _protocol(name), _stages(name), str(count), _lanes(name), detectors.paper(name))


def _protocol(name: str) -> str:
    known = detectors.requirements(name).known_anomalies
    return "normals and known anomalies" if known else "normals alone"


def _images(name: str) -> str:
    requirements = detectors.requirements(name)
    sides = ", ".join(map(str, requirements.sizes)) or "any"
    channels = ", ".join(map(str, requirements.channels)) or "any number of"
    return f"sides of {sides}; {channels} channels"


def _stages(name: str) -> str:
    shares = detectors.stages(name)
    if not shares:
        return "none, fitted once"
    if list(shares) == list(SINGLE):
        return "one"
    return ", ".join(shares)


def _lanes(name: str) -> str:
    return "yes" if detectors.packable(name) else "no"


def space_file(name: str) -> str:
    """The space file that runs it, where there is one."""
    own = Path("search_spaces") / f"{_SPACE_FILES.get(name, name)}.yaml"
    return str(own) if (Path(__file__).parents[2] / own).exists() else "none"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells: Iterator[str] = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
    return "  ".join([*cells, *row[len(widths) :]]).rstrip()


if __name__ == "__main__":
    leave(main())
