"""One-vs-rest: some classes are normal, the others anomalous.

Known anomalies are chosen as in Kim, Jeong, Choi, Seo (ECCV Workshops 2020): K-Means over the
anomalous training images, equal numbers from each cluster. Differs from it: the clusters see the
fit split only, at 32 x 32 at most, in the space of their first 50 principal components.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.data.config import DataConfig, known_classes
from models.data.counts import FitCounts, fit_share
from models.data.index import Index, Part, Rows
from models.data.places import DataTooSmall
from models.data.shares import even_shares
from models.data.split import Split

PRINCIPAL_COMPONENTS = 50
RESTARTS = 10
MOST_FEATURES = 1024
"""Larger images are clustered reduced: PCA works on a square matrix of so many rows."""

# Each kind of draw has its own stream, so that changing one number leaves the other draws alone.
SPLIT_STREAM, FIT_STREAM, KNOWN_STREAM, VALIDATION_STREAM = range(4)


def make_split(config: DataConfig, part: Part) -> Split:
    """Hold out 20% of each class for validation, then choose within each side by itself.

    Pictures whose role is settled already keep it. The fit side has the normals (`fit_normals` of
    them, if set) and round(anomalies_per_normal * normals) known anomalies, the same number from
    each K-Means cluster as far as it divides and the clusters reach (see `even_shares`). The
    validation lists are drawn evenly over the classes. With synthetic validation there are no
    validation anomalies in the split: they are made when the images are loaded.

    Raises:
        ValueError: the fit side has too few images for what the configuration asks.
    """
    index = part.index
    normal = index.normal_classes
    known = known_classes(config, index.class_names, normal)
    fit, held_out = _divided(config, index)
    fit_normals = _choose_fit_normals(config, [fit[each] for each in normal])
    candidates = np.sort(np.concatenate([np.empty(0, np.int64), *(fit[each] for each in known)]))
    anomalies = [] if config.validation == "synthetic" else [held_out[each] for each in known]
    return Split(
        fit_normals=fit_normals,
        fit_anomalies=choose_known_anomalies(config, len(fit_normals), candidates, part),
        validation_normals=_draw_evenly(
            [held_out[each] for each in normal],
            config.validation_normals,
            _generator(config.seed, VALIDATION_STREAM, 0),
        ),
        validation_anomalies=_draw_evenly(
            anomalies,
            config.validation_anomalies,
            _generator(config.seed, VALIDATION_STREAM, 1),
        ),
        normal_classes=normal,
        class_names=index.class_names,
        content=index.content,
    )


def _divided(config: DataConfig, index: Index) -> tuple[list[Rows], list[Rows]]:
    """The rows of each class that are for fit and for validation."""
    count = len(index.class_names)
    if index.roles is None:
        return divide_classes(index.classes, count, config.seed)
    fits = np.array([role == "fit" for role in index.roles], bool)
    of_class = [index.classes == each for each in range(count)]
    return (
        [np.flatnonzero(own & fits) for own in of_class],
        [np.flatnonzero(own & ~fits) for own in of_class],
    )


def divide_classes(
    classes: NDArray[np.int64], count: int, seed: int
) -> tuple[list[Rows], list[Rows]]:
    """Divide the rows of each class into 80% fit and 20% validation; one list entry a class.

    Which classes are normal plays no part, so every choice of them divides alike.
    """
    fit, held_out = [], []
    for index in range(count):
        rows = np.flatnonzero(classes == index)
        shuffled = _generator(seed, SPLIT_STREAM, index).permutation(rows)
        boundary = fit_share(len(rows))
        fit.append(np.sort(shuffled[:boundary]))
        held_out.append(np.sort(shuffled[boundary:]))
    return fit, held_out


def choose_known_anomalies(config: DataConfig, normals: int, candidates: Rows, part: Part) -> Rows:
    """Choose the known anomalies among the candidates, the anomalous rows of the fit split.

    Only the candidates' pixels are looked at.
    """
    counts = FitCounts(normals=normals, candidates=len(candidates))
    wanted = counts.anomalies_taken(config)
    if wanted == 0:
        return candidates[:0]
    if problem := counts.ratio_problem(config) or counts.clusters_problem(config):
        raise DataTooSmall(problem)
    labels = cluster(part.pixels(candidates), config.clusters, config.seed)
    groups = [candidates[labels == label] for label in range(config.clusters)]
    return _draw_evenly(groups, wanted, _generator(config.seed, KNOWN_STREAM, 0))


def cluster(images: NDArray[np.uint8], clusters: int, seed: int) -> NDArray[np.int64]:
    """Label each of the images `[N, C, H, W]` with its K-Means cluster, 0 to `clusters` - 1.

    On one thread: with more, sums are added in the order in which threads finish, and an image
    on a border may change sides from run to run.
    """
    flat = _reduced(images).reshape(len(images), -1).astype(np.float32) / 255
    components = min(PRINCIPAL_COMPONENTS, *flat.shape)
    # Of fewer images than features the smaller side is decomposed.
    solver: Any = "covariance_eigh" if len(flat) >= flat.shape[1] else "full"
    with threadpool_limits(limits=1):
        principal = PCA(components, svd_solver=solver).fit_transform(flat)
        fitted = KMeans(clusters, n_init=RESTARTS, random_state=seed).fit(principal)
    return np.asarray(fitted.labels_, dtype=np.int64)


def _reduced(images: NDArray[np.uint8]) -> NDArray[np.float32] | NDArray[np.uint8]:
    """Larger images as means of square blocks; colours count as features too."""
    channels, height, width = images.shape[1:]
    block = 1
    while channels * (height // block) * (width // block) > MOST_FEATURES:
        block += 1
    if block == 1:
        return images
    rows, columns = height // block, width // block
    cut = images[:, :, : rows * block, : columns * block]
    blocks = cut.reshape(len(images), channels, rows, block, columns, block)
    means: NDArray[np.float32] = blocks.mean((3, 5), dtype=np.float32)
    return means


def _choose_fit_normals(config: DataConfig, groups: Sequence[Rows]) -> Rows:
    if config.fit_normals is None:
        return np.sort(np.concatenate(groups))
    counts = FitCounts(normals=sum(len(group) for group in groups), candidates=0)
    if problem := counts.normals_problem(config):
        raise DataTooSmall(problem)
    return _draw_evenly(groups, config.fit_normals, _generator(config.seed, FIT_STREAM, 0))


def _draw_evenly(groups: Sequence[Rows], total: int, generator: np.random.Generator) -> Rows:
    shares = even_shares(total, [len(group) for group in groups])
    drawn = [
        generator.permutation(group)[:share] for group, share in zip(groups, shares, strict=True)
    ]
    return np.sort(np.concatenate([np.empty(0, np.int64), *drawn]))


def _generator(seed: int, stream: int, index: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream, index])
