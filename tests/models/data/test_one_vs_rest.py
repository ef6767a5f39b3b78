from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.data import digits, one_vs_rest
from models.data.config import DataConfig
from models.data.index import Index, Part
from models.data.one_vs_rest import cluster, divide_classes
from models.data.places import Source
from models.data.shares import even_shares
from models.data.split import Split

CONFIG = DataConfig(dataset="digits", normal=(3,), anomalies_per_normal=0.5, seed=7)
SOURCE = Source(folder=None, description="scikit-learn")


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """The images of digits [N, 1, 8, 8] and their classes [N], to be changed by tests."""

    images: NDArray[np.uint8]
    classes: NDArray[np.int64]

    def part(self, config: DataConfig) -> Part:
        """Them as a data set gives them."""
        index = Index(
            classes=self.classes,
            class_names=tuple("0123456789"),
            normal_classes=config.normal_classes,
        )
        return Part(index=index, read=lambda rows: self.images[rows])


def make_split(config: DataConfig, pixels: Pixels) -> Split:
    return one_vs_rest.make_split(config, pixels.part(config))


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    part = digits.training_part(CONFIG, SOURCE)
    images = part.read(np.arange(len(part.index)))
    return Pixels(images=images, classes=part.index.classes)


@pytest.fixture(scope="module")
def split(pixels: Pixels) -> Split:
    return make_split(CONFIG, pixels)


def fit_candidates(pixels: Pixels, config: DataConfig) -> np.ndarray:
    fit, _ = divide_classes(pixels.classes, 10, config.seed)
    anomalous = [rows for index, rows in enumerate(fit) if index not in config.normal_classes]
    return np.sort(np.concatenate(anomalous))


class TestSides:
    def test_no_row_is_in_two_lists_or_twice_in_one(self, split: Split) -> None:
        rows = np.concatenate(
            [
                split.fit_normals,
                split.fit_anomalies,
                split.validation_normals,
                split.validation_anomalies,
            ]
        )
        assert len(np.unique(rows)) == len(rows)

    def test_each_class_is_divided_80_to_20(self, pixels: Pixels) -> None:
        fit, held_out = divide_classes(pixels.classes, 10, seed=7)
        for index in range(10):
            rows = np.flatnonzero(pixels.classes == index)
            assert len(fit[index]) == round(0.8 * len(rows))
            assert np.array_equal(np.sort(np.concatenate([fit[index], held_out[index]])), rows)

    def test_normals_and_anomalies_are_of_the_right_classes(
        self, pixels: Pixels, split: Split
    ) -> None:
        for rows in (split.fit_normals, split.validation_normals):
            assert set(pixels.classes[rows]) == {3}
        for rows in (split.fit_anomalies, split.validation_anomalies):
            assert 3 not in pixels.classes[rows]

    def test_a_held_out_image_stays_so_whichever_class_is_normal(self, pixels: Pixels) -> None:
        seen: set[int] = set()
        held_out: set[int] = set()
        for normal in range(10):
            made = make_split(replace(CONFIG, normal=(normal,)), pixels)
            seen |= {*made.fit_normals.tolist(), *made.fit_anomalies.tolist()}
            held_out |= {*made.validation_normals.tolist(), *made.validation_anomalies.tolist()}
        assert not seen & held_out

    def test_several_normal_classes_share_the_lists_evenly(self, pixels: Pixels) -> None:
        config = replace(CONFIG, normal=(1, 8), fit_normals=50, validation_normals=11)
        made = make_split(config, pixels)
        assert np.bincount(pixels.classes[made.fit_normals])[[1, 8]].tolist() == [25, 25]
        assert sorted(np.bincount(pixels.classes[made.validation_normals])[[1, 8]]) == [5, 6]
        assert not {1, 8} & set(pixels.classes[made.validation_anomalies])

    def test_validation_anomalies_are_spread_evenly_over_the_other_classes(
        self, pixels: Pixels
    ) -> None:
        made = make_split(replace(CONFIG, validation_anomalies=100), pixels)
        counts = np.delete(np.bincount(pixels.classes[made.validation_anomalies]), 3)
        assert sorted(counts) == [11] * 8 + [12]

    def test_lists_longer_than_the_data_take_all_there_is(
        self, pixels: Pixels, split: Split
    ) -> None:
        _, held_out = divide_classes(pixels.classes, 10, CONFIG.seed)
        assert np.array_equal(split.validation_normals, held_out[3])
        assert len(split.validation_anomalies) == sum(map(len, held_out)) - len(held_out[3])


class TestKnownAnomalies:
    def test_a_class_unseen_until_test_would_be_chosen_or_trained_by(self, pixels: Pixels) -> None:
        made = make_split(replace(CONFIG, known_classes=(0, 8)), pixels)
        for rows in (made.fit_anomalies, made.validation_anomalies):
            assert set(pixels.classes[rows]) == {0, 8}

    @pytest.mark.parametrize(("ratio", "normals", "expected"), [(0.1, 40, 4), (2, 40, 80)])
    def test_their_number_follows_the_ratio(
        self, pixels: Pixels, ratio: float, normals: int, expected: int
    ) -> None:
        config = replace(CONFIG, anomalies_per_normal=ratio, fit_normals=normals)
        made = make_split(config, pixels)
        assert (len(made.fit_normals), len(made.fit_anomalies)) == (normals, expected)

    def test_a_ratio_of_zero_gives_none(self, pixels: Pixels, split: Split) -> None:
        made = make_split(replace(CONFIG, anomalies_per_normal=0), pixels)
        assert len(made.fit_anomalies) == 0
        assert np.array_equal(made.fit_normals, split.fit_normals)

    @pytest.mark.parametrize("clusters", [1, 3, 7])
    def test_each_cluster_gives_the_same_number(self, pixels: Pixels, clusters: int) -> None:
        made = make_split(replace(CONFIG, clusters=clusters), pixels)
        candidates = fit_candidates(pixels, CONFIG)
        labels = cluster(pixels.images[candidates], clusters, CONFIG.seed)
        chosen = labels[np.isin(candidates, made.fit_anomalies)]
        counts = np.bincount(chosen, minlength=clusters)
        assert len(chosen) == len(made.fit_anomalies)
        assert counts.max() - counts.min() <= 1

    def test_clusters_find_groups_that_are_there(self) -> None:
        generator = np.random.default_rng(0)
        truth = np.repeat([0, 1, 2], [40, 10, 5])
        images = (generator.integers(0, 20, (55, 8, 8)) + 100 * truth[:, None, None]).astype("u1")
        labels = cluster(images[:, None], 3, seed=0)
        assert [len(set(labels[truth == group])) for group in range(3)] == [1, 1, 1]
        assert len(set(labels)) == 3

    def test_large_images_would_be_clustered_by_a_few_of_their_pixels(self) -> None:
        generator = np.random.default_rng(0)
        truth = np.repeat([0, 1], 15)
        noise = generator.integers(0, 200, (30, 1, 256, 256))
        images = (noise + 8 * truth[:, None, None, None]).astype(np.uint8)
        labels = cluster(images, 2, seed=0)
        assert [len(set(labels[truth == group])) for group in range(2)] == [1, 1]
        assert len(set(labels)) == 2

    def test_images_outside_the_fit_anomalies_play_no_part_in_the_choice(
        self, pixels: Pixels, split: Split
    ) -> None:
        outside = np.ones(len(pixels.classes), dtype=bool)
        outside[fit_candidates(pixels, CONFIG)] = False
        images = pixels.images.copy()
        images[outside] = 255 - images[outside]
        assert make_split(CONFIG, Pixels(images=images, classes=pixels.classes)) == split

    def test_images_of_the_fit_anomalies_do_play_a_part(self, pixels: Pixels, split: Split) -> None:
        inside = fit_candidates(pixels, CONFIG)[::2]
        images = pixels.images.copy()
        images[inside] = 255 - images[inside]
        assert make_split(CONFIG, Pixels(images=images, classes=pixels.classes)) != split

    def test_more_than_there_are_is_refused_with_what_is_possible(self, pixels: Pixels) -> None:
        with pytest.raises(ValueError, match=r"^anomalies_per_normal: 50 asks for .* at most \d"):
            make_split(replace(CONFIG, anomalies_per_normal=50), pixels)
        with pytest.raises(ValueError, match=r"^clusters: 1000 is more than"):
            few = Pixels(images=pixels.images[::4], classes=pixels.classes[::4])
            make_split(replace(CONFIG, clusters=1000), few)
        with pytest.raises(ValueError, match=r"^fit_normals: 500 is more than"):
            make_split(replace(CONFIG, fit_normals=500), pixels)


class TestDeterminism:
    def test_the_same_seed_gives_the_same_split_and_another_another(
        self, pixels: Pixels, split: Split
    ) -> None:
        assert make_split(CONFIG, pixels).digest == split.digest
        assert make_split(replace(CONFIG, seed=8), pixels).digest != split.digest

    def test_another_process_with_other_threads_makes_the_same_split(self, split: Split) -> None:
        program = (
            "from models.data import digits, one_vs_rest; from models.data.config import *;"
            "print(one_vs_rest.make_split(DataConfig(dataset='digits', normal=(3,), "
            "anomalies_per_normal=0.5, seed=7), digits.training_part(DataConfig(dataset='digits', "
            "normal=(3,)), None)).digest)"
        )
        environment = os.environ | {"OMP_NUM_THREADS": "3", "PYTHONHASHSEED": "5"}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == split.digest

    def test_changing_one_number_leaves_the_other_draws_alone(
        self, pixels: Pixels, split: Split
    ) -> None:
        made = make_split(replace(CONFIG, validation_normals=5, anomalies_per_normal=0.2), pixels)
        assert np.array_equal(made.validation_anomalies, split.validation_anomalies)
        assert np.array_equal(made.fit_normals, split.fit_normals)
        assert set(made.validation_normals) < set(split.validation_normals)

    def test_clustering_leaves_the_process_as_it_was(self, pixels: Pixels) -> None:
        np.random.seed(3)
        expected = np.random.random(4)
        np.random.seed(3)
        one_vs_rest.cluster(pixels.images[:50], 3, seed=0)
        assert np.array_equal(np.random.random(4), expected)


@given(total=st.integers(0, 60), sizes=st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_shares_are_as_even_as_the_groups_allow(total: int, sizes: list[int]) -> None:
    shares = even_shares(total, sizes)
    assert sum(shares) == min(total, sum(sizes))
    for share, size in zip(shares, sizes, strict=True):
        assert 0 <= share <= size
        assert share == size or share >= max(shares) - 1
