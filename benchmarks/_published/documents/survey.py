"""The survey of GANs for anomaly detection: eight systems, one class normal or one left out."""

from __future__ import annotations

from _published.documents.common import LEFT_OUT, ONE_CLASS, SMALL, TITLES, classes, quick_search
from _published.documents.common import leave_one_out as nine_normal
from _published.documents.common import one_class as one_normal
from _published.figures import diverged, noted, on_test, over_seeds
from _published.pace import scoring_ms, training_pace
from _published.rows import Row
from _published.runs import Training
from _published.summary import MEAN

DOCUMENT = "GANs for anomaly detection: a survey's systems"
SYSTEMS = {
    "PCA": "pca",
    "AnoGAN": "anogan",
    "EGBAD": "egbad",
    "GANomaly": "ganomaly",
    "VAE": "vae",
    "FenceGAN": "fencegan",
    "OGNet": "ognet",
    "Deep SVDD": "deep-svdd",
}
DATASETS = ("mnist", "fashion-mnist")
METRICS = {"AUROC": "auroc", "AUPRC": "auprc"}
_HALF = 300
"""Validation images of each kind: every epoch scores them, and AnoGAN's time goes into that."""
_SETTINGS = (
    "Settings of one search a system, on FashionMNIST T-shirt/top by validation. Published as a "
    "picture without numbers."
)


def training(detector: str, dataset: str, protocol: str, of: str) -> Training:
    """At the scale of the detector's search, with what that found; PCA as it is."""
    divide = one_normal if protocol == ONE_CLASS else nine_normal
    counts = {"validation_normals": _HALF, "validation_anomalies": _HALF, "fit_normals": SMALL}
    search = quick_search(detector)
    return Training(
        detector=detector,
        data=divide(dataset, of, **counts),
        epochs=search.epochs,
        best_of=search,
    )


def rows_of(document: str, system: str, detector: str, dataset: str, protocol: str) -> list[Row]:
    """Both metrics, of each of the ten classes and of their mean."""
    runs = {name: training(detector, dataset, protocol, name) for name in classes(dataset)}
    return [
        Row(
            document=document,
            system=system,
            data=TITLES[dataset],
            protocol=protocol,
            one_of=one_of,
            metric=metric,
            runs=of,
            figure=noted(over_seeds(on_test(name)), diverged),
            differs=_SETTINGS if one_of == MEAN else "",
        )
        for metric, name in METRICS.items()
        for one_of, of in (*((k, (v,)) for k, v in runs.items()), (MEAN, tuple(runs.values())))
    ]


def _pace_rows(system: str, detector: str) -> list[Row]:
    figures = {
        "training images/s": training_pace(detector),
        "scoring ms an image": scoring_ms(detector),
    }
    return [
        Row(
            document=DOCUMENT,
            system=system,
            data="random images",
            protocol="one core",
            one_of="any",
            metric=metric,
            runs=(),
            figure=figure,
        )
        for metric, figure in figures.items()
    ]


ROWS = tuple(
    row
    for dataset in DATASETS
    for protocol in (LEFT_OUT, ONE_CLASS)
    for system, detector in SYSTEMS.items()
    for row in rows_of(DOCUMENT, system, detector, dataset, protocol)
)
PACES = tuple(
    row
    for system, detector in SYSTEMS.items()
    if detector != "pca"
    for row in _pace_rows(system, detector)
)
