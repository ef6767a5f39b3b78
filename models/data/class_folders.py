"""A published data set as pictures: `train/<class>/*.jpg` and `test/<class>/*.jpg`, or PNG.

Each class has a known number of pictures, so a folder that lacks some is not the data set. Images
are in the order of the class names, then of the file names. Pictures are decoded once, into the
cache.
"""

from __future__ import annotations

import lzma
import shutil
import tarfile
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
from numpy.typing import NDArray

from models.data.decoded_cache import decoded, file_digests
from models.data.places import DataDamaged, DataNotFound
from models.data.preprocessing import Preprocessing
from models.data.published import Pixels

JPEG_SUFFIXES = (".jpg", ".jpeg")
SUFFIXES = (*JPEG_SUFFIXES, ".png")
MOST_BYTES = 100_000
"""Of a picture in an archive: many times what one takes, and too few to fill a disk."""

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class ClassFolders:
    """How many pictures each class has in `train` and in `test`, and what they look like."""

    title: str
    class_names: tuple[str, ...]
    per_class: dict[str, int]
    preprocessing: Preprocessing

    @property
    def file_count(self) -> int:
        """The pictures of both parts together."""
        return len(self.class_names) * sum(self.per_class.values())

    def read(self, folder: Path, part: str, cache: Path) -> tuple[Pixels, tuple[str, ...]]:
        """The images of `train` or `test`, and the sha256 of each file; opens no other part.

        Raises:
            DataNotFound: the folder lacks pictures, or the cache cannot be written.
            DataDamaged: a picture cannot be read.
        """
        stamp = tuple(_stamp(path, folder) for path in self.paths(folder, part))
        digests, images = _decoded(folder, stamp, self.preprocessing, cache)
        classes = np.repeat(np.arange(len(self.class_names), dtype=np.int64), self.per_class[part])
        return Pixels(images=images, classes=classes), digests

    def paths(self, folder: Path, part: str) -> list[Path]:
        """The pictures of `train` or `test` in the order of their images; none is opened.

        Raises:
            DataNotFound: a class is missing, or has not the right number of pictures.
        """
        found: list[Path] = []
        for name in self.class_names:
            of_class = _pictures(folder / part / name)
            if len(of_class) != self.per_class[part]:
                raise DataNotFound(
                    f"{folder / part / name} has {len(of_class):,} pictures, and {self.title} has "
                    f"{self.per_class[part]:,} of each class there; pictures of your own are read "
                    "with data.dataset=folder"
                )
            found.extend(of_class)
        return found

    def has_jpeg(self, folder: Path) -> bool:
        """Whether the first class's training pictures are JPEG, whose pixels are not exact."""
        with suppress(DataNotFound):
            found = _pictures(folder / "train" / self.class_names[0])
            return any(path.suffix.lower() in JPEG_SUFFIXES for path in found)
        return False

    def unpack(self, archive: Path, folder: Path) -> None:
        """Copy the pictures of a .tar.xz archive into an empty folder; all, or an error.

        Only regular files named `train/<class>/<name>` or `test/<class>/<name>` are taken, so an
        archive cannot write anywhere else.

        Raises:
            DataDamaged: the archive cannot be read, or is not the data set.
        """
        for part in self.per_class:
            for name in self.class_names:
                (folder / part / name).mkdir(parents=True)
        try:
            with tarfile.open(archive, "r|xz") as opened:
                self._copy_members(opened, folder)
            for part in self.per_class:
                self.paths(folder, part)
        except DataNotFound as error:
            raise DataDamaged(f"{archive} is not {self.title} as pictures: {error}") from None
        except (tarfile.TarError, lzma.LZMAError, EOFError) as error:
            raise DataDamaged(f"{archive} cannot be unpacked ({error})") from None

    def _copy_members(self, archive: tarfile.TarFile, folder: Path) -> None:
        copied = 0
        for member in archive:
            target = self._target(member, folder)
            if target is None:
                continue
            copied += 1
            if copied > self.file_count or member.size > MOST_BYTES or target.exists():
                raise DataDamaged(f"{member.name} is too large, there twice, or one too many")
            content = archive.extractfile(member)
            assert content is not None  # a regular file
            _copy(content, target)

    def _target(self, member: tarfile.TarInfo, folder: Path) -> Path | None:
        parts = PurePosixPath(member.name).parts  # "." is dropped, ".." is not
        if not member.isreg() or len(parts) != 3 or not _is_picture(parts[2]):
            return None
        part, name, file = parts
        if part not in self.per_class or name not in self.class_names:
            return None
        return folder / part / name / file


@lru_cache(maxsize=4)
def _decoded(
    folder: Path, stamp: Stamp, preprocessing: Preprocessing, cache: Path
) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """Digests and pixels; files that change have another stamp, and are looked at again."""
    paths = [folder / name for name, _, _ in stamp]
    digests = file_digests(paths)
    found = decoded(paths, digests, preprocessing, cache)
    for row, reason in found.unreadable.items():
        others = f"; so are {len(found.unreadable) - 1:,} others" * (len(found.unreadable) > 1)
        raise DataDamaged(f"{paths[row]} cannot be read: {reason}{others}")
    return tuple(digests), found.pixels


def _stamp(path: Path, folder: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise DataNotFound(f"{path} cannot be read ({error.strerror or error})") from None
    return path.relative_to(folder).as_posix(), found.st_size, found.st_mtime_ns


def _pictures(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _is_picture(path.name))
    except OSError as error:
        raise DataNotFound(f"{folder} cannot be read ({error.strerror or error})") from None


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES


def _copy(content: IO[bytes], target: Path) -> None:
    with content, target.open("xb") as output:
        shutil.copyfileobj(content, output)
