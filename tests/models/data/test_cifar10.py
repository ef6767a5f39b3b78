"""CIFAR-10 from its own files, from class folders and from an archive of them."""

from __future__ import annotations

import hashlib
import io
import pickle
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.data import cifar10, published
from models.data.cifar_batches import BatchPart, parse
from models.data.config import DataConfig
from models.data.downloads import Downloader
from models.data.places import DataDamaged, DataNotFound
from models.data.published import DATA_VARIABLE
from models.data.registry import DATASETS

CONFIG = DataConfig(dataset="cifar-10")
NAMES = DATASETS["cifar-10"].class_names
PER_CLASS = {"train": 2, "test": 1}


def old_text(text: bytes) -> bytes:
    """A str as Python 2 pickled it."""
    return b"U" + bytes([len(text)]) + text


def old_array(array: NDArray[np.uint8]) -> bytes:
    """An array of bytes [rows, columns] as Python 2 and the numpy of 2009 pickled it."""
    rows, columns = (b"J" + size.to_bytes(4, "little") for size in array.shape)
    kind = b"cnumpy\ndtype\n" + old_text(b"u1") + b"K\x00K\x01\x87R"
    kind += b"(K\x03" + old_text(b"|") + b"NNN" + 2 * (b"J" + b"\xff" * 4) + b"K\x00tb"
    made = b"cnumpy.core.multiarray\n_reconstruct\n" + b"cnumpy\nndarray\n"
    made += b"K\x00\x85" + old_text(b"b") + b"\x87R"
    content = b"T" + array.size.to_bytes(4, "little") + array.tobytes()
    return made + b"(K\x01" + rows + columns + b"\x86" + kind + b"\x89" + content + b"tb"


def old_batch(images: NDArray[np.uint8], classes: NDArray[np.int64]) -> bytes:
    """A batch in the format of the published files; images [N, 3, 32, 32]."""
    labels = b"](" + b"".join(b"K" + bytes([each]) for each in classes) + b"e"
    entries = old_text(b"data") + old_array(images.reshape(len(images), -1))
    return b"\x80\x02}(" + entries + old_text(b"labels") + labels + b"u."


def some_images(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, 3, 32, 32)).astype(np.uint8)
    return images, generator.integers(0, 10, count)


def colour(part: str, name: str, number: int) -> tuple[int, int, int]:
    return 20 * NAMES.index(name) + number, 100 if part == "train" else 200, 50


def picture_bytes(colour: tuple[int, int, int], kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(buffer, kind)
    return buffer.getvalue()


def write_pictures(folder: Path, suffix: str = ".png") -> Path:
    """Class folders with pictures of one colour each, written last name first."""
    kind = "PNG" if suffix == ".png" else "JPEG"
    for part, count in PER_CLASS.items():
        for name in reversed(NAMES):
            (folder / part / name).mkdir(parents=True)
            for number in reversed(range(count)):
                content = picture_bytes(colour(part, name, number), kind)
                (folder / part / name / f"{number:04}{suffix}").write_bytes(content)
    return folder


def archive_of(folder: Path, target: Path, **others: bytes) -> Path:
    """An archive of class folders, with other members of these names and bytes at its end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:xz") as archive:
        archive.add(folder, arcname=".")
        for name, content in others.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No download is within reach, and a data set has 20 training pictures and 10 for test."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setattr(published, "downloaders", lambda _: ())
    monkeypatch.setattr(cifar10, "PICTURES", replace(cifar10.PICTURES, per_class=PER_CLASS))


@pytest.fixture
def batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two training batches and one for test."""
    folder = tmp_path / "batches" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    md5 = {}
    for seed, (name, count) in enumerate(
        {"data_batch_1": 6, "data_batch_2": 4, "test_batch": 3}.items()
    ):
        content = old_batch(*some_images(count, seed))
        (folder / name).write_bytes(content)
        md5[name] = hashlib.md5(content).hexdigest()
    test = BatchPart(md5={"test_batch": md5.pop("test_batch")})
    made = replace(cifar10.PUBLISHED, training=BatchPart(md5=md5), test=test)
    monkeypatch.setattr(cifar10, "PUBLISHED", made)
    return folder


class TestBatches:
    def test_images_or_labels_would_be_misread(self, batches: Path, cache: Path) -> None:
        config = replace(CONFIG, folder=str(batches))
        part = cifar10.training_part(config, cifar10.find(config, cache))
        images, classes = zip(some_images(6, 0), some_images(4, 1), strict=True)
        assert np.array_equal(part.read(np.arange(10)), np.concatenate(images))
        assert np.array_equal(part.index.classes, np.concatenate(classes))
        test = cifar10.test_part(config, cifar10.find(config, cache))
        assert np.array_equal(test.read(np.array([2])), some_images(3, 2)[0][2:])

    @pytest.mark.parametrize("place", ["folder", "above", "extra", "cache"])
    def test_a_copy_would_not_be_found(
        self, batches: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, place: str
    ) -> None:
        config, expected = CONFIG, batches
        if place in ("folder", "above"):
            folder = batches if place == "folder" else batches.parent
            config = replace(CONFIG, folder=str(folder))
        elif place == "extra":
            monkeypatch.setenv(DATA_VARIABLE, str(batches.parent))
        else:
            expected = cache / "cifar-10-batches-py"
            shutil.copytree(batches, expected)
        assert cifar10.find(config, cache).folder == expected

    def test_either_part_would_need_the_files_of_the_other(
        self, batches: Path, cache: Path
    ) -> None:
        config = replace(CONFIG, folder=str(batches))
        source = cifar10.find(config, cache)
        hidden = (batches / "test_batch").rename(batches / "hidden")
        assert len(cifar10.training_part(config, source).index) == 10
        with pytest.raises(DataNotFound, match="test_batch cannot be read"):
            cifar10.check_test(config, source)
        hidden.rename(batches / "test_batch")
        for name in ("data_batch_1", "data_batch_2"):
            (batches / name).write_bytes(b"damaged")
        cifar10.check_test(config, source)
        assert len(cifar10.test_part(config, source).index) == 3
        with pytest.raises(DataDamaged, match="data_batch_1 is not the published file"):
            cifar10.training_part(config, source)

    def test_pictures_beside_the_published_files_would_be_read_in_their_place(
        self, batches: Path, cache: Path
    ) -> None:
        write_pictures(batches)
        config = replace(CONFIG, folder=str(batches))
        assert len(cifar10.training_part(config, cifar10.find(config, cache)).index) == 10

    def test_a_pickle_would_run_what_it_names(self, tmp_path: Path) -> None:
        class Evil:
            def __reduce__(self) -> tuple[Any, ...]:
                return (Path.touch, (tmp_path / "made-by-the-pickle",))

        class Allowed:
            """Something else of a module that something is taken from."""

            def __reduce__(self) -> tuple[Any, ...]:
                return (np.ones, (3,))

        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            for asked in (Evil(), Allowed()):
                with pytest.raises(ValueError, match="it asks for"):
                    parse(pickle.dumps({"data": asked, "labels": []}, protocol))
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<html>404</html>",
            pickle.dumps([1, 2]),
            pickle.dumps({"data": [[1.0] * 3072], "labels": [1]}),
            old_batch(*some_images(2, 0))[:-40],
            old_batch(some_images(2, 0)[0], np.array([1, 2, 3])),
            old_batch(some_images(2, 0)[0], np.array([1, 10])),
            old_batch(some_images(2, 0)[0][:, :1], np.array([1, 2])),
        ],
    )
    def test_what_is_no_batch_would_be_taken(self, content: bytes) -> None:
        with pytest.raises(ValueError, match="batch"):
            parse(content)


class TestClassFolders:
    def test_images_would_come_in_another_order_than_class_and_file_name(
        self, tmp_path: Path, cache: Path
    ) -> None:
        config = replace(CONFIG, folder=str(write_pictures(tmp_path / "mine")), normal=("cat",))
        source = cifar10.find(config, cache)
        for part_name, read in (("train", cifar10.training_part), ("test", cifar10.test_part)):
            part, count = read(config, source), PER_CLASS[part_name]
            expected = [colour(part_name, name, each) for name in NAMES for each in range(count)]
            pixels = part.read(np.arange(10 * count))
            assert pixels.shape == (10 * count, 3, 32, 32)
            assert pixels[:, :, 4, 9].tolist() == [list(each) for each in expected]
            assert np.flatnonzero(~part.index.anomalous).tolist() == list(
                range(3 * count, 4 * count)
            )
        assert cifar10.NOT_EXACT not in source.description

    @pytest.mark.parametrize("suffix", [".jpg", ".JPEG"])
    def test_jpeg_would_be_passed_off_as_the_published_pixels(
        self, tmp_path: Path, cache: Path, suffix: str
    ) -> None:
        config = replace(CONFIG, folder=str(write_pictures(tmp_path / "mine", suffix)))
        source = cifar10.find(config, cache)
        assert "decoded from JPEG, close to the official pixels, not equal" in source.description
        assert str(tmp_path / "mine") in source.description

    def test_test_pictures_would_be_opened_by_a_search(self, tmp_path: Path, cache: Path) -> None:
        folder = write_pictures(tmp_path / "mine")
        for file in (folder / "test").rglob("*.png"):
            file.write_bytes(b"no search may read this")
        config = replace(CONFIG, folder=str(folder))
        source = cifar10.find(config, cache)
        assert len(cifar10.training_part(config, source).index) == 20
        cifar10.check_test(config, source)
        with pytest.raises(DataDamaged, match=r"test/airplane/0000\.png .*; so are 9 others"):
            cifar10.test_part(config, source)
        shutil.rmtree(folder / "test")
        assert len(cifar10.training_part(config, source).index) == 20
        with pytest.raises(DataNotFound, match="test/airplane cannot be read"):
            cifar10.check_test(config, source)

    def test_a_changed_picture_would_be_read_from_what_was_decoded_before(
        self, tmp_path: Path, cache: Path
    ) -> None:
        folder = write_pictures(tmp_path / "mine")
        config = replace(CONFIG, folder=str(folder))
        source = cifar10.find(config, cache)
        before = cifar10.training_part(config, source).index.content
        changed = folder / "train" / "bird" / "0001.png"
        changed.write_bytes(picture_bytes((1, 2, 3)))
        part = cifar10.training_part(config, source)
        assert part.read(np.array([5]))[0, :, 0, 0].tolist() == [1, 2, 3]
        assert part.index.content != before

    def test_a_folder_that_lacks_a_picture_would_be_called_cifar_10(
        self, tmp_path: Path, cache: Path
    ) -> None:
        folder = write_pictures(tmp_path / "mine")
        (folder / "train" / "frog" / "0001.png").rename(folder / "train" / "frog" / ".0001.png")
        with pytest.raises(DataNotFound, match=r"frog has 1 pictures, and CIFAR-10 has 2.*=folder"):
            cifar10.find(replace(CONFIG, folder=str(folder)), cache)


class TestArchive:
    @pytest.fixture
    def extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The folder of extra data, with an archive of JPEG pictures."""
        pictures = write_pictures(tmp_path / "pictures", ".jpg")
        archive_of(pictures, tmp_path / "extra" / cifar10.ARCHIVE)
        monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "extra"))
        return tmp_path / "extra"

    def test_it_would_be_unpacked_anew_or_not_be_said_to_be_jpeg(
        self, extra: Path, cache: Path
    ) -> None:
        first = cifar10.find(CONFIG, cache)
        (extra / cifar10.ARCHIVE).unlink()
        second = cifar10.find(CONFIG, cache)
        for source in (first, second):
            assert source.folder == cache / "cifar-10-images"
            assert cifar10.NOT_EXACT in source.description
        pixels = cifar10.training_part(CONFIG, second).read(np.arange(20)).astype(int)
        expected = np.array([colour("train", name, each) for name in NAMES for each in range(2)])
        assert np.abs(pixels[:, :, 0, 0] - expected).max() <= 3
        assert len(cifar10.test_part(CONFIG, second).index) == 10

    def test_pictures_would_be_preferred_to_the_published_files(
        self, extra: Path, cache: Path, batches: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        downloader = Downloader(
            description="a download",
            size="1 MB",
            fetch=lambda folder: shutil.copytree(batches, folder, dirs_exist_ok=True) and None,
        )
        monkeypatch.setattr(published, "downloaders", lambda _: (downloader,))
        assert cifar10.find(CONFIG, cache).folder == cache / "cifar-10-batches-py"

    @pytest.mark.parametrize(
        "name",
        [
            "../outside.jpg",
            "train/cat/../../../outside.jpg",
            "/tmp/absolute-outside.jpg",
            "train/cat/deep/9.jpg",
            "train/cat/9.jpg/deep",
            "train/lynx/9.jpg",
            "other/cat/9.jpg",
            "train/cat/run.sh",
            "train/cat/.hidden.jpg",
        ],
    )
    def test_a_member_of_another_path_would_be_written(
        self, extra: Path, cache: Path, tmp_path: Path, name: str
    ) -> None:
        archive_of(tmp_path / "pictures", extra / cifar10.ARCHIVE, **{name: b"x"})
        folder = cifar10.find(CONFIG, cache).folder
        assert folder is not None
        assert len([path for path in folder.rglob("*") if path.is_file()]) == 30
        assert not [*tmp_path.rglob("outside.jpg"), *Path("/tmp").glob("absolute-outside*")]

    def test_a_link_would_be_followed(self, extra: Path, cache: Path, tmp_path: Path) -> None:
        file = tmp_path / "pictures" / "train" / "cat" / "0001.jpg"
        file.rename(tmp_path / "secret.jpg")
        file.symlink_to(tmp_path / "secret.jpg")
        archive_of(tmp_path / "pictures", extra / cifar10.ARCHIVE)
        with pytest.raises(DataNotFound, match="train/cat has 1 pictures"):
            cifar10.find(CONFIG, cache)

    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            ("cut", "cannot be unpacked"),
            ("foreign", "cannot be unpacked"),
            ("twice", "there twice"),
            ("large", "too large"),
            ("one more", "one too many"),
            ("lacking", "test/dog has 0 pictures"),
        ],
    )
    def test_a_wrong_archive_would_leave_something_in_the_cache(
        self, extra: Path, cache: Path, tmp_path: Path, fault: str, said: str
    ) -> None:
        archive, pictures = extra / cifar10.ARCHIVE, tmp_path / "pictures"
        others = {}
        if fault == "cut":
            archive.write_bytes(archive.read_bytes()[:100])
        elif fault == "foreign":
            archive.write_bytes(b"<html>404</html>")
        elif fault == "large":
            (pictures / "train" / "dog" / "0000.jpg").write_bytes(bytes(200_000))
        elif fault == "one more":
            others = {"train/dog/0002.jpg": b""}
        else:
            (pictures / "test" / "dog" / "0000.jpg").unlink()
            others = {"train/dog/0001.jpg": b""} if fault == "twice" else {}
        if fault not in ("cut", "foreign"):
            archive_of(pictures, archive, **others)
        with pytest.raises(DataNotFound, match=f"{cifar10.ARCHIVE} .*{said}"):
            cifar10.find(CONFIG, cache)
        assert [path.name for path in cache.iterdir()] == [".lock"]
