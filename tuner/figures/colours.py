"""The colours of contenders and of trials, the same in every picture and on the page."""

from tuner.figures.metrics import AUTOENCODER, BEST, DEFAULTS, ENSEMBLE, PCA

ALARM = "#c2410c"
"""What is flagged, and what went wrong."""
GUIDE = "#8a94a0"
"""Lines that are no data: rungs, chance."""
BEST_TRIAL = "#d1495b"
COMPLETE, STOPPED, DIVERGED = "#4a86c5", "#a4a9b0", "#e0a030"
"""Trials that ran to their end, that were stopped or wait, that diverged or failed."""
PUBLISHED = ("#2a7f62", "#6a4c93", "#00798c", "#8d6a00")
"""The trials of published sets, one after the other."""
_CONTENDERS = {
    BEST: "#1d5fd1",
    ENSEMBLE: "#12305f",
    DEFAULTS: "#2a9d6f",
    AUTOENCODER: "#e07b17",
    PCA: "#b0308f",
    "random": "#8a94a0",
}
_SPARE = "#7b4fb5"


def contender_colour(key: str) -> str:
    """That of a contender by its key in metrics.json."""
    return _CONTENDERS.get(key, _SPARE)
