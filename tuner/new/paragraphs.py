"""Sentences as lines of plain text."""

from __future__ import annotations

import textwrap

WIDTH = 100


def paragraph(text: str, indent: int = 0) -> list[str]:
    """A sentence or more as lines; what follows the first is set in by two columns."""
    first, rest = " " * indent, " " * (indent + 2)
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
