"""What the rows of a document say together: sentences made of the figures, below its chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from _published.documents import industrial, kim, student_mvtec, survey
from _published.documents.common import (
    KNOWN_TO_TEN,
    LEFT_OUT,
    MVTEC_ONE_CLASS,
    MVTEC_SUPERVISED,
    TITLES,
)
from _published.documents.mvtec import CATEGORIES
from _published.summary import MEAN

Entry = Mapping[str, Any]
_FASHION, _MNIST, _CIFAR = (TITLES[name] for name in ("fashion-mnist", "mnist", "cifar-10"))
_PLAIN = ("PCA", "nearest neighbour")


class _Missing(Exception):  # noqa: N818 - it says what is so
    """A row that a sentence needs is not made yet."""


class _Rows:
    """The rows of a document, by what they are of."""

    def __init__(self, rows: Sequence[Entry]):
        names = ("system", "data", "protocol", "class", "metric")
        self._rows = {tuple(row[name] for name in names): row for row in rows}

    def find(self, *of: str) -> Entry:
        """The row of a system, data, protocol, class and metric; raises _Missing."""
        row = self._rows.get(of)
        if row is None or row["ours"] is None:
            raise _Missing
        return row

    def value(self, *of: str) -> float:
        """Our figure of it."""
        return float(self.find(*of)["ours"])


def remarks(document: str, rows: Sequence[Entry]) -> list[str]:
    """The sentences for which all rows are there."""
    found = _Rows(rows)
    said = []
    for sentence in _SENTENCES.get(document, ()):
        try:
            said.append(sentence(found))
        except _Missing:
            continue
    return said


def _searched(rows: _Rows) -> str:
    """What a search's settings change, and the fair rival."""

    def mean(system: str, data: str) -> float:
        return rows.value(system, data, KNOWN_TO_TEN, MEAN, "AUROC")

    parts = [
        f"on {data} from {mean(kim.GAN, data):.3f} to {mean(kim.SEARCHED, data):.3f} (supervised "
        f"CNN {mean(kim.CNN, data):.3f})"
        for data in (_FASHION, _CIFAR)
    ]
    return (
        f"The settings of one search instead of W1 take the mean of ten {' and '.join(parts)}; "
        "those of a search that may mirror training images take it, on CIFAR-10, to "
        f"{mean(kim.AUGMENTED, _CIFAR):.3f}."
    )


def _egbad(rows: _Rows) -> str:
    """The survey's two claims."""
    pairs = {
        data: [
            rows.value(system, data, LEFT_OUT, MEAN, "AUPRC") for system in ("EGBAD", "GANomaly")
        ]
        for data in (_MNIST, _FASHION)
    }
    beats = all(egbad > ganomaly for egbad, ganomaly in pairs.values())
    shown = " and ".join(f"{a:.3f} and {b:.3f} on {data}" for data, (a, b) in pairs.items())
    anogan, egbad = (
        rows.value(system, "random images", "one core", "any", "scoring ms an image")
        for system in ("AnoGAN", "EGBAD")
    )
    verdict = "beats" if beats else "does not beat"
    return (
        f"Leaving one class out, EGBAD {verdict} GANomaly in mean AUPRC, {shown}; the survey says "
        f"that it does. It scores {anogan / egbad:.0f} times as fast as AnoGAN with 50 steps of "
        f"search, {egbad:.2f} ms an image and {anogan:.1f} ms."
    )


def _worth(rows: _Rows) -> str:
    """On which images a GAN is worth its compute: where it is ahead of what trains nothing."""
    gans = [system for system in industrial.SYSTEMS if system not in _PLAIN]
    ahead, behind = [], []
    for category in CATEGORIES:
        gan, plain = (_best(rows, category, systems) for systems in (gans, _PLAIN))
        spread = (gan["std"] or 0.0) + (plain["std"] or 0.0)
        shown = ", ".join(f"{row['system']} {row['ours']:.3f}" for row in (gan, plain))
        (ahead if gan["ours"] > plain["ours"] + spread else behind).append(f"{category} ({shown})")
    worth = ", ".join(ahead) or "none of these"
    rest = f" On {', '.join(behind)} it is not." if behind else ""
    return (
        "A GAN is worth its compute where the best of the three on test is ahead of PCA and the "
        f"nearest neighbour by more than the spread of the divisions: {worth}.{rest}"
    )


def _best(rows: _Rows, category: str, systems: Sequence[str]) -> Entry:
    found = [
        rows.find(system, "MVTec AD", MVTEC_ONE_CLASS, category, "image AUROC")
        for system in systems
    ]
    return max(found, key=lambda row: float(row["ours"]))


def _supervised(rows: _Rows) -> str:
    """The document's question, on the same test images."""
    systems = (student_mvtec.PLAIN, "KD-CAE", student_mvtec.WITH)
    parts = []
    for category in CATEGORIES:
        both = f"{MVTEC_ONE_CLASS} and {MVTEC_SUPERVISED}"
        of = ("MVTec AD", both, category, "AUROC on common test images")
        values = [f"{rows.value(system, *of):.3f}" for system in systems]
        parts.append(f"{category} {', '.join(values)}")
    return (
        "Supervised against unsupervised, AUROC on the same test images of the CNN, which is told "
        f"40% of the defects, of KD-CAE and of NI-CAE: {'; '.join(parts)}."
    )


_SENTENCES: Mapping[str, Sequence[Callable[[_Rows], str]]] = {
    kim.DOCUMENT: (_searched,),
    survey.DOCUMENT: (_egbad,),
    industrial.DOCUMENT: (_worth,),
    student_mvtec.DOCUMENT: (_supervised,),
}
