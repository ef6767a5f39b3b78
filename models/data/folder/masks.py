"""Find each picture's mask by its name, and see that they fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.data.folder.picture import GOOD, Picture
from models.data.folder.pictures import picture_files
from models.data.places import DataProblem

_ENDING = "_mask"
_Key = tuple[str, str]


def with_masks(
    folder: Path, pictures: Sequence[Picture], place: Path | None
) -> tuple[Picture, ...]:
    """Give the defective pictures their masks: `<kind>/<name>.png` or `<kind>/<name>_mask.png`.

    Raises:
        DataProblem: a mask belongs to no picture, or two masks or pictures share a name.
    """
    if place is None:
        return tuple(pictures)
    masks: dict[_Key, Path] = {}
    for path in picture_files(place):
        key = _key(path.relative_to(place))
        if key in masks:
            raise DataProblem(f"{masks[key]} and {path} are masks of the same picture; keep one")
        masks[key] = path
    found: list[Picture] = []
    taken: dict[_Key, Picture] = {}
    for picture in pictures:
        key = _picture_key(picture)
        mask = masks.get(key) if picture.part != "train" and picture.kind != GOOD else None
        if mask is not None:
            if key in taken:
                raise DataProblem(
                    f"{taken[key].name} and {picture.name} in {folder} share the mask {mask.name}; "
                    "rename one of them with its mask"
                )
            taken[key] = picture
        found.append(replace(picture, mask=mask) if mask else picture)
    if lonely := [path for key, path in masks.items() if key not in taken]:
        raise DataProblem(
            f"{len(lonely):,} masks have no picture, the first {lonely[0]}: a mask is named after "
            f"its picture, {place.name}/<kind>/<name>{_ENDING}.png for <kind>/<name>.jpg"
        )
    return tuple(found)


def _key(path: Path) -> _Key:
    """Kind and name within the kind, without ending: upper and lower case alike."""
    stem = path.with_suffix("").name.lower().removesuffix(_ENDING)
    inner = "/".join([*(part.lower() for part in path.parts[1:-1]), stem])
    return (path.parts[0].lower() if len(path.parts) > 1 else "", inner)


def _picture_key(picture: Picture) -> _Key:
    parts = Path(picture.name).parts
    return _key(Path(*(parts[1:] if picture.part else parts)))
