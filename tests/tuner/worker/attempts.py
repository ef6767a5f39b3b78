"""Attempts of trials so small that an epoch takes some hundredths of a second."""

from models import detectors
from tuner.engine.attempt import Attempt, Report

SMALL = {"width": 4, "batch_normals": 16, "batch_anomalies": 4}


def attempt(
    number: int = 0, recorded_epochs: int = 0, nth: int = 1, seed: int = 7, **values: object
) -> Attempt:
    return Attempt(
        number=number,
        attempt=nth,
        hyperparameters=detectors.resolve("two-discriminator-gan", SMALL | values),
        seed=seed,
        recorded_epochs=recorded_epochs,
    )


def essence(report: Report) -> tuple[object, ...]:
    """What must be equal, bit for bit, wherever an epoch was trained."""
    assert report.row is not None, report
    return (report.row.epoch, report.row.metrics, report.row.losses)
