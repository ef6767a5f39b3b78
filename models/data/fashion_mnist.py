"""FashionMNIST, 28 x 28, 10 classes (Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747).

The checksums are of the decompressed content. They were computed from Debian's files; those files
with the publisher's gzip header (name and time, which Debian removes) have the md5 sums that
torchvision publishes, so both are the same images.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.data import debian, torchvision_download
from models.data.downloads import Downloader, download, exclusive
from models.data.idx import read_checked
from models.data.places import DataNotFound, Place, Source, take_first
from models.data.registry import Pixels

TITLE = "FashionMNIST"
SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")
CACHE_NAME = "fashion-mnist"
TORCHVISION_LAYOUT = Path("FashionMNIST", "raw")
DEBIAN_PACKAGE = "dataset-fashion-mnist"


@dataclass(frozen=True, kw_only=True)
class Part:
    """The two files of the training or test part, with the sha256 of their decompressed bytes."""

    images: str
    images_sha256: str
    labels: str
    labels_sha256: str


TRAINING = Part(
    images="train-images-idx3-ubyte.gz",
    images_sha256="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    labels="train-labels-idx1-ubyte.gz",
    labels_sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
)
TEST = Part(
    images="t10k-images-idx3-ubyte.gz",
    images_sha256="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    labels="t10k-labels-idx1-ubyte.gz",
    labels_sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)
TRAINING_FILES = (TRAINING.images, TRAINING.labels)
FILES = (*TRAINING_FILES, TEST.images, TEST.labels)

DOWNLOADERS = (
    Downloader(
        description="torchvision's download",
        size="about 31 MB",
        fetch=lambda folder: torchvision_download.fetch("FashionMNIST", FILES, folder),
    ),
    Downloader(
        description=f"Debian's package {DEBIAN_PACKAGE}",
        size="about 31 MB, and some 10 MB of package lists",
        fetch=lambda folder: debian.fetch(DEBIAN_PACKAGE, FILES, folder),
    ),
)

ADVICE = (
    f"What to do, any one of: put {', '.join(FILES)} in a folder and name it with "
    f"`--set data.folder=FOLDER`; on Debian or Ubuntu `apt install {DEBIAN_PACKAGE}`; "
    "or use the images that need no download with `--set data.dataset=digits`."
)


def find(folder: Path | None, cache: Path) -> Source:
    """Take the user's folder or nothing; without one the system copy, the cache, a download."""
    if folder is not None:
        named = Place(description="the folder you name", look=lambda: _look(folder))
        return take_first(TITLE, [named], ADVICE)
    copies = [
        Place(description="the system copy", look=lambda: _look(SYSTEM_FOLDER)),
        Place(description="the cache", look=lambda: _look_in_cache(cache)),
    ]
    with suppress(DataNotFound):
        return take_first(TITLE, copies, ADVICE)
    with exclusive(cache):  # and look again: another process may have downloaded meanwhile
        downloads = [_download_place(downloader, cache) for downloader in DOWNLOADERS]
        return take_first(TITLE, copies + downloads, ADVICE)


def read_training(source: Source) -> Pixels:
    """Read the 60,000 training images."""
    return _read_advising(source, TRAINING)


def check_test(source: Source) -> None:
    """See that both files of the test part can be opened."""
    for name in (TEST.images, TEST.labels):
        file = _folder(source) / name
        try:
            file.open("rb").close()
        except OSError as error:
            raise _advising(DataNotFound(f"{file} cannot be read: {error.strerror}")) from None


def read_test(source: Source) -> Pixels:
    """Read the 10,000 test images."""
    return _read_advising(source, TEST)


def _download_place(downloader: Downloader, cache: Path) -> Place:
    def look() -> Path:
        return download(downloader, title=TITLE, cache=cache, name=CACHE_NAME, check=_check_all)

    return Place(description=downloader.description, look=look)


def _look_in_cache(cache: Path) -> Path:
    return _look(cache / CACHE_NAME if (cache / CACHE_NAME).is_dir() else cache)


def _look(folder: Path) -> Path:
    """Return the folder that directly holds intact training files; the test files stay closed."""
    if not folder.is_dir():
        raise DataNotFound(f"there is no folder {folder}")
    nested = folder / TORCHVISION_LAYOUT
    direct = nested if nested.is_dir() and not (folder / TRAINING.images).exists() else folder
    _read(direct, TRAINING)
    return direct.absolute()


def _check_all(folder: Path) -> None:
    for part in (TRAINING, TEST):
        _read(folder, part)


def _read(folder: Path, part: Part) -> Pixels:
    return Pixels(
        images=read_checked(folder / part.images, part.images_sha256),
        classes=read_checked(folder / part.labels, part.labels_sha256).astype(np.int64),
    )


def _read_advising(source: Source, part: Part) -> Pixels:
    try:
        return _read(_folder(source), part)
    except DataNotFound as error:
        raise _advising(error) from None


def _folder(source: Source) -> Path:
    if source.folder is None:
        raise ValueError(f"{TITLE} is read from a folder, and {source.description} has none")
    return source.folder


def _advising(error: DataNotFound) -> DataNotFound:
    return type(error)(
        f"{TITLE}: {error}. Put the published file there; or, if the folder is a cache, "
        "delete it and run again to download it anew"
    )
