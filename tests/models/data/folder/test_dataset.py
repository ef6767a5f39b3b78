"""A folder as a data set: from pictures to what training and test see."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.config import DataConfig
from models.data.folder.dataset import open_folder
from models.data.loading import load_test, load_training
from models.data.places import DataNotFound, DataProblem, DataTooSmall
from models.data.protocol import check_content, make_split
from models.data.sources import check_test, find
from tests.models.data.folder.making import mask, picture, pictures

MakeConfig = Callable[..., DataConfig]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """30 good pictures, 10 with cracks and 10 with holes, all of noise."""
    made = tmp_path / "my parts"
    pictures(made / "good", 30, ".jpg")
    pictures(made / "crack", 10)
    pictures(made / "hole", 10, ".bmp")
    return made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def config(folder: Path) -> DataConfig:
    return DataConfig(dataset="folder", folder=str(folder), size=16, anomalies_per_normal=0)


def test_images_of_one_role_would_be_seen_in_another(config: DataConfig, cache: Path) -> None:
    config = replace(config, anomalies_per_normal=0.2)
    source = find(config, cache)
    split = make_split(config, source)
    data, test = load_training(config, source, split), load_test(config, source)
    parts = [
        {image.tobytes() for image in images.images.numpy()}
        for images in (data.fit, data.validation, test)
    ]
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert [len(part) for part in parts] == [19 + 4, 5 + 4, 6 + 8]
    assert data.fit.anomalous.tolist() == [False] * 19 + [True] * 4
    assert data.validation.anomalous.tolist() == [False] * 5 + [True] * 4


def test_pixels_would_not_be_those_of_the_files(
    config: DataConfig, cache: Path, folder: Path
) -> None:
    source = find(config, cache)
    test = load_test(config, source)
    assert test.images.shape == (20, 3, 16, 16)
    for name, image, class_index in zip(test.names, test.images, test.classes, strict=True):
        with Image.open(folder / name) as opened:
            small = np.asarray(opened.convert("RGB").resize((16, 16), Image.Resampling.BILINEAR))
        assert np.abs(image.permute(1, 2, 0).numpy().astype(int) - small).max() <= 2
        assert name.startswith(["good", "crack", "hole"][int(class_index)])


def test_grey_and_colour_would_be_the_same(config: DataConfig, cache: Path) -> None:
    grey = replace(config, grayscale=True)
    source = find(grey, cache)
    assert load_training(grey, source, make_split(grey, source)).fit.images.shape[1] == 1


def test_all_unreadable_pictures_would_not_be_named_at_once(
    config: DataConfig, cache: Path, folder: Path
) -> None:
    (folder / "good" / "empty.png").write_bytes(b"")
    (folder / "hole" / "drawing.png").write_text("<svg/>")
    with pytest.raises(DataProblem) as raised:
        find(config, cache)
    text = str(raised.value)
    assert "2 pictures" in text
    assert "good/empty.png: the file is empty" in text
    assert "hole/drawing.png: no picture" in text
    assert "skip_unreadable" in text
    source = find(replace(config, skip_unreadable=True), cache)
    assert "50 pictures" in source.description
    assert "2 unreadable left out" in source.description


def test_too_few_normals_would_be_trained_on(tmp_path: Path, cache: Path) -> None:
    pictures(tmp_path / "few" / "good", 19)
    pictures(tmp_path / "few" / "bad", 5)
    config = DataConfig(dataset="folder", folder=str(tmp_path / "few"), size=16)
    with pytest.raises(DataTooSmall, match=r"19 normal pictures, .* 20, with 10 for fit"):
        find(config, cache)


def test_normals_alone_would_be_refused_or_judged_on_nothing(tmp_path: Path, cache: Path) -> None:
    pictures(tmp_path / "all" / "good", 40)
    config = DataConfig(
        dataset="folder", folder=str(tmp_path / "all"), size=16, anomalies_per_normal=0
    )
    with pytest.raises(DataTooSmall, match="validation: synthetic"):
        find(config, cache)
    config = replace(config, validation="synthetic")
    source = find(config, cache)
    check_test(config, source)
    split = make_split(config, source)
    data = load_training(config, source, split, noise=True)
    assert data.synthetic
    assert len(split.validation_anomalies) == 0
    assert data.validation.anomalous.tolist() == [False] * 6 + [True] * 6
    assert set(data.validation.classes[6:].tolist()) == {1}
    assert data.noise is not None
    assert data.noise.shape[1:] == (3, 16, 16)
    fit = {image.tobytes() for image in data.fit.images.numpy()}
    held_out = {image.tobytes() for image in data.validation.images.numpy()}
    assert not fit & held_out


def test_the_split_of_a_changed_folder_would_be_used(
    config: DataConfig, cache: Path, folder: Path
) -> None:
    source = find(config, cache)
    split = make_split(config, source)
    check_content(config, source, split)
    picture(folder / "good" / "000.jpg", seed=1)
    with pytest.raises(DataNotFound, match="no longer those"):
        check_content(config, source, split)
    with pytest.raises(DataNotFound, match="no longer those"):
        load_training(config, replace(source, cache=cache.parent / "other"), split)
    assert make_split(config, source).digest != split.digest


def test_pictures_that_are_labelled_anew_would_go_on_in_an_old_split(
    tmp_path: Path, cache: Path
) -> None:
    pictures(tmp_path / "t" / "x", 60)
    table = tmp_path / "t" / "images.csv"
    lines = [f"x/{n:03d}.png,{'good' if n < 40 else 'bad'}" for n in range(60)]
    table.write_text("path,label\n" + "\n".join(lines))
    config = DataConfig(
        dataset="folder", folder=str(tmp_path / "t"), size=16, anomalies_per_normal=0
    )
    source = find(config, cache)
    split = make_split(config, source)
    with pytest.raises(DataNotFound, match="labelled anew"):
        load_training(config, source, replace(split, labels="b" * 64))
    lines[0], lines[59] = "x/000.png,bad", "x/059.png,good"
    table.write_text("path,label\n" + "\n".join(lines))
    with pytest.raises(DataNotFound, match="labelled anew"):
        check_content(config, source, split)


@pytest.mark.parametrize("how", ["gone", "added", "swapped", "renamed kind"])
def test_another_test_part_than_the_searchs_would_be_reported(
    config: DataConfig, cache: Path, folder: Path, how: str
) -> None:
    source = find(config, cache)
    split = make_split(config, source)
    test = [folder / name for name in open_folder(config, cache).part("test").index.names]
    if how == "gone":
        test[0].unlink()
    elif how == "added":
        picture(folder / "hole" / "new.png")
    elif how == "swapped":
        good = next(path for path in test if path.parent.name == "good")
        bad = next(path for path in test if path.suffix == ".png")
        data = good.read_bytes(), bad.read_bytes()
        good.write_bytes(data[1])
        bad.write_bytes(data[0])
    else:
        (folder / "hole").rename(folder / "dent")
    with pytest.raises((DataNotFound, ValueError)):
        check_content(config, source, split)


def test_another_seed_would_divide_alike(config: DataConfig, cache: Path) -> None:
    first, second = (
        open_folder(replace(config, seed=seed), cache).part("test").index.names for seed in (0, 1)
    )
    assert first != second
    assert len(first) == len(second)


class TestClasses:
    @pytest.fixture
    def classes(self, tmp_path: Path) -> DataConfig:
        for name in ("cats", "dogs", "Emus"):
            pictures(tmp_path / "zoo" / name, 24)
        return DataConfig(
            dataset="folder", folder=str(tmp_path / "zoo"), size=16, anomalies_per_normal=0
        )

    def test_a_folder_of_classes_would_have_a_normal_one_by_chance(
        self, classes: DataConfig, cache: Path
    ) -> None:
        with pytest.raises(DataProblem, match=r"classes Emus, cats, dogs.*data\.normal"):
            find(classes, cache)

    @pytest.mark.parametrize(
        ("given", "normal"),
        [({"normal": ("emus",)}, (0,)), ({"anomalous": ("Dogs",)}, (0, 1))],
    )
    def test_the_named_classes_would_not_be_the_normal_ones(
        self, classes: DataConfig, cache: Path, given: dict[str, tuple[str]], normal: tuple[int]
    ) -> None:
        config = replace(classes, **given)  # type: ignore[arg-type]
        source = find(config, cache)
        assert make_split(config, source).normal_classes == normal

    def test_a_class_that_is_not_there_would_be_a_traceback(
        self, classes: DataConfig, cache: Path
    ) -> None:
        with pytest.raises(DataProblem, match=r"data\.normal: .*nearest: cats"):
            find(replace(classes, normal=("cat",)), cache)


def seed_of_test(config: DataConfig, cache: Path) -> int:
    """A seed that sets crack/003.png aside for test."""
    return next(
        seed
        for seed in range(20)
        if "crack/003.png"
        in open_folder(replace(config, seed=seed), cache).part("test").index.names
    )


class TestMasks:
    def test_a_mask_would_lie_on_another_picture(self, folder: Path, cache: Path) -> None:
        for number in range(10):
            mask(folder / "ground_truth" / "crack" / f"{number:03d}_mask.png")
        config = DataConfig(dataset="folder", folder=str(folder), size=16, anomalies_per_normal=0)
        test = load_test(config, find(config, cache))
        assert test.masks is not None
        assert test.masked is not None
        for row, name in enumerate(test.names):
            marked = test.masks[row]
            if name.startswith("crack"):
                assert marked[:, :8].all()
                assert not marked[:, 8:].any()
            else:
                assert not marked.any()
            assert bool(test.masked[row]) == (not name.startswith("hole"))

    @pytest.mark.parametrize("kind", ["0 and 1", "16 bits", "transparent", "bilevel", "palette"])
    def test_a_mask_would_mark_nothing_or_everything(
        self, folder: Path, cache: Path, kind: str
    ) -> None:
        marked = np.zeros((16, 20), np.uint8)
        marked[:, :10] = 1
        clear = np.zeros((16, 20, 4), np.uint8)
        clear[:, :10] = 255
        palette = Image.fromarray(marked, "P")
        palette.putpalette([0, 0, 0, 9, 9, 9])
        made = {
            "0 and 1": Image.fromarray(marked),
            "16 bits": Image.fromarray(marked.astype(np.uint16) * 255),
            "transparent": Image.fromarray(clear, "RGBA"),
            "bilevel": Image.fromarray(marked.astype(bool)),
            "palette": palette,
        }
        path = folder / "ground_truth" / "crack" / "003.png"
        path.parent.mkdir(parents=True)
        made[kind].save(path)
        config = DataConfig(dataset="folder", folder=str(folder), size=16, anomalies_per_normal=0)
        test = load_test(replace(config, seed=seed_of_test(config, cache)), find(config, cache))
        assert test.masks is not None
        row = test.names.index("crack/003.png")
        assert test.masks[row, :, :8].all()
        assert not test.masks[row, :, 8:].any()

    @pytest.mark.parametrize("what", ["empty", "full", "truncated"])
    def test_a_mask_that_says_nothing_would_be_found_out_after_the_training(
        self, folder: Path, cache: Path, what: str
    ) -> None:
        path = mask(folder / "ground_truth" / "crack" / "003.bmp")
        if what == "truncated":
            path.write_bytes(path.read_bytes()[:-100])
        else:
            Image.new("L", (20, 16), 255 if what == "full" else 0).save(path)
        config = DataConfig(dataset="folder", folder=str(folder), size=16)
        with pytest.raises(DataProblem, match=r"003\.bmp (marks|cannot be read)"):
            find(config, cache)

    def test_a_mask_of_another_size_would_be_stretched(self, folder: Path, cache: Path) -> None:
        mask(folder / "ground_truth" / "crack" / "003.png", size=(10, 10))
        config = DataConfig(dataset="folder", folder=str(folder), size=16)
        with pytest.raises(DataProblem, match=r"003\.png is 10 x 10, its picture .* is 20 x 16"):
            find(config, cache)


class TestCache:
    @pytest.mark.parametrize("how", ["cut", "overwritten", "no sum"])
    def test_a_damaged_file_of_images_would_be_trained_on_or_stay(
        self, config: DataConfig, cache: Path, how: str
    ) -> None:
        source = find(config, cache)
        split = make_split(config, source)
        expected = load_training(config, source, split).fit.images.clone()
        (file,) = (cache / "prepared").glob("*.safetensors")
        data = file.read_bytes()
        if how == "cut":
            file.write_bytes(data[:1000])
        elif how == "overwritten":
            file.write_bytes(data[:-3000] + bytes(3000))
        else:
            file.with_suffix(".sha256").write_text("")
        assert torch.equal(load_training(config, source, split).fit.images, expected)
        assert file.read_bytes() == data

    def test_a_file_that_is_not_whole_would_be_mapped_for_ever(
        self, config: DataConfig, cache: Path
    ) -> None:
        expected = load_test(config, find(config, cache)).images
        for file in (cache / "decoded").iterdir():
            if file.suffix in (".npy", ".json"):
                file.write_bytes(b"")
        open_folder.__globals__["_opened"].cache_clear()
        assert torch.equal(load_test(config, find(config, cache)).images, expected)

    def test_pictures_would_be_decoded_again(
        self, config: DataConfig, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = find(config, cache)
        expected = load_test(config, source).images
        open_folder.__globals__["_opened"].cache_clear()
        monkeypatch.setattr("models.data.decoding.decode", lambda *_: pytest.fail("decoded again"))
        assert torch.equal(load_test(config, find(config, cache)).images, expected)

    def test_training_would_look_at_the_folder_again(
        self, config: DataConfig, cache: Path, folder: Path
    ) -> None:
        source = find(config, cache)
        split = make_split(config, source)
        expected = load_training(config, source, split)
        shutil.rmtree(folder)
        again = load_training(config, source, split)
        assert torch.equal(again.fit.images, expected.fit.images)

    def test_a_cache_that_cannot_be_written_would_be_a_traceback(
        self, config: DataConfig, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(DataNotFound, match="TUNER_CACHE"):
            find(config, tmp_path / "file" / "cache")


def sixteen_bits(folder: Path, highest: int) -> DataConfig:
    """Grey pictures of 16 bits whose values reach this high."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(30):
        values = random.integers(0, highest, (16, 16)).astype(np.uint16)
        values[0, 0] = highest
        Image.fromarray(values).save(folder / f"{number}.png")
    return DataConfig(
        dataset="folder", folder=str(folder.parent), size=16, validation="synthetic", bits=16
    )


@pytest.mark.parametrize(
    ("highest", "bits", "expected"),
    [
        (4095, 16, "has 4,095: of 256 shades 16 are left; set data.bits: 12"),
        (255, 16, "has 255: of 256 shades 1 are left; set data.bits: 8"),
        (60_000, 12, "has 60,000: what is above 4,095 is white; set data.bits: 16"),
        (4095, 12, ""),
        (60_000, 16, ""),
    ],
)
def test_sixteen_bits_would_be_rounded_to_few_shades_without_a_word(
    tmp_path: Path,
    cache: Path,
    caplog: pytest.LogCaptureFixture,
    highest: int,
    bits: int,
    expected: str,
) -> None:
    config = replace(sixteen_bits(tmp_path / "good", highest), bits=bits)
    find(config, cache)
    said = [record.getMessage() for record in caplog.records if "data.bits" in record.getMessage()]
    assert len(said) == bool(expected)
    assert all(expected in line for line in said)
