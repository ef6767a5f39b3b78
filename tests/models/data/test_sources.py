from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.data import fashion_mnist, published, sources
from models.data.config import DataConfig
from models.data.downloads import Downloader
from models.data.places import DataDamaged, DataNotFound
from models.data.sources import check_test, find
from tests.models.data.conftest import PER_CLASS_TRAINING, small_part

Fetch = Callable[[Path], None]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def copy_of(folder: Path) -> Fetch:
    def fetch(target: Path) -> None:
        shutil.copytree(folder, target, dirs_exist_ok=True)

    return fetch


def failing(reason: str) -> Fetch:
    def fetch(folder: Path) -> None:
        (folder / "half-a-file.gz").write_bytes(b"half")
        raise DataNotFound(reason)

    return fetch


def use(monkeypatch: pytest.MonkeyPatch, *fetches: Fetch) -> None:
    downloaders = tuple(
        Downloader(description=f"download {number}", size="1 MB", fetch=fetch)
        for number, fetch in enumerate(fetches, start=1)
    )
    monkeypatch.setattr(published, "downloaders", lambda _: downloaders)


def set_system_copy(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    made = replace(fashion_mnist.PUBLISHED, system_folder=folder)
    monkeypatch.setattr(fashion_mnist, "find", made.find)


def never(folder: Path) -> None:
    raise AssertionError("a download was started")


def damage(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20] + bytes(20))


class TestOrder:
    def test_the_named_folder_comes_before_the_system_copy(
        self, small: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree(small, tmp_path / "system")
        set_system_copy(monkeypatch, tmp_path / "system")
        assert find(DataConfig(folder=str(small)), cache).folder == small
        assert find(DataConfig(), cache).folder == tmp_path / "system"

    def test_the_system_copy_comes_before_the_cache_and_that_before_a_download(
        self, small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree(small, cache / "fashion-mnist")
        use(monkeypatch, never)
        assert find(DataConfig(), cache).folder == cache / "fashion-mnist"
        set_system_copy(monkeypatch, small)
        assert find(DataConfig(), cache).folder == small

    def test_the_folder_of_extra_data_would_be_looked_at_last_or_not_at_all(
        self, small: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        extra = tmp_path / "extra" / "fashion-mnist"
        shutil.copytree(small, extra)
        shutil.copytree(small, cache / "fashion-mnist")
        monkeypatch.setenv("TUNER_DATA", str(tmp_path / "extra"))
        assert find(DataConfig(), cache).folder == extra
        shutil.rmtree(extra)
        assert find(DataConfig(), cache).folder == cache / "fashion-mnist"

    def test_the_second_downloader_is_asked_where_the_first_fails(
        self, small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, failing("no network"), copy_of(small))
        source = find(DataConfig(), cache)
        assert source.folder == cache / "fashion-mnist"
        assert source.description.startswith("download 2")

    def test_a_downloaded_copy_is_taken_from_the_cache_the_next_time(
        self, small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, copy_of(small))
        find(DataConfig(), cache)
        use(monkeypatch, never)
        assert find(DataConfig(), cache).description.startswith("the cache")

    def test_one_log_line_says_what_was_taken_and_why_not_what_comes_before(
        self,
        small: Path,
        cache: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        use(monkeypatch, failing("no network"), copy_of(small))
        with caplog.at_level(logging.INFO):
            find(DataConfig(), cache)
        lines = [message for message in caplog.messages if message.startswith("FashionMNIST from")]
        assert len(lines) == 1
        for part in ("download 2", "the system copy: there is no folder", "no network", str(cache)):
            assert part in lines[0]

    def test_a_download_announces_its_size_before_it_starts(
        self,
        small: Path,
        cache: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        seen: list[str] = []

        def fetch(folder: Path) -> None:
            seen.extend(caplog.messages)
            copy_of(small)(folder)

        use(monkeypatch, fetch)
        with caplog.at_level(logging.INFO):
            find(DataConfig(), cache)
        assert seen == ["Downloading FashionMNIST (1 MB): download 1"]


class TestFolders:
    @pytest.mark.parametrize("below", ["", "FashionMNIST/raw"])
    def test_a_named_folder_may_hold_the_files_or_torchvisions_layout(
        self, small: Path, cache: Path, tmp_path: Path, below: str
    ) -> None:
        shutil.copytree(small, tmp_path / "mine" / below, dirs_exist_ok=True)
        source = find(DataConfig(folder=str(tmp_path / "mine")), cache)
        assert source.folder == tmp_path / "mine" / below

    def test_what_torchvision_left_in_the_cache_is_taken(self, small: Path, cache: Path) -> None:
        shutil.copytree(small, cache / "FashionMNIST" / "raw")
        assert find(DataConfig(), cache).folder == cache / "FashionMNIST" / "raw"

    @pytest.mark.parametrize("fault", ["no folder", "no file", "damaged"])
    def test_a_wrong_named_folder_is_an_error_and_nothing_else_is_tried(
        self, small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        shutil.copytree(small, cache / "fashion-mnist")
        use(monkeypatch, never)
        images = small / "train-images-idx3-ubyte.gz"
        if fault == "no folder":
            shutil.rmtree(small)
        elif fault == "no file":
            images.unlink()
        else:
            damage(images)
        with pytest.raises(DataNotFound, match="the folder you name"):
            find(DataConfig(folder=str(small)), cache)

    def test_the_environment_names_the_cache(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("TUNER_CACHE", raising=False)
        assert sources.default_cache() == Path("data")
        monkeypatch.setenv("TUNER_CACHE", str(tmp_path))
        assert sources.default_cache() == tmp_path

    def test_the_folder_found_is_absolute_for_workers_that_start_elsewhere(
        self, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        folder = find(DataConfig(folder="small")).folder
        assert folder is not None
        assert folder.is_absolute()


class TestDownload:
    def test_a_damaged_cache_is_replaced(
        self, small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree(small, cache / "fashion-mnist")
        damage(cache / "fashion-mnist" / "train-images-idx3-ubyte.gz")
        use(monkeypatch, copy_of(small))
        find(DataConfig(), cache)
        use(monkeypatch, never)
        find(DataConfig(), cache)

    def test_a_failed_download_leaves_nothing_behind(
        self, small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, failing("cut off"))
        with pytest.raises(DataNotFound, match="cut off"):
            find(DataConfig(), cache)
        assert [path.name for path in cache.iterdir()] == [".lock"]

    def test_what_a_killed_download_left_is_removed(
        self, small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (cache / ".download-killed" / "fashion-mnist").mkdir(parents=True)
        use(monkeypatch, copy_of(small))
        find(DataConfig(), cache)
        assert sorted(path.name for path in cache.iterdir()) == [".lock", "fashion-mnist"]

    @pytest.mark.parametrize("name", fashion_mnist.PUBLISHED.files)
    def test_a_download_with_any_of_the_four_files_wrong_is_refused(
        self, small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        damage(small / name)
        use(monkeypatch, copy_of(small))
        with pytest.raises(DataNotFound, match=name):
            find(DataConfig(), cache)
        assert not (cache / "fashion-mnist").exists()

    def test_two_at_once_download_once(
        self, small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        downloads: list[Path] = []

        def fetch(folder: Path) -> None:
            downloads.append(folder)
            copy_of(small)(folder)

        use(monkeypatch, fetch)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: find(DataConfig(), cache).folder, range(4)))
        assert len(downloads) == 1
        assert found == [cache / "fashion-mnist"] * 4


class TestErrorTexts:
    def test_no_copy_says_each_thing_tried_why_it_failed_and_what_to_do(
        self, small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(monkeypatch, failing("name not known"), failing("this machine has no apt-get"))
        with pytest.raises(DataNotFound) as caught:
            find(DataConfig(), cache)
        text = str(caught.value)
        assert text.splitlines()[1:5] == [
            f"  - the system copy: there is no folder {fashion_mnist.PUBLISHED.system_folder}",
            f"  - the cache: {cache / 'train-images-idx3-ubyte.gz'} does not exist",
            "  - download 1: name not known",
            "  - download 2: this machine has no apt-get",
        ]
        for advice in (
            "`--set data.folder=FOLDER`",
            "`apt install dataset-fashion-mnist`",
            "`--set data.dataset=digits`",
        ):
            assert advice in text

    def test_a_cache_that_cannot_be_written_is_named_with_its_remedy(
        self, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "a-file").touch()
        use(monkeypatch, never)
        with pytest.raises(DataNotFound, match=r"a-file/cache cannot be written.*TUNER_CACHE"):
            find(DataConfig(), tmp_path / "a-file" / "cache")

    def test_a_missing_test_file_is_named_before_it_is_read(self, small: Path) -> None:
        source = find(DataConfig(folder=str(small)), small)
        check_test(DataConfig(), source)
        (small / "t10k-labels-idx1-ubyte.gz").unlink()
        with pytest.raises(DataNotFound, match=r"t10k-labels-idx1-ubyte\.gz cannot be read"):
            check_test(DataConfig(), source)

    def test_a_damaged_training_file_is_named_with_both_checksums(
        self, small: Path, cache: Path
    ) -> None:
        source = find(DataConfig(folder=str(small)), cache)
        damage(small / "train-labels-idx1-ubyte.gz")
        with pytest.raises(DataDamaged, match=r"train-labels-idx1-ubyte\.gz"):
            fashion_mnist.training_part(DataConfig(), source)

    @pytest.mark.parametrize(
        ("given", "meant"),
        [("tshirt", "T-shirt/top"), ("Ankle-boots", "Ankle boot"), ("Snaeker", "Sneaker")],
    )
    def test_an_unknown_class_is_answered_with_the_nearest_name(
        self, given: str, meant: str
    ) -> None:
        with pytest.raises(ValueError, match=f"nearest: {meant}") as caught:
            DataConfig(normal=(given,))
        assert "Ankle boot or an index from 0 to 9" in str(caught.value)

    def test_an_unknown_data_set_is_answered_with_the_nearest_name(self) -> None:
        with pytest.raises(ValueError, match="nearest: fashion-mnist"):
            DataConfig(dataset="fashionmnist")

    @pytest.mark.parametrize("dataset", ["digits", "points-2d"])
    def test_a_folder_named_for_data_without_files_is_refused_not_ignored(
        self, tmp_path: Path, dataset: str
    ) -> None:
        with pytest.raises(DataNotFound, match=r"remove data\.folder"):
            find(DataConfig(dataset=dataset, folder=str(tmp_path)))


class TestParts:
    def test_either_part_would_need_the_files_of_the_other(self, small: Path) -> None:
        intact = {name: (small / name).read_bytes() for name in fashion_mnist.TEST.names}
        for name in intact:
            damage(small / name)
        source = find(DataConfig(folder=str(small)))
        for name, content in intact.items():
            (small / name).write_bytes(content)
        for part, name in ((fashion_mnist.TEST, "training"), (fashion_mnist.TRAINING, "test")):
            moved = [(small / file).rename(small / f"{file}.away") for file in part.names]
            read = getattr(fashion_mnist, f"{name}_part")
            assert len(read(DataConfig(), source).index) == (300 if name == "training" else 60)
            for file in moved:
                file.rename(file.with_suffix(""))

    def test_pixels_or_classes_would_be_those_of_other_rows(self, small: Path) -> None:
        images, classes = small_part(PER_CLASS_TRAINING, seed=1)
        config = DataConfig(folder=str(small), normal=("Bag", "Sandal"))
        part = fashion_mnist.training_part(config, find(config))
        rows = np.array([7, 3, 299])
        assert np.array_equal(part.read(rows), images[rows][:, None])
        assert np.array_equal(part.index.classes, classes)
        assert part.index.class_names[8] == "Bag"
        assert np.array_equal(part.index.anomalous, ~np.isin(classes, (5, 8)))
        assert part.index.content == ""
