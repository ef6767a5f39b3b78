"""Why a detector and its validation were chosen, or refused, in sentences for people."""

from __future__ import annotations

from tuner.cli.text import counted
from tuner.new.split_counts import LEAST_BAD, LEAST_VALIDATION, Counts

OF_NORMALS, OF_BOTH = "autoencoder", "two-discriminator-gan"
"""What is proposed for good pictures alone, and where enough bad ones are known."""
KNOWN_WANTED = 100
"""Bad pictures for fit, from which on a detector that learns from them is proposed."""


def refusal(detector: str, plain: Counts, known: Counts | None) -> str:
    """Why a detector that learns from bad pictures cannot take these.

    `plain` are the counts without known anomalies, `known` with them, None where they do not do.
    """
    given = "there are none" if not plain.bad else f"of {plain.bad:,} here"
    if plain.bad and known is not None:
        given += f", {known.fit_bad:,} would be for fit and {known.validation_bad:,} for validation"
    elif plain.bad:
        given += " too few are left for validation"
    return (
        f"--detector: {detector} learns from known bad pictures, and others are needed to choose "
        f"by: at least 1 for fit and {LEAST_VALIDATION} for validation; {given}. Add more, or take "
        f"a detector of good pictures alone: --detector {OF_NORMALS}"
    )


def why_known(detector: str, known: Counts, *, asked: bool) -> str:
    """Why a detector that learns from bad pictures too."""
    text = (
        f"{known.fit_bad:,} known bad pictures can be in fit and {known.validation_bad:,} others "
        "in validation, so it learns from both kinds"
    )
    other = f"for good pictures alone: --detector {OF_NORMALS}"
    if asked:
        return f"Detector: {detector}, as you asked: {text}."
    return f"Detector: {detector}, since {text} ({other})."


def why_normals(detector: str, known: Counts | None, plain: Counts, *, asked: bool) -> str:
    """Why a detector of good pictures alone."""
    if asked:
        return f"Detector: {detector}, as you asked; it learns from good pictures alone."
    if not plain.bad:
        return f"Detector: {detector}, since it learns from good pictures alone."
    fit_bad = known.fit_bad if known is not None else 0
    some = known is not None and known.can_validate and known.fit_bad
    other = f" (it would take these: --detector {OF_BOTH})" if some else ""
    return (
        f"Detector: {detector}, which learns from good pictures alone: of {plain.bad:,} bad ones "
        f"{fit_bad:,} could be in fit, and learning from bad ones wants {KNOWN_WANTED}{other}."
    )


def why_synthetic(plain: Counts, labelled: Counts | None) -> str:
    """Why validation's anomalies are made; `labelled` is what they would be otherwise."""
    if not plain.bad:
        return (
            "Validation: synthetic anomalies, made of held-out good pictures, since no bad ones "
            "are known. All figures, those of retrain too, are then on synthetic anomalies."
        )
    found = labelled.validation_bad if labelled is not None else 0
    few = f"{counted(plain.bad, 'bad picture')}"
    if plain.bad >= LEAST_BAD:
        few += f", of which validation would get {found}"
    return (
        f"Validation: synthetic anomalies, made of held-out good pictures, since {few}: too few to "
        f"choose by. {counted(plain.test_bad, 'bad one')} left for test, where none is seen before."
    )
