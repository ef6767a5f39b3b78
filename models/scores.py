"""Scores that are weighted sums of score parts, as detectors declare them. Torch-free.

A score has one or several candidates. Where there are several, validation chooses: settings such as
AnoGAN's lambda need no training of their own.
"""

from __future__ import annotations

from collections.abc import Mapping

Weights = Mapping[str, float]
"""Of a sum of score parts, by the parts' names."""
Candidates = tuple[Weights, ...]
Scores = Mapping[str, Candidates]
"""By the word that the hyperparameter `score` takes for them."""


def blends(first: str, second: str, steps: int = 20) -> Candidates:
    """Return (1 - share) first + share second, for shares from 0 to 1."""
    shares = [step / steps for step in range(steps + 1)]
    return tuple({first: 1 - share, second: share} for share in shares)


def one_of(*parts: str) -> Candidates:
    """Return each part alone."""
    return tuple({part: 1.0} for part in parts)
