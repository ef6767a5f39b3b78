"""The folder of heat maps: one a picture, under the picture's own name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from models.data.decoding import Unreadable
from models.data.preprocessing import Preprocessing
from tuner.cli.atomic_results import drafted_folder
from tuner.errors import TunerError
from tuner.score.heatmap import draw
from tuner.score.inputs import Named
from tuner.score.stream import Scored, one_thread_here, workers


class HeatMaps:
    """Draws the maps of pictures into a folder, with several threads."""

    def __init__(self, folder: Path, preprocessing: Preprocessing, pool: ThreadPoolExecutor):
        self._folder = folder
        self._preprocessing = preprocessing
        self._pool = pool

    def add(self, several: Iterable[Scored]) -> None:
        """Draw those that have a map."""
        list(self._pool.map(self._draw, several))

    def _draw(self, one: Scored) -> None:
        if one.map is None:
            return
        try:
            draw(
                one.picture.path,
                one.map,
                self._preprocessing,
                self._folder / map_name(one.picture.name),
            )
        except Unreadable as reason:
            raise TunerError(f"{one.picture.path} changed while it was scored: {reason}") from None


@contextmanager
def heat_maps(folder: Path, preprocessing: Preprocessing) -> Iterator[HeatMaps]:
    """Take pictures for a folder, into which their maps come at the end.

    Raises TunerError where they cannot be written.
    """
    with (
        drafted_folder(folder) as draft,
        ThreadPoolExecutor(workers(), initializer=one_thread_here) as pool,
    ):
        yield HeatMaps(draft, preprocessing, pool)


def map_name(name: Path) -> Path:
    """The heat map's name: the picture's, with .png behind where it is not there."""
    return name if name.suffix == ".png" else name.with_name(f"{name.name}.png")


def check_maps(folder: Path, pictures: Sequence[Named], *, overwrite: bool) -> None:
    """Raise TunerError where maps would replace each other, pictures, or files that are there."""
    _check_folder(folder)
    inside = Path(os.path.realpath(folder))
    drawn_from: dict[Path, Path] = {}
    for picture in pictures:
        name = map_name(picture.name)
        if any(inside in place.parents for place in _places(picture.path)):
            raise TunerError(
                f"--heatmaps: the picture {picture.path} lies in {folder}: name another folder"
            )
        if name in drawn_from:
            raise TunerError(
                f"--heatmaps: {drawn_from[name]} and {picture.path} would have the same heat map, "
                f"{folder / name}: score them one after the other"
            )
        drawn_from[name] = picture.path
        _check_free(folder, name, overwrite=overwrite)
    for name, path in drawn_from.items():
        if above := next((each for each in name.parents if each in drawn_from), None):
            raise TunerError(
                f"--heatmaps: the heat map of {drawn_from[above]} would be in the way of that of "
                f"{path}: score them one after the other"
            )


def _check_folder(folder: Path) -> None:
    if os.path.lexists(folder) and not folder.is_dir():
        what = "a file" if folder.exists() else "a link to nothing"
        raise TunerError(f"--heatmaps: {folder} is {what}: name a folder")


def _places(picture: Path) -> tuple[Path, Path]:
    """Where a picture lies, and where it does if it is a link."""
    own = Path(os.path.realpath(picture.parent)) / picture.name
    return own, Path(os.path.realpath(picture))


def _check_free(folder: Path, name: Path, *, overwrite: bool) -> None:
    for above in list(name.parents)[-2::-1]:  # from the outermost; the last of all is "."
        if os.path.lexists(folder / above) and not (folder / above).is_dir():
            raise TunerError(f"--heatmaps: {folder / above} is no folder: name another folder")
    path = folder / name
    if path.is_dir():
        raise TunerError(f"--heatmaps: {path} is a folder: name another folder for the maps")
    if not overwrite and os.path.lexists(path):
        raise TunerError(f"--heatmaps: {path} exists: name another folder, or give --overwrite")
