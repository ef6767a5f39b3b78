"""Tables of plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 100


def columns(rows: Sequence[Sequence[str]], indent: int = 2) -> list[str]:
    """Rows of equal length as lines: the first column stands left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append(" " * indent + "  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return lines


def paragraph(text: str, indent: int = 0) -> list[str]:
    """A sentence or more as lines; what follows the first is set in by two columns."""
    first, rest = " " * indent, " " * (indent + 2)
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
