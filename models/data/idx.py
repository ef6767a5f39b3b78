"""Read idx files, the format of the MNIST family, and check that they are the published ones."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.places import DataDamaged, DataNotFound
from models.data.published import Pixels

UNSIGNED_BYTE = 0x08


@dataclass(frozen=True, kw_only=True)
class IdxPart:
    """The two files of the training or test part, with the sha256 of their decompressed bytes."""

    images: str
    images_sha256: str
    labels: str
    labels_sha256: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the two files."""
        return self.images, self.labels

    def read(self, folder: Path) -> Pixels:
        """Read both files; the images `[N, H, W]` become `[N, 1, H, W]`.

        Raises:
            DataNotFound: a file cannot be read.
            DataDamaged: one is not the published file.
        """
        return Pixels(
            images=read_checked(folder / self.images, self.images_sha256)[:, None],
            classes=read_checked(folder / self.labels, self.labels_sha256).astype(np.int64),
        )


def read_checked(path: Path, sha256: str) -> NDArray[np.uint8]:
    """Read a gzip-compressed idx file whose *content* has the checksum.

    The checksum is that of the decompressed bytes: the publisher's and Debian's .gz files hold
    the same bytes under different gzip headers.

    Raises:
        DataNotFound: the file cannot be read.
        DataDamaged: it is not gzip, or not the published file.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DataNotFound(f"{path} does not exist") from None
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataDamaged(f"{path} is not a whole gzip file ({error})") from None
    except OSError as error:
        raise DataNotFound(f"{path} cannot be read ({error.strerror or error})") from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataDamaged(
            f"{path} is not the published file: "
            f"its content has sha256 {found[:16]}..., expected {sha256[:16]}..."
        )
    return parse(content)


def parse(content: bytes) -> NDArray[np.uint8]:
    """Parse idx bytes into an array of the shape that the header gives.

    Raises:
        ValueError: the bytes are not an idx file of unsigned bytes.
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTE:
        raise ValueError(f"not an idx file of unsigned bytes: it starts with {content[:4]!r}")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"an idx file whose header ends after {len(content)} of {start} bytes")
    shape = tuple(int(size) for size in np.frombuffer(content[4:start], dtype=">u4"))
    if len(content) - start != math.prod(shape):
        raise ValueError(f"an idx file of shape {shape} cannot hold {len(content) - start} bytes")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
