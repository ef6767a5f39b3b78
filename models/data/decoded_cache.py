"""Pictures decoded and resized once, in a file that every process of the machine maps.

The file is named after the content of all pictures and how they are preprocessed: a picture that
changes makes another file.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.downloads import exclusive
from models.data.places import DataNotFound
from models.data.preprocessing import Preprocessing
from models.data.retention import remove_unused, used

_LOG = logging.getLogger(__name__)
_FOLDER = "decoded"
_VERSION = 2
"""Of decoding: pictures decoded by another are decoded anew."""
_CHUNK = 256
_SAY_EVERY_S = 10.0
_SPARE_BYTES = 200_000_000
_MOST_THREADS = 16


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """Pictures as uint8 `[N, C, H, W]`, mapped from the cache, and the reasons by row of others.

    The rows that could not be read are black.
    """

    pixels: NDArray[np.uint8]
    unreadable: dict[int, str]


def file_digests(paths: Sequence[Path]) -> list[str]:
    """The sha256 of each file; of one that cannot be opened, "" and its own path."""
    with ThreadPoolExecutor(_threads()) as pool:
        return list(pool.map(_digest, paths))


def _digest(path: Path) -> str:
    try:
        found = path.stat()
        return _digest_of(path, (found.st_ino, found.st_size, found.st_mtime_ns))
    except OSError:
        return f"unreadable {path}"


@lru_cache(maxsize=200_000)
def _digest_of(path: Path, stamp: tuple[int, int, int]) -> str:
    """`stamp` is in the key alone: a file that changes is read again."""
    del stamp
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _threads() -> int:
    """Cores that this process may use; each thread holds one picture in its own size."""
    return min(_MOST_THREADS, len(os.sched_getaffinity(0)))


def decoded(
    paths: Sequence[Path], digests: Sequence[str], preprocessing: Preprocessing, cache: Path
) -> Decoded:
    """Decode pictures, or map what an earlier process has decoded.

    Raises:
        DataNotFound: the cache cannot be written, or its disk has no room.
    """
    key = _key(digests, preprocessing)
    folder = cache.absolute() / _FOLDER
    pixels_file, facts_file = folder / f"{key}.npy", folder / f"{key}.json"
    with exclusive(folder):
        found = _mapped(pixels_file, facts_file)
        if found is None:
            remove_unused(folder)
            _check_room(folder, len(paths), preprocessing)
            try:
                _write(paths, preprocessing, pixels_file, facts_file)
            except OSError as error:
                raise _unwritable(cache, error) from None
            found = _mapped(pixels_file, facts_file)
            assert found is not None
    return found


def _mapped(pixels_file: Path, facts_file: Path) -> Decoded | None:
    """What the files hold; None where they are not there, or not whole."""
    used(pixels_file, facts_file)
    try:
        unreadable = json.loads(facts_file.read_text(encoding="utf-8"))["unreadable"]
        pixels = np.load(pixels_file, mmap_mode="r")
    except (OSError, ValueError, EOFError, KeyError):
        return None
    return Decoded(pixels=pixels, unreadable={int(row): why for row, why in unreadable.items()})


def _key(digests: Sequence[str], preprocessing: Preprocessing) -> str:
    libraries = [version("pillow"), version("torchvision")]
    said = json.dumps([_VERSION, libraries, asdict(preprocessing), list(digests)])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _check_room(folder: Path, count: int, preprocessing: Preprocessing) -> None:
    wanted = count * preprocessing.channels * preprocessing.size**2 + _SPARE_BYTES
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = os.statvfs(folder)
    except OSError as error:
        raise _unwritable(folder, error) from None
    free = found.f_bavail * found.f_frsize
    if free < wanted:
        raise DataNotFound(
            f"{count:,} decoded pictures take {wanted / 1e9:.1f} GB, and {folder} has "
            f"{free / 1e9:.1f} GB free; make room, lower data.size, or name another folder in the "
            "environment variable TUNER_CACHE"
        )


def _unwritable(folder: Path, error: OSError) -> DataNotFound:
    return DataNotFound(
        f"the cache {folder} cannot be written ({error.strerror or error}); "
        "name another folder in the environment variable TUNER_CACHE"
    )


def _write(
    paths: Sequence[Path], preprocessing: Preprocessing, pixels_file: Path, facts_file: Path
) -> None:
    """Write both files, the facts last: a file without them is written anew."""
    shape = (len(paths), preprocessing.channels, preprocessing.size, preprocessing.size)
    draft = pixels_file.with_suffix(f".{os.getpid()}")
    try:
        pixels = np.lib.format.open_memmap(draft, mode="w+", dtype=np.uint8, shape=shape)
        with draft.open("r+b") as file:  # a disk that fills up later would end the process
            os.posix_fallocate(file.fileno(), 0, draft.stat().st_size)
        unreadable = _decode_all(paths, preprocessing, pixels)
        pixels.flush()
        del pixels
        draft.replace(pixels_file)
    finally:
        draft.unlink(missing_ok=True)
    draft.write_text(json.dumps({"unreadable": unreadable}) + "\n", encoding="utf-8")
    draft.replace(facts_file)


def _decode_all(
    paths: Sequence[Path], preprocessing: Preprocessing, pixels: NDArray[np.uint8]
) -> dict[int, str]:
    """Decode into `pixels`, on all cores; says how far it is where it takes long."""
    from models.data.decoding import Unreadable, decode, one_thread  # noqa: PLC0415 - torch

    unreadable: dict[int, str] = {}

    def read(row: int) -> None:
        try:
            pixels[row] = decode(paths[row], preprocessing)
        except Unreadable as reason:
            unreadable[row] = str(reason)

    said = time.monotonic()
    with one_thread(), ThreadPoolExecutor(_threads()) as pool:
        for start in range(0, len(paths), _CHUNK):
            done = min(start + _CHUNK, len(paths))
            list(pool.map(read, range(start, done)))
            if time.monotonic() - said > _SAY_EVERY_S:
                said = time.monotonic()
                _LOG.info("Decoding pictures: %s of %s", f"{done:,}", f"{len(paths):,}")
    return dict(sorted(unreadable.items()))
