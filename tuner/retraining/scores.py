"""What the kept detectors say of the validation and test images. Imports torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Scores
from models.data.images import LabelledImages, TrainingData
from models.evaluation.mixture import cross_fitted
from models.evaluation.validation import ERROR, MIXTURE
from models.fitted import FittedDetector
from models.precision import pick_device
from tuner.retraining.training import Trained

QUANTILE = 0.95
"""Of the reconstruction errors of validation normals: the autoencoder's second threshold."""


@dataclass(frozen=True, kw_only=True)
class SplitScores:
    """The chosen score of each image [N], and its reconstruction error where there is one."""

    score: Scores
    error: Scores | None


@dataclass(frozen=True, kw_only=True)
class SeedScores:
    """One training's scores, with the thresholds that were fixed before the test was opened.

    `threshold` is on the score, all `error_thresholds` by name on the reconstruction error.
    """

    training: Trained
    fitted: FittedDetector
    validation: SplitScores
    test: SplitScores
    threshold: float
    error_thresholds: dict[str, float]


def seed_scores(
    training: Trained, data: TrainingData, test: LabelledImages, *, autoencoder: bool
) -> SeedScores:
    """Score both splits with the kept detector; the autoencoder gets its two thresholds more."""
    fitted = FittedDetector.load(training.folder).to(str(pick_device()))
    on_validation = _split_scores(fitted, data.validation, held_out=False)
    thresholds = {}
    if fitted.error_threshold is not None:
        thresholds["regression"] = fitted.error_threshold
    if autoencoder and on_validation.error is not None:
        thresholds["training_loss"] = _training_loss(training)
        normal_errors = on_validation.error[~data.validation.anomalous.numpy()]
        thresholds[f"quantile_{QUANTILE}"] = float(np.quantile(normal_errors, QUANTILE))
    return SeedScores(
        training=training,
        fitted=fitted,
        validation=on_validation,
        test=_split_scores(fitted, test, held_out=True),
        threshold=fitted.threshold,
        error_thresholds=thresholds,
    )


def _training_loss(autoencoder: Trained) -> float:
    """The final mean training loss: of its last usable epoch, which need not be the kept one."""
    return autoencoder.rows[-1].losses["reconstruction"]


def _split_scores(fitted: FittedDetector, images: LabelledImages, *, held_out: bool) -> SplitScores:
    """A mixture was fitted on validation: there it is judged on folds that it has not seen."""
    parts = {
        name: part.double().numpy() for name, part in fitted.score_parts(images.images).items()
    }
    mixed = fitted.hyperparameters.get("score") == MIXTURE
    if mixed and not held_out:
        score = cross_fitted(parts, images.anomalous.numpy())
    else:
        score = fitted.mixture.score(parts)
    return SplitScores(score=score, error=parts.get(ERROR))


def score_arrays(scores: dict[str, Sequence[SeedScores]]) -> dict[str, NDArray[np.float64]]:
    """Arrays [seeds, images] named "<split>_<contender>", errors "<split>_error_<contender>"."""
    arrays = {}
    for key, seeds in scores.items():
        for split in ("validation", "test"):
            of_split: list[SplitScores] = [getattr(seed, split) for seed in seeds]
            arrays[f"{split}_{key}"] = np.stack([one.score for one in of_split])
            errors = [one.error for one in of_split if one.error is not None]
            if errors:
                arrays[f"{split}_error_{key}"] = np.stack(errors)
    return arrays
