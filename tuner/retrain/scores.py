"""What the kept detectors say of the validation and test images. Imports torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models import detectors
from models.arrays import Scores
from models.data.images import LabelledImages, TrainingData
from models.evaluation.candidates import chosen_score
from models.evaluation.mixture import cross_fitted
from models.evaluation.validation import ERROR, MIXTURE
from models.fitted import FittedDetector
from models.precision import pick_device
from tuner.retrain.pixels import PixelFigures, pixel_figures
from tuner.retrain.training import Trained

QUANTILE = 0.95
"""Of the reconstruction errors of validation normals: the autoencoder's second threshold."""
_QUANTILE_NAME = f"quantile_{QUANTILE}"


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
    pixels: PixelFigures | None


def is_mixed(fitted: FittedDetector) -> bool:
    """Whether its score is a mixture, which is fitted on labelled validation images."""
    return fitted.hyperparameters.get("score") == MIXTURE


def seed_scores(
    training: Trained, data: TrainingData, test: LabelledImages, *, autoencoder: bool
) -> SeedScores:
    """Score both splits with the kept detector; the autoencoder gets its two thresholds more."""
    fitted = FittedDetector.load(training.folder).to(str(pick_device()))
    on_validation = _split_scores(fitted, data.validation, held_out=False)
    thresholds = _fitted_threshold(fitted, synthetic=data.synthetic)
    if autoencoder and on_validation.error is not None:
        normal_errors = on_validation.error[~data.validation.anomalous.numpy()]
        thresholds["training_loss"] = _training_loss(training)
        thresholds[_QUANTILE_NAME] = float(np.quantile(normal_errors, QUANTILE))
    return SeedScores(
        training=training,
        fitted=fitted,
        validation=on_validation,
        test=_split_scores(fitted, test, held_out=True),
        threshold=fitted.threshold,
        error_thresholds=thresholds,
        pixels=pixel_figures(fitted, test),
    )


def validation_score(fitted: FittedDetector, validation: LabelledImages) -> Scores:
    """Its score [N] of the validation images, by nothing that was fitted on their own labels."""
    return _split_scores(fitted, validation, held_out=False).score


def _fitted_threshold(fitted: FittedDetector, *, synthetic: bool) -> dict[str, float]:
    """The detector's own threshold on its error, by the name of what set it."""
    if fitted.error_threshold is None:
        return {}
    return {(_QUANTILE_NAME if synthetic else "regression"): fitted.error_threshold}


def _training_loss(autoencoder: Trained) -> float:
    """The mean training loss of the epoch whose detector is kept."""
    return autoencoder.kept_row.losses["reconstruction"]


def _split_scores(fitted: FittedDetector, images: LabelledImages, *, held_out: bool) -> SplitScores:
    """What was fitted or chosen on validation is judged there on folds that it has not seen."""
    parts = {
        name: part.double().numpy() for name, part in fitted.score_parts(images.images).items()
    }
    made = None if held_out else _not_seen(fitted, parts, images.anomalous)
    score = fitted.mixture.score(parts) if made is None else made
    return SplitScores(score=score, error=parts.get(ERROR))


def _not_seen(fitted: FittedDetector, parts: dict[str, Scores], anomalous: Tensor) -> Scores | None:
    """Scores by what was fitted or chosen without the label of each image; None of a plain one."""
    if is_mixed(fitted):
        return cross_fitted(parts, anomalous.numpy())
    name = str(fitted.hyperparameters.get("score"))
    candidates = detectors.scores(fitted.detector).get(name, ())
    if len(candidates) < 2:
        return None
    stacked = torch.from_numpy(np.stack(list(parts.values())))
    scores: Scores = chosen_score(list(parts), stacked, anomalous, candidates).held_out.numpy()
    return scores


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
