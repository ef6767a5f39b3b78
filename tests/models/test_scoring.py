"""Pictures of every form through `Scorer`, and scores that do not depend on the batch."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.decoding import Unreadable
from models.data.images import TrainingData
from models.data.preprocessing import Preprocessing
from models.scoring import Scorer
from models.trainer import Trainer
from tests.tuner.small_model import picture, trained, write_pictures


@pytest.fixture(scope="module")
def colour() -> Scorer:
    return Scorer(trained("autoencoder", 3))


@pytest.fixture(scope="module")
def grey() -> Scorer:
    return Scorer(trained("autoencoder", 1, resize="pad"))


def files(folder: Path, shapes: list[tuple[int, ...]]) -> tuple[list[Path], list[np.ndarray]]:
    """PNG files of these shapes, and their pixels."""
    arrays = [picture(number, shape) for number, shape in enumerate(shapes)]
    paths = [folder / f"{number}.png" for number in range(len(arrays))]
    for path, array in zip(paths, arrays, strict=True):
        Image.fromarray(array).save(path)
    return paths, arrays


@pytest.mark.parametrize("name", ["grey", "colour"])
@pytest.mark.parametrize("shape", [(24, 32, 3), (24, 32), (7, 5, 3), (16, 16, 3)])
def test_an_array_would_be_scored_otherwise_than_its_file(
    name: str, shape: tuple[int, ...], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    scorer: Scorer = request.getfixturevalue(name)
    paths, arrays = files(tmp_path, [shape] * 4)
    by_path = scorer.score(paths)
    assert len(set(by_path.tolist())) == 4
    assert torch.equal(scorer.score([str(path) for path in paths]), by_path)
    assert torch.equal(scorer.score(arrays), by_path)
    assert torch.equal(scorer.score(np.stack(arrays)), by_path)
    tensors = [torch.from_numpy(array) for array in arrays]
    assert torch.equal(scorer.score(tensors), by_path)
    assert torch.equal(scorer.score(torch.stack(tensors)), by_path)
    if len(shape) == 3:
        assert torch.equal(scorer.score(np.stack(arrays).transpose(0, 3, 1, 2)), by_path)
    assert torch.equal(scorer.score(paths[1]), by_path[1:2])


def test_one_picture_in_colour_would_be_scored_as_three_grey_ones(colour: Scorer) -> None:
    three = torch.from_numpy(np.stack([picture(number, (24, 32)) for number in range(3)]))
    with pytest.raises(ValueError, match="may be one picture in colour or 3 grey ones"):
        colour.score(three)
    assert len(colour.score([three])) == 1
    assert len(colour.score(three[..., None])) == 3


@pytest.mark.parametrize("shape", [(24, 32, 3), (24, 32), (7, 5, 1)])
def test_a_single_array_would_need_a_list(colour: Scorer, shape: tuple[int, ...]) -> None:
    array = picture(0, shape[:2])[..., None] if shape[2:] == (1,) else picture(0, shape)
    alone = colour.score([array])
    assert torch.equal(colour.score(array), alone)
    assert torch.equal(colour.score(torch.from_numpy(array)), alone)


def test_a_folder_would_be_taken_for_a_file(colour: Scorer, tmp_path: Path) -> None:
    write_pictures(tmp_path / "b", 2)
    write_pictures(tmp_path / "a", 1)
    (tmp_path / "notes.txt").write_text("no picture")
    paths = [tmp_path / "a" / "000.png", tmp_path / "b" / "000.png", tmp_path / "b" / "001.png"]
    assert torch.equal(colour.score(tmp_path), colour.score(paths))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty has no pictures \(.bmp "):
        colour.score(tmp_path / "empty")


def test_pictures_of_several_sizes_would_need_one_size(colour: Scorer, tmp_path: Path) -> None:
    paths, arrays = files(tmp_path, [(24, 32, 3), (9, 50), (16, 16, 3)])
    mixed = [arrays[0], str(paths[1]), paths[2]]
    assert torch.equal(colour.score(mixed), torch.cat([colour.score(path) for path in paths]))


def test_prepared_tensors_would_not_be_taken_as_before(colour: Scorer) -> None:
    images = torch.randint(0, 256, (5, 3, 16, 16), dtype=torch.uint8)
    assert torch.equal(colour.score(images), colour.detector.score(images))
    with pytest.raises(ValueError, match=r"got a float32 tensor \[5, 3, 16, 16\]"):
        colour.score(images.float())


def test_verdict_and_scale_would_be_of_another_score(colour: Scorer, tmp_path: Path) -> None:
    bright = [np.full((16, 16, 3), value, np.uint8) for value in (0, 120, 255)]
    scores = colour.score(bright)
    assert torch.equal(colour.anomalous(bright), scores > colour.threshold)
    assert torch.equal(colour.scaled_score(bright), colour.detector.scaled_score(scores))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.zeros((2, 8, 8), np.float32), r"a float32 array \[2, 8, 8\].*from 0 to 255"),
        ([np.zeros((8, 8), np.uint16)], r"a uint16 array \[8, 8\]"),
        (np.zeros((8, 8, 4), np.uint8), r"a uint8 array \[8, 8, 4\]; allowed are"),
        (np.zeros((2, 8, 8, 4), np.uint8), r"a uint8 array \[2, 8, 8, 4\]; allowed are"),
        ([np.zeros((0, 8), np.uint8)], r"a uint8 array \[0, 8\], which has no pixels"),
        (torch.zeros(2, 8, 8), r"a float32 tensor"),
        ([torch.zeros(8, 8)], r"a float32 array \[8, 8\]"),
        ([3], r"a int among them; allowed are files"),
        ({"a": 1}, r"a dict; allowed are files"),
    ],
)
def test_pictures_of_another_kind_would_be_scored(colour: Scorer, given: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        colour.score(given)  # type: ignore[arg-type]


def test_a_broken_file_would_not_be_named(colour: Scorer, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"x")
    with pytest.raises(Unreadable, match=rf"{tmp_path}/broken.png: no picture of a known format"):
        colour.score(tmp_path / "broken.png")
    with pytest.raises(Unreadable, match=r"gone.png: there is no such file"):
        colour.score([tmp_path / "gone.png"])


def test_no_pictures_would_be_an_error(colour: Scorer) -> None:
    assert colour.score([]).shape == (0,)


def test_more_files_than_are_read_at_once_would_be_mixed_up(colour: Scorer, tmp_path: Path) -> None:
    paths = write_pictures(tmp_path, 70)
    scores = colour.score(paths)
    assert scores.shape == (70,)
    assert scores[66] == colour.score(paths[66])[0]


@pytest.mark.parametrize("detector", ["autoencoder", "two-discriminator-gan"])
def test_a_score_would_depend_on_what_came_with_the_image(
    make_trainer: Callable[..., Trainer], digits: TrainingData, detector: str
) -> None:
    trainer = make_trainer({}, detector=detector)
    trainer.epoch()
    fitted = trainer.fitted(0)
    images = torch.cat([digits.fit.images, digits.validation.images])[:160]
    whole, order = fitted.score(images), torch.randperm(160)
    parts = fitted.score_parts(images)
    for count in (1, 63, 64, 65, 150):
        chosen = order[:count]
        assert torch.equal(fitted.score(images[chosen]), whole[chosen])
        for name, part in fitted.score_parts(images[chosen]).items():
            assert torch.equal(part, parts[name][chosen]), name


def test_points_would_be_taken_for_pictures(colour: Scorer) -> None:
    points = replace(colour.detector, preprocessing=Preprocessing(size=1, channels=2))
    with pytest.raises(ValueError, match="takes 2 numbers, not pictures"):
        Scorer(points).score([np.zeros((8, 8), np.uint8)])
