"""Numbers as people say and write them: counts, times, sizes, and tables of them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZE = r"(\d+(?:\.\d+)?) *([kmgt]?b|)"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 picture`, `1,200 pictures`; `plural` is that of nouns that take more than an s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


INACTIVE = "-"
"""What stands for a hyperparameter's value in a trial that it is inactive in."""


def setting_text(value: object) -> str:
    """A hyperparameter's value, a number with four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def duration(total_s: float) -> str:
    """Say a time as people do: 45 s, 12 min, 3.5 h."""
    if total_s < 90:
        return f"{total_s:.0f} s"
    if total_s < 90 * 60:
        return f"{total_s / 60:.0f} min"
    return f"{total_s / 3600:.1f} h"


def size_text(number: float) -> str:
    """Say a number of bytes as people do: 850 kB, 12 MB, 3.4 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 999.5:  # which would be said as 1000
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def size_bytes(text: str) -> int | None:
    """Read what `20 GB`, `1.5 mb` or `700` says; None for what is no size."""
    found = re.fullmatch(_SIZE, text.strip().lower())
    size = float(found[1]) * _UNITS[found[2]] if found else math.inf
    return round(size) if math.isfinite(size) else None


def aligned(rows: Sequence[Sequence[str]], indent: int = 0) -> list[str]:
    """Rows of equal length as lines: the first column stands left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append(" " * indent + "  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return lines


def os_error_text(error: OSError) -> str:
    """What the system refused, and of which file, where that is known.

    Of what cannot be written it may be the folder that does not let this user.
    """
    why = error.strerror or str(error)
    if error.filename is None:
        return why
    name = os.fsdecode(error.filename)
    if isinstance(error, PermissionError):
        look = f"ls -ld {Path(name).parent} {name}"
        return f"{name}: this user has no permission; see `{look}`"
    return f"{name}: {why}"
