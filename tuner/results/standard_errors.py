"""Standard errors of AUROCs for records of versions that did not write them."""

from collections.abc import Sequence
from dataclasses import replace

from models import detectors
from models.data.counts import JudgingCounts, validation_counts
from models.data.sources import SplitDamaged
from models.data.split import load_splits
from models.evaluation.standard_error import AUROC_ERROR, of_mean, standard_error
from tuner.record.run_folder import RunFolder
from tuner.record.trials import EpochRow, TrialView
from tuner.space import Space


def with_standard_errors(
    trials: Sequence[TrialView], space: Space, run_folder: RunFolder
) -> list[TrialView]:
    """The trials, each epoch with the standard error of its AUROC.

    What the record lacks follows from the numbers of validation images in the run's split; without
    one that can be read it stays unknown.
    """
    if all(AUROC_ERROR in row.metrics for trial in trials for row in trial.rows):
        return list(trials)
    try:
        splits = load_splits(run_folder.split)
    except (FileNotFoundError, SplitDamaged):
        return list(trials)
    most = detectors.load(space.detector).scored_per_epoch
    counts = [_scored(validation_counts(space.data, split), most) for split in splits]
    return [
        replace(trial, rows=tuple(_with_error(row, counts) for row in trial.rows))
        for trial in trials
    ]


def _scored(counts: JudgingCounts, most: int | None) -> JudgingCounts:
    """How many of each kind an epoch scores where it scores `most`, as `at_most` takes them."""
    total = counts.normals + counts.anomalies
    if most is None or total <= most:
        return counts
    return JudgingCounts(
        normals=max(1, round(most * counts.normals / total)),
        anomalies=max(1, round(most * counts.anomalies / total)),
    )


def _with_error(row: EpochRow, counts: Sequence[JudgingCounts]) -> EpochRow:
    """Of several classes, each normal in turn, the row's AUROC is the mean."""
    auroc = row.metrics.get("auroc")
    if auroc is None or AUROC_ERROR in row.metrics:
        return row
    errors = [standard_error(auroc, each.normals, each.anomalies) for each in counts]
    return replace(row, metrics={**row.metrics, AUROC_ERROR: of_mean(errors)})
