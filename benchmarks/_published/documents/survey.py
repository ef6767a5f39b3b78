"""The survey of GANs for anomaly detection: eight systems, one class normal or one left out."""

from __future__ import annotations

from _published.document import Document, Line, MadeRows
from _published.documents.common import (
    LEFT_OUT,
    ONE_CLASS,
    SMALL,
    TITLES,
    about,
    classes,
    quick_search,
)
from _published.documents.common import leave_one_out as nine_normal
from _published.documents.common import one_class as one_normal
from _published.figures import diverged, noted, on_test, over_seeds
from _published.pace import scoring_ms, training_pace
from _published.rows import Row
from _published.runs import Training
from _published.summary import MEAN

NAME = "GANs for anomaly detection: a survey's systems"
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
_PACE = ("random images", "one core", "any")
"""Data, protocol and class of the rows of pace."""
_SCORING = "scoring ms an image"
_HALF = 300
"""Validation images of each kind: every epoch scores them, and AnoGAN's time goes into that."""
_SETTINGS = "Settings of one search a system, on FashionMNIST T-shirt/top by validation."


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
            differs=about(dataset, _SETTINGS) if one_of == MEAN else "",
        )
        for metric, name in METRICS.items()
        for one_of, of in (*((k, (v,)) for k, v in runs.items()), (MEAN, tuple(runs.values())))
    ]


def _pace_rows(system: str, detector: str) -> list[Row]:
    figures = {
        "training images/s": training_pace(detector),
        _SCORING: scoring_ms(detector),
    }
    return [
        Row(
            document=NAME,
            system=system,
            data=_PACE[0],
            protocol=_PACE[1],
            one_of=_PACE[2],
            metric=metric,
            runs=(),
            figure=figure,
        )
        for metric, figure in figures.items()
    ]


def _egbad(rows: MadeRows) -> str:
    """The survey's two claims."""
    pairs = {
        TITLES[dataset]: [
            rows.value(system, TITLES[dataset], LEFT_OUT, MEAN, "AUPRC")
            for system in ("EGBAD", "GANomaly")
        ]
        for dataset in DATASETS
    }
    beats = all(egbad > ganomaly for egbad, ganomaly in pairs.values())
    shown = " and ".join(f"{a:.3f} and {b:.3f} on {data}" for data, (a, b) in pairs.items())
    anogan, egbad = (rows.value(system, *_PACE, _SCORING) for system in ("AnoGAN", "EGBAD"))
    verdict = "beats" if beats else "does not beat"
    return (
        f"Leaving one class out, EGBAD {verdict} GANomaly in mean AUPRC, {shown}, one seed a class "
        "and at the scales of the table; the survey says that it does, in a picture without "
        f"numbers. It scores {anogan / egbad:.0f} times as fast as AnoGAN with 50 steps of search, "
        f"{egbad:.2f} ms an image and {anogan:.1f} ms."
    )


_ROWS = tuple(
    row
    for dataset in DATASETS
    for protocol in (LEFT_OUT, ONE_CLASS)
    for system, detector in SYSTEMS.items()
    for row in rows_of(NAME, system, detector, dataset, protocol)
)
_PACES = tuple(
    row
    for system, detector in SYSTEMS.items()
    if detector != "pca"
    for row in _pace_rows(system, detector)
)
DOCUMENT = Document(
    name=NAME,
    rows=(*_PACES, *_ROWS),
    line=Line(
        of="FashionMNIST, one class normal, mean of ten: AnoGAN, EGBAD, GANomaly, PCA",
        rows=[
            (system, TITLES["fashion-mnist"], ONE_CLASS, MEAN, "AUROC")
            for system in ("AnoGAN", "EGBAD", "GANomaly", "PCA")
        ],
    ),
    sentences=(_egbad,),
)
