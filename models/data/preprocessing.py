"""How a picture becomes the square of bytes that detectors see. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Resize = Literal["stretch", "pad", "crop"]
RESIZES: tuple[str, ...] = get_args(Resize)
BITS = (8, 10, 12, 14, 16)


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """A picture of any size and colour becomes uint8 `[channels, size, size]`.

    `resize` says what happens to one that is not square: `stretch` distorts it, `pad` adds black
    borders, `crop` takes its middle. `bits` are those that a grey value of a 16-bit file uses.
    """

    size: int
    channels: int
    resize: Resize = "stretch"
    bits: int = 16
