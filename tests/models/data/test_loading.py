from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.data import fashion_mnist
from models.data.config import DataConfig
from models.data.loading import CHUNK, load_test, load_training, resize
from models.data.noise import noise_images
from models.data.places import DataNotFound, Source
from models.data.prepared import is_whole, note_sum, prepared_path
from models.data.protocol import make_split
from models.data.sources import find
from models.data.split import Split
from models.data.synthetic import synthesise


def remove(file: Path) -> None:
    file.unlink()


def make_garbage(file: Path) -> None:
    file.write_bytes(b"garbage")


def make_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def make_unreadable(file: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    file.chmod(0)


SPOILERS = [remove, make_garbage, make_folder, make_unreadable]


class TestTestFiles:
    @pytest.mark.parametrize("spoil", SPOILERS)
    def test_finding_splitting_and_training_do_without_them(
        self, small: Path, small_config: DataConfig, spoil: Callable[[Path], None]
    ) -> None:
        source = find(small_config)
        expected = load_training(small_config, source, make_split(small_config, source))
        for name in (fashion_mnist.TEST.images, fashion_mnist.TEST.labels):
            spoil(small / name)
        source = find(small_config)
        data = load_training(small_config, source, make_split(small_config, source))
        assert torch.equal(data.fit.images, expected.fit.images)
        assert torch.equal(data.validation.images, expected.validation.images)

    @pytest.mark.parametrize("spoil", SPOILERS)
    @pytest.mark.parametrize("file", ["images", "labels"])
    def test_loading_them_names_the_file_that_is_wrong_and_the_remedy(
        self,
        small: Path,
        small_config: DataConfig,
        spoil: Callable[[Path], None],
        file: str,
    ) -> None:
        name = getattr(fashion_mnist.TEST, file)
        spoil(small / name)
        with pytest.raises(DataNotFound, match=rf"{name}.* Put the published file there"):
            load_test(small_config, find(small_config))

    def test_the_test_part_is_whole_and_in_order(
        self, small_source: Source, small_config: DataConfig
    ) -> None:
        data = load_test(replace(small_config, normal=("Coat",)), small_source)
        expected = fashion_mnist.test_part(small_config, small_source)
        images = expected.read(np.arange(60))
        assert data.classes.tolist() == expected.index.classes.tolist()
        assert data.anomalous.tolist() == (expected.index.classes != 4).tolist()
        assert torch.equal(data.images, resize(torch.from_numpy(images.copy()), 32))


class TestTraining:
    @pytest.fixture
    def split(self, small_config: DataConfig, small_source: Source) -> Split:
        return make_split(small_config, small_source)

    def test_the_rows_of_the_split_arrive_normals_first(
        self, small_config: DataConfig, small_source: Source, split: Split
    ) -> None:
        data = load_training(small_config, small_source, split)
        given = fashion_mnist.training_part(small_config, small_source)
        sides = (
            (data.fit, split.fit_normals, split.fit_anomalies),
            (data.validation, split.validation_normals, split.validation_anomalies),
        )
        for part, normals, anomalies in sides:
            rows = np.concatenate([normals, anomalies])
            assert part.classes.tolist() == given.index.classes[rows].tolist()
            assert part.anomalous.tolist() == [False] * len(normals) + [True] * len(anomalies)
            assert torch.equal(part.images, resize(torch.from_numpy(given.read(rows)), 32))

    def test_shapes_and_types_are_those_promised(
        self, small_config: DataConfig, small_source: Source, split: Split
    ) -> None:
        data = load_training(small_config, small_source, split)
        for part, count in ((data.fit, 24 + 12), (data.validation, 6 + 54)):
            assert part.images.shape == (count, 1, 32, 32)
            assert part.images.dtype == torch.uint8
            assert part.anomalous.dtype == torch.bool
            assert part.classes.dtype == torch.int64

    def test_without_known_anomalies_fit_is_normal(
        self, small_config: DataConfig, small_source: Source
    ) -> None:
        config = replace(small_config, anomalies_per_normal=0)
        data = load_training(config, small_source, make_split(config, small_source))
        assert not data.fit.anomalous.any()

    def test_a_split_of_other_data_is_refused(
        self, small_config: DataConfig, small_source: Source, split: Split
    ) -> None:
        with pytest.raises(ValueError, match="normal classes"):
            load_training(replace(small_config, normal=("Bag",)), small_source, split)
        with pytest.raises(ValueError, match="another data set"):
            load_training(small_config, small_source, replace(split, class_names=("a", "b")))
        with pytest.raises(ValueError, match="row 300, and the data has 300 rows"):
            beyond = replace(split, fit_anomalies=np.array([300]))
            load_training(small_config, small_source, beyond)


class TestDigits:
    config = DataConfig(dataset="digits", normal=("4",), size=16)

    def test_no_image_is_in_two_of_fit_validation_and_test(self) -> None:
        source = find(self.config)
        data = load_training(self.config, source, make_split(self.config, source))
        test = load_test(self.config, source)
        parts = [
            {image.tobytes() for image in part.images.numpy()}
            for part in (data.fit, data.validation, test)
        ]
        assert sum(map(len, parts)) == len(set.union(*parts))
        assert len(parts[2]) == len(test.images)

    def test_the_test_part_is_a_fifth_of_every_class_whatever_the_seed(self) -> None:
        first = load_test(self.config, find(self.config))
        second = load_test(replace(self.config, seed=9), find(self.config))
        assert torch.equal(first.images, second.images)
        assert len(first.images) == 364
        assert set(first.classes.bincount().tolist()) <= {35, 36, 37}

    def test_they_cover_the_whole_range_of_grey(self) -> None:
        images = load_test(replace(self.config, size=8), find(self.config)).images
        assert (int(images.min()), int(images.max())) == (0, 255)


class TestDrawn:
    """What is drawn for a search is the same in every version: its seeds are written down here."""

    config = DataConfig(dataset="digits", normal=(4,), size=8, seed=3, validation="synthetic")

    def test_noise_or_synthetic_anomalies_would_be_others_in_another_version(self) -> None:
        source = replace(find(self.config), cache=None)  # else those of a run before are taken
        split = make_split(self.config, source)
        data = load_training(self.config, source, split, noise=True)
        normals = len(split.validation_normals)
        fit, held_out = data.fit.images, data.validation.images[:normals]
        of_streams = [np.random.SeedSequence([3, stream]).generate_state(1)[0] for stream in (5, 6)]
        synthetic, noise = map(int, of_streams)
        made = synthesise(held_out, normals, synthetic).images
        assert torch.equal(data.validation.images[normals:], made)
        assert data.validation.anomalous.tolist() == [False] * normals + [True] * normals
        assert data.noise is not None
        seen = fit[: len(split.fit_normals)]
        assert torch.equal(data.noise, noise_images(seen, 200, noise))

    def test_another_seed_would_find_what_was_prepared_for_the_first(self, tmp_path: Path) -> None:
        """A folder may divide alike under both, and its noise and made anomalies do not."""
        split = make_split(self.config, find(self.config))
        paths = {
            prepared_path(replace(self.config, seed=seed), split, tmp_path) for seed in (3, 4, 3)
        }
        assert len(paths) == 2

    def test_a_prepared_file_that_has_changed_would_be_trained_on(self, tmp_path: Path) -> None:
        path = tmp_path / "images.safetensors"
        path.write_bytes(b"images")
        assert not is_whole(path)
        note_sum(path, hashlib.sha256(b"images").hexdigest())
        assert is_whole(path)
        path.touch()
        assert is_whole(path)
        path.write_bytes(b"imagez")
        os.utime(path, (1e9, 1e9))
        assert not is_whole(path)


class TestResize:
    def test_it_is_bilinear_as_written_down(self) -> None:
        image = torch.tensor([[[[0, 100], [200, 50]]]], dtype=torch.uint8)
        # Half-pixel centres: positions -0.25, 0.25, 0.75, 1.25 of the small image, edges repeated.
        across = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
        expected = np.rint(across @ image[0, 0].numpy() @ across.T)
        assert np.array_equal(resize(image, 4)[0, 0].numpy(), expected)

    def test_the_same_size_changes_nothing(self) -> None:
        images = torch.randint(256, (5, 3, 28, 28), dtype=torch.uint8)
        assert torch.equal(resize(images, 28), images)

    def test_fine_stripes_would_become_coarse_ones(self) -> None:
        stripes = (torch.arange(64) % 2 * 255).to(torch.uint8).expand(1, 1, 64, 64)
        inner = resize(stripes, 20)[0, 0, :, 3:-3].float()
        assert inner.std() < 20  # without antialiasing: 90

    def test_an_image_does_not_depend_on_those_beside_it(self) -> None:
        count = CHUNK + 3
        images = torch.randint(256, (count, 1, 8, 8), dtype=torch.uint8)
        together = resize(images, 12)
        assert len(together) == count
        for row in (0, CHUNK - 1, CHUNK, count - 1):
            assert torch.equal(resize(images[row : row + 1], 12)[0], together[row])

    def test_no_images_give_none(self) -> None:
        assert resize(torch.empty((0, 1, 8, 8), dtype=torch.uint8), 32).shape == (0, 1, 32, 32)
