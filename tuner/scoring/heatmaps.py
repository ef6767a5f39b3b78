"""The folder of heat maps: one a picture, under the picture's own name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from models.data.decoding import Unreadable
from models.data.preprocessing import Preprocessing
from tuner.drafts import drafted_folder
from tuner.errors import TunerError
from tuner.scoring.inputs import Named
from tuner.scoring.overlay import draw
from tuner.scoring.stream import Scored, one_thread_here, workers


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
    if folder.exists() and not folder.is_dir():
        raise TunerError(f"--heatmaps: {folder} is a file: name a folder")
    inside = folder.resolve()
    drawn_from: dict[Path, Path] = {}
    for picture in pictures:
        name = map_name(picture.name)
        if inside in picture.path.absolute().parents or inside in picture.path.resolve().parents:
            raise TunerError(
                f"--heatmaps: the picture {picture.path} lies in {folder}: name another folder"
            )
        if name in drawn_from:
            raise TunerError(
                f"--heatmaps: {drawn_from[name]} and {picture.path} would have the same heat map, "
                f"{folder / name}: score them one after the other"
            )
        drawn_from[name] = picture.path
        if not overwrite and (folder / name).exists():
            raise TunerError(
                f"--heatmaps: {folder / name} exists: name another folder, or give --overwrite"
            )
