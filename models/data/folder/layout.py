"""Recognise how a folder of pictures is laid out: what each picture is, without opening any.

good/ alone                            normal pictures
good/ and other folders                each other folder is a kind of defect
train/good, validation/, test/<kind>   and ground_truth/<kind> with masks, as MVTec AD has them
<class>/ ...                           classes, of which the configuration says what is normal
images.csv                             a table: path, label, split, mask
pictures directly in the folder        all normal
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from models.data.folder.masks import with_masks
from models.data.folder.picture import GOOD, OwnPart, Picture
from models.data.folder.pictures import has_pictures, is_picture, picture_files, subfolders
from models.data.folder.table import TABLE, read_table
from models.data.places import DataNotFound, DataProblem

GOOD_NAMES = (GOOD, "normal", "ok")
"""Names of a folder with normal pictures, upper or lower case."""
MASK_FOLDERS = ("ground_truth", "masks")
_PARTS: dict[str, OwnPart] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}

LayoutName = Literal["good", "good and kinds", "parts", "classes", "table", "pictures"]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a folder was recognised as, in a line, and its pictures by name."""

    name: LayoutName
    sentence: str
    pictures: tuple[Picture, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of all classes, `good` first."""
        names = {picture.kind for picture in self.pictures}
        return tuple(sorted(names, key=lambda name: (name != GOOD, name)))


def recognise(folder: Path) -> Layout:
    """Look at the names in a folder, and nowhere into a picture.

    Raises:
        DataNotFound: there is no such folder, or it has no pictures.
        DataProblem: the names contradict each other; the text says which and what to do.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise DataNotFound(f"the folder {folder} {what}")
    try:
        layout = _recognised(folder)
    except PermissionError as error:
        raise DataNotFound(f"the folder {folder} cannot be read: {error.strerror}") from None
    if not layout.pictures:
        raise DataNotFound(
            f"there are no pictures in {folder}: looked for .png, .jpg, .bmp, .tif and .webp there "
            "and in its folders"
        )
    for picture in layout.pictures:
        if not picture.name.isprintable() or not picture.kind.isprintable():
            raise DataProblem(
                f"{folder}: the name {picture.name!r} has a line break or another character that "
                "cannot be printed; rename it"
            )
    return replace(layout, pictures=_one_spelling(layout.pictures))


def _one_spelling(pictures: Iterable[Picture]) -> tuple[Picture, ...]:
    """`Scratch` in one part and `scratch` in another are one kind: the first spelling counts."""
    spelled: dict[str, str] = {}
    return tuple(
        replace(each, kind=spelled.setdefault(each.kind.casefold(), each.kind)) for each in pictures
    )


def _recognised(folder: Path) -> Layout:
    if (folder / TABLE).is_file():
        return _table(folder)
    folders = subfolders(folder)
    named = {path.name.lower(): path for path in folders}
    if any(name in named for name in _PARTS):
        return _parts(folder, folders)
    pictured = [path for path in folders if path.name.lower() not in MASK_FOLDERS]
    pictured = [path for path in pictured if has_pictures(path)]
    if any(path.name.lower() in GOOD_NAMES for path in pictured):
        return _kinds(folder, pictured)
    if pictured:
        return _classes(folder, pictured)
    found = _all_good(folder, [path for path in picture_files(folder) if path.parent == folder])
    sentence = "pictures without folders: all are taken as normal"
    return Layout(name="pictures", sentence=sentence, pictures=found)


def _table(folder: Path) -> Layout:
    pictures = read_table(folder)
    return Layout(
        name="table", sentence=f"the table {TABLE}: path, label, split, mask", pictures=pictures
    )


def _kinds(folder: Path, folders: list[Path]) -> Layout:
    good = [path for path in folders if path.name.lower() in GOOD_NAMES]
    if len(good) > 1:
        both = " and ".join(path.name for path in good)
        raise DataProblem(f"{folder}: {both} both name normal pictures; put them into one folder")
    _refuse_loose(folder, "beside the folders of the kinds")
    pictures = [picture for path in folders for picture in _of_kind(folder, path, "")]
    others = [path.name for path in folders if path not in good]
    if not others:
        sentence = f"{good[0].name}/ alone: normal pictures"
        return Layout(name="good", sentence=sentence, pictures=tuple(pictures))
    sentence = f"{good[0].name}/ and kinds of defects: {_listed(others)}"
    masked = with_masks(folder, pictures, _mask_folder(folder))
    return Layout(name="good and kinds", sentence=sentence, pictures=masked)


def _classes(folder: Path, folders: list[Path]) -> Layout:
    _refuse_loose(folder, "beside the folders of the classes")
    pictures = [picture for path in folders for picture in _of_kind(folder, path, "")]
    names = _listed([path.name for path in folders])
    sentence = f"class folders, none of them named {' or '.join(GOOD_NAMES)}: {names}"
    return Layout(name="classes", sentence=sentence, pictures=tuple(pictures))


def _parts(folder: Path, folders: list[Path]) -> Layout:
    _refuse_loose(folder, "beside the folders of the parts")
    pictures: list[Picture] = []
    found: dict[OwnPart, str] = {}
    for path in folders:
        part = _PARTS.get(path.name.lower())
        if part is None:
            continue
        if part in found:
            raise DataProblem(f"{folder}: {found[part]} and {path.name} both name its {part} part")
        found[part] = path.name
        pictures += _of_part(folder, path, part)
    others = [p.name for p in folders if p.name.lower() not in (*_PARTS, *MASK_FOLDERS)]
    if others:
        raise DataProblem(
            f"{folder} has {_listed(list(found.values()))} and also {_listed(others)}, whose part "
            "is not known; move them into one of its parts, or out of the folder"
        )
    masked = with_masks(folder, pictures, _mask_folder(folder))
    masks = sum(picture.mask is not None for picture in masked)
    sentence = f"parts, as MVTec AD has them: {_listed(list(found.values()))}; {masks:,} masks"
    return Layout(name="parts", sentence=sentence, pictures=masked)


def _of_part(folder: Path, place: Path, part: OwnPart) -> list[Picture]:
    """Pictures directly in a part are normal; in `test` they must say what they are."""
    loose = [path for path in picture_files(place) if path.parent == place]
    if loose and part == "test":
        raise DataProblem(
            f"{place} holds {len(loose):,} pictures that say not what they are, the first "
            f"{loose[0].name}; put them into {place.name}/good or {place.name}/<kind of defect>"
        )
    pictures = [replace(picture, part=part) for picture in _all_good(folder, loose)]
    for kind in subfolders(place):
        pictures += _of_kind(folder, kind, part)
    return pictures


def _of_kind(folder: Path, place: Path, part: OwnPart) -> list[Picture]:
    kind = GOOD if place.name.lower() in GOOD_NAMES else place.name
    return [
        Picture(path=path, name=path.relative_to(folder).as_posix(), kind=kind, part=part)
        for path in picture_files(place)
    ]


def _all_good(folder: Path, paths: Iterable[Path]) -> tuple[Picture, ...]:
    return tuple(
        Picture(path=path, name=path.relative_to(folder).as_posix(), kind=GOOD) for path in paths
    )


def _mask_folder(folder: Path) -> Path | None:
    found = [path for path in subfolders(folder) if path.name.lower() in MASK_FOLDERS]
    return found[0] if found else None


def _refuse_loose(folder: Path, where: str) -> None:
    loose = sorted(path.name for path in folder.iterdir() if is_picture(path))
    if loose:
        raise DataProblem(
            f"{folder} holds {len(loose):,} pictures {where}, the first {loose[0]}: it is not "
            "clear what they are; put them into one of the folders, or elsewhere"
        )


def _listed(names: list[str], most: int = 8) -> str:
    """Names for one line, the end of a long list left out."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
