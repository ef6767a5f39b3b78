"""Data sets whose files are published with checksums: where a copy may be, and how it is read.

A module of such a data set is a declaration, `PUBLISHED = Published(...)`, whose methods are the
functions that the registry asks for.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.data import debian, torchvision_download
from models.data.config import DataConfig
from models.data.downloads import Downloader, download, exclusive
from models.data.index import Index, Part
from models.data.places import DataLocation, DataNotFound, Source, take_first
from models.data.registry import DATASETS

DATA_VARIABLE = "TUNER_DATA"
"""The environment variable that names a folder with data sets; it may be unset."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pixels:
    """Images as published, uint8 `[N, C, H, W]`, and the index of each one's class `[N]`."""

    images: NDArray[np.uint8]
    classes: NDArray[np.int64]


class PartFiles(Protocol):
    """The files of a training or test part."""

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, without a folder."""

    def read(self, folder: Path) -> Pixels:
        """Read them from a folder.

        Raises:
            DataNotFound: a file cannot be read.
            DataDamaged: one is not the published file.
        """


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published data set.

    `folder_name` is the folder of the files in the cache and in `$TUNER_DATA`, `layout` where
    torchvision puts them below the folder that it is given, `size` how much a download is.
    `system_folder` is where the Debian package puts them. `alternative` is one more advice for
    when there is no copy.
    """

    title: str
    training: PartFiles
    test: PartFiles
    folder_name: str
    torchvision_class: str
    layout: Path
    size: str
    system_folder: Path | None = None
    debian_package: str | None = None
    alternative: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The names of all files."""
        return (*self.training.names, *self.test.names)

    @property
    def advice(self) -> str:
        """What a person can do where there is no copy."""
        package = self.debian_package
        install = f"on Debian or Ubuntu `apt install {package}`; " if package else ""
        return (
            f"What to do, any one of: put {', '.join(self.files)} in a folder and name it with "
            f"`--set data.folder=FOLDER`; {self.alternative}{install}"
            "or use the images that need no download with `--set data.dataset=digits`."
        )

    def find(self, config: DataConfig, cache: Path) -> Source:
        """Take the user's folder or nothing; without one a copy that is there, or a download.

        Raises:
            DataNotFound: there is none.
        """
        folder = named_folder(config)
        if folder is not None:
            return take_first(self.title, [self.named(folder)], self.advice)
        return self.find_copy(cache)

    def find_copy(
        self, cache: Path, *, copies: Sequence[DataLocation] = (), last: Sequence[DataLocation] = ()
    ) -> Source:
        """Take a copy that is there, one of the `copies`, a download, or a place of `last`.

        Raises:
            DataNotFound: none has the files.
        """
        local = [*self._copies(cache), *copies]
        with suppress(DataNotFound):
            return take_first(self.title, local, self.advice)
        with exclusive(cache):  # and look again: another process may have downloaded meanwhile
            downloads = [self._download_place(each, cache) for each in downloaders(self)]
            return take_first(self.title, [*local, *downloads, *last], self.advice)

    def named(self, folder: Path) -> DataLocation:
        """The folder that the user names, as a place."""
        return DataLocation(description="the folder you name", look=lambda: self._look(folder))

    def training_part(self, config: DataConfig, source: Source) -> Part:
        """Read the training part; the files of the test part stay closed.

        Raises:
            DataNotFound: a file is missing or not the published one.
        """
        return part_of(config, self._read_advising(source, self.training))

    def check_test(self, config: DataConfig, source: Source) -> None:
        """See that all files of the test part can be opened.

        Raises:
            DataNotFound: one cannot.
        """
        del config
        for name in self.test.names:
            file = self._folder(source) / name
            try:
                file.open("rb").close()
            except OSError as error:
                reason = DataNotFound(f"{file} cannot be read: {error.strerror}")
                raise self._advising(reason) from None

    def test_part(self, config: DataConfig, source: Source) -> Part:
        """Read the test part; the files of the training part stay closed.

        Raises:
            DataNotFound: a file is missing or not the published one.
        """
        return part_of(config, self._read_advising(source, self.test))

    def _copies(self, cache: Path) -> list[DataLocation]:
        places = []
        if (system := self.system_folder) is not None:
            places.append(
                DataLocation(description="the system copy", look=lambda: self._look(system))
            )
        if (data := data_folder()) is not None:
            folder = data / self.folder_name
            description = f"the folder of {DATA_VARIABLE}"
            places.append(DataLocation(description=description, look=lambda: self._look(folder)))
        places.append(
            DataLocation(description="the cache", look=lambda: self._look_in_cache(cache))
        )
        return places

    def _download_place(self, downloader: Downloader, cache: Path) -> DataLocation:
        def look() -> Path:
            return download(
                downloader,
                title=self.title,
                cache=cache,
                name=self.folder_name,
                check=self._check_all,
            )

        return DataLocation(description=downloader.description, look=look)

    def _look_in_cache(self, cache: Path) -> Path:
        own = cache / self.folder_name
        return self._look(own if own.is_dir() else cache)

    def _look(self, folder: Path) -> Path:
        """Return the folder that directly holds intact training files; no test file is opened."""
        if not folder.is_dir():
            raise DataNotFound(f"there is no folder {folder}")
        nested = folder / self.layout
        direct = (folder / self.training.names[0]).exists() or not nested.is_dir()
        found = folder if direct else nested
        self.training.read(found)
        return found.absolute()

    def _check_all(self, folder: Path) -> None:
        for part in (self.training, self.test):
            part.read(folder)

    def _read_advising(self, source: Source, part: PartFiles) -> Pixels:
        try:
            return part.read(self._folder(source))
        except DataNotFound as error:
            raise self._advising(error) from None

    def _folder(self, source: Source) -> Path:
        if source.folder is None:
            raise ValueError(f"{self.title} is read from a folder; {source.description} has none")
        return source.folder

    def _advising(self, error: DataNotFound) -> DataNotFound:
        return type(error)(
            f"{self.title}: {error}. Put the published file there; or, if the folder is a cache, "
            "delete it and run again to download it anew"
        )


def downloaders(published: Published) -> tuple[Downloader, ...]:
    """The ways to download a data set, the best one first."""
    files, package = published.files, published.debian_package
    torchvision = Downloader(
        description="torchvision's download",
        size=published.size,
        fetch=lambda folder: torchvision_download.fetch(
            published.torchvision_class, files, folder, layout=published.layout
        ),
    )
    if package is None:
        return (torchvision,)
    of_debian = Downloader(
        description=f"Debian's package {package}",
        size=f"{published.size}, and some 10 MB of package lists",
        fetch=lambda folder: debian.fetch(package, files, folder),
    )
    return torchvision, of_debian


def part_of(config: DataConfig, pixels: Pixels) -> Part:
    """A part of the configuration's data set, from its pixels."""
    index = Index(
        classes=pixels.classes,
        class_names=DATASETS[config.dataset].class_names,
        normal_classes=config.normal_classes,
    )
    return Part(index=index, read=lambda rows: np.asarray(pixels.images[rows]))


def named_folder(config: DataConfig) -> Path | None:
    """The folder that the configuration names, `~` resolved; None where it names none."""
    return None if config.folder is None else Path(config.folder).expanduser()


def data_folder() -> Path | None:
    """The folder that `$TUNER_DATA` names; None where it is not set."""
    named = os.environ.get(DATA_VARIABLE)
    return Path(named).expanduser().absolute() if named else None


def refuse_folder(config: DataConfig, *, title: str, why: str) -> None:
    """Refuse `data.folder` for a data set without files, for it would be ignored.

    Raises:
        DataNotFound: the configuration names a folder.
    """
    if config.folder is not None:
        raise DataNotFound(
            f"data.folder is {config.folder!r}, but {title} {why} and are not read from a folder; "
            "remove data.folder, or choose another data set"
        )
