"""One line a document, for the head of published.md and for README's results."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from _published.documents import (
    ROWS,
    industrial,
    kim,
    omasgan,
    search_gains,
    student_gans,
    student_mvtec,
    survey,
    where_search_pays,
)
from _published.documents.common import (
    KNOWN_TO_TEN,
    LEFT_OUT,
    MVTEC_ONE_CLASS,
    ONE_CLASS,
    TITLES,
)
from _published.summary import MEAN

Entry = Mapping[str, Any]
BEGIN, END = "<!-- published: by benchmarks/published.py -->", "<!-- published: end -->"
_FASHION, _MNIST, _CIFAR = (TITLES[name] for name in ("fashion-mnist", "mnist", "cifar-10"))
_HEAD = ("| document | figure | published | ours |", "|---|---|--:|--:|")


@dataclass(frozen=True, kw_only=True)
class _Line:
    """What a document is told by; each row is system, data, protocol, class and metric."""

    document: str
    of: str
    rows: Sequence[tuple[str, ...]]
    published_of: Sequence[tuple[str, ...]] = ()
    """The rows that have the published values, where they are others."""


def _fashion(system: str, one_of: str) -> tuple[str, ...]:
    return system, _FASHION, KNOWN_TO_TEN, one_of, "AUROC"


def _mvtec(system: str, metric: str) -> list[tuple[str, ...]]:
    categories = ("bottle", "transistor", "screw")
    return [(system, "MVTec AD", MVTEC_ONE_CLASS, category, metric) for category in categories]


_LINES = (
    _Line(
        document=where_search_pays.DOCUMENT,
        of="FashionMNIST Shirt, known anomalies 1:10: U-Net GAN with W2, searched; supervised CNN",
        rows=[
            _fashion(system, "Shirt")
            for system in ("U-Net GAN, W2", "U-Net GAN, searched", "supervised CNN")
        ],
    ),
    _Line(
        document=student_gans.DOCUMENT,
        of="T-shirt/top, known anomalies 1:10: traditional GAN, DCGAN variant",
        rows=[_fashion(system, "T-shirt/top") for system in ("traditional GAN", "DCGAN variant")],
    ),
    _Line(
        document=kim.DOCUMENT,
        of="U-Net GAN, mean of ten classes: FashionMNIST (searched), MNIST (W1), CIFAR-10 "
        "(searched with augmentation), by a mixture fitted on labelled validation images, one "
        "known anomaly to ten normals (published: 1:1, by the error; CIFAR-10 from a secondary "
        "source); then the supervised CNN on the same images",
        rows=[
            (system, data, KNOWN_TO_TEN, MEAN, "AUROC")
            for system, data in (
                (kim.SEARCHED, _FASHION),
                (kim.GAN, _MNIST),
                (kim.AUGMENTED, _CIFAR),
                (kim.CNN, _FASHION),
                (kim.CNN, _MNIST),
                (kim.CNN, _CIFAR),
            )
        ],
    ),
    _Line(
        document=student_mvtec.DOCUMENT,
        of="F1 of KD-CAE, by thresholds from validation: bottle, transistor, screw (published: by "
        "thresholds chosen on test, where flagging everything has 0.87, 0.57, 0.86)",
        rows=_mvtec("KD-CAE", "F1"),
        published_of=_mvtec("KD-CAE, published thresholds", "F1"),
    ),
    _Line(
        document=industrial.DOCUMENT,
        of="OCR-GAN: bottle, transistor, screw (published: the mean of 15 categories, its epoch "
        "chosen on test); then PCA",
        rows=[*_mvtec("OCR-GAN", "image AUROC"), *_mvtec("PCA", "image AUROC")],
    ),
    _Line(
        document=survey.DOCUMENT,
        of="FashionMNIST, one class normal, mean of ten: AnoGAN, EGBAD, GANomaly, PCA",
        rows=[
            (system, _FASHION, ONE_CLASS, MEAN, "AUROC")
            for system in ("AnoGAN", "EGBAD", "GANomaly", "PCA")
        ],
    ),
    _Line(
        document=omasgan.DOCUMENT,
        of="f-GAN form, MNIST, 0, 1, 2, 3 left out; how much of the critic is added to the judge "
        "is chosen on validation",
        rows=[("OMASGAN, f-GAN", _MNIST, LEFT_OUT, digit, "AUROC") for digit in "0123"],
    ),
)


def overview(record: Mapping[str, Any], page: str = "") -> list[str]:
    """The table; `page` is where its links lead, this page itself for ""."""
    lines = [_line(line, record["rows"], page) for line in _LINES]
    return [*_HEAD, *lines, _gains(record, page)]


def with_overview(text: str, record: Mapping[str, Any], page: str) -> str:
    """A text whose table, between its two marks, is that of the record; the marks must be there."""
    before, marked, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (marked and closed):
        raise ValueError(f"the text needs {BEGIN} and, after it, {END}")
    return "\n".join([before + BEGIN, "", *overview(record, page), "", END + after])


def _line(line: _Line, rows: Sequence[Entry], page: str) -> str:
    declared = {
        (row.document, row.system, row.data, row.protocol, row.one_of, row.metric): row
        for row in ROWS
    }
    made = {row["key"]: row["ours"] for row in rows}
    shown, quoted = (
        [declared[line.document, *of] for of in rows_of]
        for rows_of in (line.rows, line.published_of or line.rows)
    )
    values = [row.published for row in quoted if row.published is not None]
    same = len(set(values)) == 1 and len(values) > 1
    published = ", ".join(_number(value) for value in (values[:1] if same else values))
    ours = ", ".join(_number(made.get(row.key)) for row in shown)
    name = _link(line.document, rows, page)
    return f"| {name} | {line.of} | {published or 'none'} | {ours} |"


def _gains(record: Mapping[str, Any], page: str) -> str:
    figures = record["figures"]
    shown = f"{figures['search_gain_significant']:g} of {figures['searched']:g}"
    of = "detectors whose search gains more than two standard errors over the defaults"
    return f"| {_link(search_gains.DOCUMENT, record['rows'], page)} | {of} | none | {shown} |"


def _link(document: str, rows: Sequence[Entry], page: str) -> str:
    """To the heading, named as GitHub names it; a document without rows has none."""
    if all(row["document"] != document for row in rows):
        return document
    anchor = re.sub(r"[^\w\- ]", "", document.lower()).replace(" ", "-")
    return f"[{document}]({page}#{anchor})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
