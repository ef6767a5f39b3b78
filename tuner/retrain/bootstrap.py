"""What a test set of other images would have said: resampled AUROCs, and differences of two.

The anomalies are always the positives. Resamples with the same labels and seed draw the same
images, so those of two contenders are paired.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.arrays import Labels, Scores

Counts = NDArray[np.int64]

RESAMPLES = 1000
_CHUNK = 50  # resamples at a time: bounds memory at some 10 MB for 10,000 images


def resampled_aurocs(labels: Labels, scores: Sequence[Scores], seed: int) -> Scores:
    """The AUROC of each training in each resample of the images [RESAMPLES, seeds].

    Each resample draws as many normals and as many anomalies as there are, the same images for all
    trainings.
    """
    generator = np.random.default_rng(seed)
    found = []
    for start in range(0, RESAMPLES, _CHUNK):
        number = min(_CHUNK, RESAMPLES - start)
        positive = _draw(int(labels.sum()), number, generator)
        negative = _draw(int((~labels).sum()), number, generator)
        aurocs = [
            _drawn_auroc(score[labels], score[~labels], positive, negative) for score in scores
        ]
        found.append(np.stack(aurocs, axis=1))
    return np.concatenate(found)


def resampled_difference(first: Scores, second: Scores, seed: int) -> Scores:
    """Differences of two contenders' means [RESAMPLES], from their AUROCs [RESAMPLES, seeds].

    The images of a resample are the same for both; the seeds are drawn anew for each, so that the
    spread tells of training too.
    """
    generator = np.random.default_rng([seed, 1])
    means = []
    for aurocs in (first, second):
        drawn = generator.integers(0, aurocs.shape[1], aurocs.shape)
        means.append(np.take_along_axis(aurocs, drawn, axis=1).mean(axis=1))
    return np.asarray(means[0] - means[1])


def interval(resampled: Scores) -> list[float]:
    """The lower and upper end of the 95% interval of resampled values."""
    low, high = np.quantile(resampled, [0.025, 0.975])
    return [float(low), float(high)]


def _draw(size: int, resamples: int, generator: np.random.Generator) -> Counts:
    """How often each of `size` images is drawn when as many are drawn [resamples, size]."""
    drawn = generator.integers(0, size, (resamples, size))
    flat = drawn + size * np.arange(resamples)[:, None]
    return np.bincount(flat.ravel(), minlength=resamples * size).reshape(resamples, size)


def _drawn_auroc(
    positive: Scores, negative: Scores, positive_drawn: Counts, negative_drawn: Counts
) -> Scores:
    """AUROC [resamples] by pairs, a tie counting one half.

    For each negative score, the drawn positives below it and those up to it are looked up in the
    running sum over the sorted positives.
    """
    order = np.argsort(positive)
    running = np.cumsum(positive_drawn[:, order], axis=1)
    running = np.concatenate([np.zeros((len(running), 1), dtype=np.int64), running], axis=1)
    below = running[:, np.searchsorted(positive[order], negative, side="left")]
    up_to = running[:, np.searchsorted(positive[order], negative, side="right")]
    won = running[:, -1:] - (below + up_to) / 2
    pairs = running[:, -1] * negative_drawn.sum(axis=1)
    return np.asarray((won * negative_drawn).sum(axis=1) / pairs)
