"""CIFAR-10, 32 x 32 colour, 10 classes (Krizhevsky 2009, "Learning multiple layers of features").

Read from the published files, or, where these can be neither found nor downloaded, from class
folders of pictures. Where those are JPEG, the pixels are close to the published ones, not equal.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from models.data.cifar_batches import BatchPart
from models.data.class_folders import ClassFolders
from models.data.config import DataConfig
from models.data.downloads import put
from models.data.index import Part, content_of
from models.data.places import DataLocation, DataNotFound, Source, take_first
from models.data.preprocessing import Preprocessing
from models.data.published import Published, data_folder, named_folder, part_of
from models.data.registry import DATASETS

ARCHIVE = "cifar10-images.tar.xz"
UNPACKED = "cifar-10-images"
NOT_EXACT = "decoded from JPEG, close to the official pixels, not equal"

PUBLISHED = Published(
    title="CIFAR-10",
    training=BatchPart(  # the md5 sums that torchvision lists
        md5={
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        }
    ),
    test=BatchPart(md5={"test_batch": "40351d587109b95175f43aff81a1287e"}),
    folder_name="cifar-10-batches-py",
    torchvision_class="CIFAR10",
    layout=Path("cifar-10-batches-py"),
    size="about 170 MB",
    alternative="or class folders train/airplane/*.png, test/airplane/*.png and so on; ",
)

PICTURES = ClassFolders(
    title="CIFAR-10",
    class_names=DATASETS["cifar-10"].class_names,
    per_class={"train": 5000, "test": 1000},
    preprocessing=Preprocessing(size=32, channels=3),
)


def find(config: DataConfig, cache: Path) -> Source:
    """Take the user's folder or nothing; without one the published files, or pictures.

    Raises:
        DataNotFound: there is no copy; the text says what was tried.
    """
    folder = named_folder(config)
    if folder is not None:
        named = [PUBLISHED.named(folder), _pictures("class folders there", folder, cache)]
        source = take_first(PUBLISHED.title, named, PUBLISHED.advice)
    else:
        unpacked = _pictures("class folders in the cache", cache / UNPACKED, cache)
        archive = [_archive(data / ARCHIVE, cache)] if (data := data_folder()) else []
        source = PUBLISHED.find_copy(cache, copies=[unpacked], last=archive)
    return replace(source, cache=cache)


def training_part(config: DataConfig, source: Source) -> Part:
    """Read the 50,000 training images; no file of the test part is opened.

    Raises:
        DataNotFound: a file is missing or damaged.
    """
    if not _has_pictures(source):
        return PUBLISHED.training_part(config, source)
    return _part_of_pictures(config, source, "train")


def check_test(config: DataConfig, source: Source) -> None:
    """See that the files of the test part are there.

    Raises:
        DataNotFound: one is not.
    """
    if not _has_pictures(source):
        PUBLISHED.check_test(config, source)
    else:
        PICTURES.paths(_folder(source), "test")


def test_part(config: DataConfig, source: Source) -> Part:
    """Read the 10,000 test images; no file of the training part is opened.

    Raises:
        DataNotFound: a file is missing or damaged.
    """
    if not _has_pictures(source):
        return PUBLISHED.test_part(config, source)
    return _part_of_pictures(config, source, "test")


def _part_of_pictures(config: DataConfig, source: Source, part: str) -> Part:
    if source.cache is None:
        raise ValueError("pictures of CIFAR-10 need a cache to decode them into")
    pixels, digests = PICTURES.read(_folder(source), part, source.cache)
    made = part_of(config, pixels)
    names = made.index.class_names
    kinds = [names[class_index] for class_index in made.index.classes]
    content = content_of((sha256, kind, part) for sha256, kind in zip(digests, kinds, strict=True))
    return replace(made, index=replace(made.index, content=content))


def _pictures(where: str, folder: Path, cache: Path) -> DataLocation:
    def look() -> Path:
        if not folder.is_dir():
            raise DataNotFound(f"there is no folder {folder}")
        PICTURES.read(folder.absolute(), "train", cache)
        return folder.absolute()

    note = f" ({NOT_EXACT})" if PICTURES.has_jpeg(folder) else ""
    return DataLocation(description=where + note, look=look)


def _archive(file: Path, cache: Path) -> DataLocation:
    def look() -> Path:
        try:
            file.open("rb").close()
        except OSError as error:
            raise DataNotFound(f"{file} cannot be read ({error.strerror or error})") from None
        folder = put(cache, UNPACKED, lambda empty: PICTURES.unpack(file, empty))
        PICTURES.read(folder, "train", cache)
        return folder

    return DataLocation(description=f"{file} ({NOT_EXACT})", look=look)


def _has_pictures(source: Source) -> bool:
    folder = _folder(source)
    published = (folder / PUBLISHED.training.names[0]).exists()
    return not published and (folder / "train").is_dir()


def _folder(source: Source) -> Path:
    if source.folder is None:
        raise ValueError(f"CIFAR-10 is read from a folder, and {source.description} has none")
    return source.folder
