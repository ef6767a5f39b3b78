"""Whether the pictures of a folder use the bits that the configuration says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.data.preprocessing import BITS

_LOOKED_AT = 20


def depth_doubt(paths: Sequence[Path], bits: int) -> str:
    """Say what becomes of the grey values where `data.bits` is not theirs; "" where it is.

    A few pictures tell: of those with more than 8 bits, values above the range are cut off, and
    values that fill a corner of it are rounded to few shades.
    """
    from models.data.decoding import brightest  # noqa: PLC0415 - torch

    step = max(1, -(-len(paths) // _LOOKED_AT))
    found = [value for path in paths[::step] if (value := brightest(path)) is not None]
    highest = max(found, default=None)
    if highest is None:
        return ""
    needed = next((each for each in BITS if highest < 2**each), None)
    if needed == bits:
        return ""
    seen = f"data.bits is {bits}, and the brightest of {len(found)} pictures with more than 8 bits"
    if needed is None or needed > bits:
        remedy = f"set data.bits: {needed}" if needed else "bring them to 16 bits"
        return f"{seen} has {highest:,}: what is above {2**bits - 1:,} is white; {remedy}"
    shades = max(1, round(256 * highest / (2**bits - 1)))
    return f"{seen} has {highest:,}: of 256 shades {shades} are left; set data.bits: {needed}"
