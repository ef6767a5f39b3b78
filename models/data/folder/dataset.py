"""The data set that is a folder of pictures: its parts, found, checked and decoded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from models.data.config import DataConfig, known_classes, normal_classes
from models.data.decoded_cache import decoded, file_digests
from models.data.folder.depth import depth_doubt
from models.data.folder.division import Side, divide
from models.data.folder.layout import Layout, recognise
from models.data.folder.picture import GOOD, Picture
from models.data.index import Index, Part, Role, Rows, content_of
from models.data.places import DataNotFound, DataProblem, DataTooSmall, Source

_LOG = logging.getLogger(__name__)
LEAST_NORMALS, LEAST_FIT = 20, 10
_MOST_NAMED = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenedFolder:
    """A folder's readable pictures with what each is for; pixels are mapped from the cache."""

    layout: Layout
    pictures: tuple[Picture, ...]
    digests: tuple[str, ...]
    sides: tuple[Side, ...]
    class_names: tuple[str, ...]
    normal_classes: tuple[int, ...]
    unreadable: dict[str, str]
    read: Callable[[Rows], NDArray[np.uint8]]

    @property
    def content(self) -> str:
        """The digest of all pictures, their classes, and what each is for."""
        kinds = [picture.kind for picture in self.pictures]
        return content_of(zip(self.digests, kinds, self.sides, strict=True))

    @property
    def pictures_digest(self) -> str:
        """The digest of all pictures and their classes, in no order and whatever they are for."""
        kinds = [picture.kind for picture in self.pictures]
        return content_of(
            (one, kind, "") for one, kind in sorted(zip(self.digests, kinds, strict=True))
        )

    def part(self, *sides: Side) -> Part:
        """The pictures of these sides, in the order of their names."""
        rows = np.array([row for row, side in enumerate(self.sides) if side in sides], np.int64)
        chosen = [self.pictures[row] for row in rows]
        roles = cast("list[Role]", [self.sides[row] for row in rows])
        index = Index(
            classes=np.array([self.class_names.index(each.kind) for each in chosen], np.int64),
            class_names=self.class_names,
            normal_classes=self.normal_classes,
            roles=tuple(roles) if "fit" in sides else None,
            paths=tuple(each.path for each in chosen),
            names=tuple(each.name for each in chosen),
            masks=tuple(each.mask for each in chosen),
            content=self.content,
            pictures=self.pictures_digest,
        )
        return Part(index=index, read=lambda wanted: self.read(rows[wanted]))


def find(config: DataConfig, cache: Path) -> Source:
    """Open the folder, so that all that is wrong with it is said now."""
    opened = open_folder(config, cache)
    folder = _folder(config)
    skipped = f", {len(opened.unreadable):,} unreadable left out" if opened.unreadable else ""
    text = f"{len(opened.pictures):,} pictures in {folder}{skipped} ({opened.layout.sentence})"
    _LOG.info("%s", text)
    if doubt := depth_doubt([picture.path for picture in opened.pictures], config.bits):
        _LOG.warning("%s: %s", folder, doubt)
    if taken := sum(
        picture.part == "train" and side == "test"
        for picture, side in zip(opened.pictures, opened.sides, strict=True)
    ):
        _LOG.info("test has no normal pictures: %s of train are set aside for it", f"{taken:,}")
    return Source(folder=folder, description=text, cache=cache)


def training_part(config: DataConfig, source: Source) -> Part:
    """The pictures for fit and validation."""
    return open_folder(config, source.cache).part("fit", "validation")


def test_part(config: DataConfig, source: Source) -> Part:
    """The pictures set aside for test."""
    return open_folder(config, source.cache).part("test")


def check_test(config: DataConfig, source: Source) -> None:
    """See that the folder's test pictures are still there, normal ones at least."""
    if test_part(config, source).index.anomalous.all():
        raise DataNotFound(f"{_folder(config)}: there are no normal pictures for test")


def open_folder(config: DataConfig, cache: Path | None) -> OpenedFolder:
    """Look at every picture: sort, decode into the cache, and divide.

    Raises:
        DataNotFound: there is no such folder, or it has no pictures.
        DataProblem: pictures cannot be read, or the folder and the configuration do not agree.
        DataTooSmall: it has too few normal pictures.
    """
    if cache is None:
        raise ValueError("a folder of pictures needs a cache to decode them into")
    folder = _folder(config)
    layout = recognise(folder)
    stamp = tuple(_stamp(picture.path) for picture in layout.pictures)
    return _opened(config, folder, cache, layout, stamp)


@lru_cache(maxsize=4)
def _opened(
    config: DataConfig,
    folder: Path,
    cache: Path,
    layout: Layout,
    stamp: tuple[tuple[int, int, int], ...],
) -> OpenedFolder:
    """`stamp` is in the key alone: files that change are looked at again."""
    del stamp
    paths = [picture.path for picture in layout.pictures]
    digests = file_digests(paths)
    found = decoded(paths, digests, config.preprocessing, cache)
    unreadable = {layout.pictures[row].name: why for row, why in found.unreadable.items()}
    if unreadable and not config.skip_unreadable:
        raise DataProblem(unreadable_text(folder, unreadable))
    rows = [row for row in range(len(paths)) if row not in found.unreadable]
    if not rows:
        raise DataProblem(unreadable_text(folder, unreadable))
    pictures = tuple(layout.pictures[row] for row in rows)
    names, normal = _classes(config, folder, pictures)
    known = _known(config, names, normal)
    _check_masks(pictures)
    sides = divide(
        config,
        pictures,
        [digests[row] for row in rows],
        is_normal=lambda picture: picture.kind in normal,
        is_known=lambda picture: picture.kind in known,
    )
    opened = OpenedFolder(
        layout=layout,
        pictures=pictures,
        digests=tuple(digests[row] for row in rows),
        sides=tuple(sides),
        class_names=names,
        normal_classes=tuple(names.index(each) for each in sorted(normal, key=names.index)),
        unreadable=unreadable,
        read=_reader(found.pixels, np.array(rows, np.int64)),
    )
    _check_counts(config, folder, opened)
    return opened


def _reader(pixels: NDArray[np.uint8], readable: Rows) -> Callable[[Rows], NDArray[np.uint8]]:
    return lambda rows: pixels[readable[rows]]


def unreadable_text(folder: Path, unreadable: dict[str, str]) -> str:
    """Name the pictures that cannot be read, and what to do."""
    shown = [f"  {name}: {why}" for name, why in list(unreadable.items())[:_MOST_NAMED]]
    more = len(unreadable) - len(shown)
    tail = [f"  and {more:,} more"] if more else []
    which = "1 picture" if len(unreadable) == 1 else f"{len(unreadable):,} pictures"
    return "\n".join(
        [
            f"{which} in {folder} cannot be read:",
            *shown,
            *tail,
            "Repair or remove them, or go on without them by data.skip_unreadable: true",
        ]
    )


def _folder(config: DataConfig) -> Path:
    assert config.folder is not None
    return Path(config.folder).expanduser().absolute()


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _classes(
    config: DataConfig, folder: Path, pictures: Sequence[Picture]
) -> tuple[tuple[str, ...], frozenset[str]]:
    """The names of all classes, good first, and those that are normal."""
    kinds = {picture.kind for picture in pictures}
    names = tuple(sorted(kinds, key=lambda name: (name != GOOD, name)))
    if not config.normal and not config.anomalous:
        if GOOD not in kinds:
            listed = ", ".join(names[:_MOST_NAMED])
            raise DataProblem(
                f"{folder} has the classes {listed}, and none is called good: say which are "
                f"normal, such as data.normal: [{names[0]}], or which are not, by data.anomalous"
            )
        return names, frozenset({GOOD})
    try:
        return names, frozenset(names[each] for each in normal_classes(config, names))
    except ValueError as error:
        raise DataProblem(f"data.{error} (in {folder})") from None


def _known(config: DataConfig, names: tuple[str, ...], normal: frozenset[str]) -> frozenset[str]:
    indices = tuple(names.index(each) for each in normal)
    try:
        return frozenset(names[each] for each in known_classes(config, names, indices))
    except ValueError as error:
        raise DataProblem(f"data.{error}") from None


def _check_masks(pictures: Sequence[Picture]) -> None:
    """A mask can be read, is as large as its picture, and marks a part of it."""
    wrong = [text for picture in pictures if (text := _mask_problem(picture))]
    if wrong:
        more = [f"  and {len(wrong) - _MOST_NAMED:,} more"] if len(wrong) > _MOST_NAMED else []
        raise DataProblem("\n".join(["masks do not fit:", *wrong[:_MOST_NAMED], *more]))


def _mask_problem(picture: Picture) -> str:
    if picture.mask is None:
        return ""
    from models.data.decoding import Unreadable, decode_mask, picture_size  # noqa: PLC0415 - torch

    try:
        marked = decode_mask(picture.mask)
    except Unreadable as reason:
        return f"  {picture.mask} cannot be read: {reason}"
    height, width = marked.shape
    if (size := picture_size(picture.path)) != (width, height):
        own = "" if size is None else f"{size[0]} x {size[1]}"
        return f"  {picture.mask} is {width} x {height}, its picture {picture.name} is {own}"
    if not marked.any() or marked.all():
        share = "nothing" if not marked.any() else "everything"
        return f"  {picture.mask} marks {share}: a mask is 0 but where the defect is"
    return ""


def _or_else(counted: int) -> str:
    """What else helps where there are enough of them, but too few are for fit."""
    if counted < LEAST_NORMALS:
        return ""
    return (
        ", put some into train/good, or take the folders of its parts away, and they are divided "
        "for you"
    )


def _check_counts(config: DataConfig, folder: Path, opened: OpenedFolder) -> None:
    anomalous = opened.part("fit", "validation", "test", "unused").index.anomalous
    normals = [side for side, bad in zip(opened.sides, anomalous, strict=True) if not bad]
    counted = len(normals) - normals.count("unused")
    if counted < LEAST_NORMALS or normals.count("fit") < LEAST_FIT:
        fit = normals.count("fit")
        raise DataTooSmall(
            f"{folder} has {counted} normal picture{'s' * (counted != 1)}, equal files counted "
            f"once, {fit} of them for fit; {LEAST_NORMALS}, with {LEAST_FIT} for fit, are the "
            f"fewest a detector can be trained and judged on: add more{_or_else(counted)}"
        )
    if config.validation == "labelled" and "validation" not in [
        side for side, is_anomaly in zip(opened.sides, anomalous, strict=True) if is_anomaly
    ]:
        raise DataTooSmall(
            f"{folder} has no defective pictures for validation, so nothing can be chosen by them; "
            "say data.validation: synthetic, which makes anomalies of held-out normal pictures"
        )
