"""What a split has, said in a line, and what is doubtful about figures made on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.data.config import DataConfig
    from models.data.split import Split

LEAST_OF_A_KIND = 20
"""Fewer validation images of a kind than that, and a figure on them says little."""


def split_text(config: DataConfig, split: Split) -> str:
    """Say how many images fit and validation have."""
    validation = f"{len(split.validation_normals):,} normal and {_anomalies(config, split)}"
    return (
        f"fit {len(split.fit_normals):,} normal and {len(split.fit_anomalies):,} anomalous, "
        f"validation {validation}"
    )


def _anomalies(config: DataConfig, split: Split) -> str:
    if config.validation == "synthetic":
        return f"{synthetic_count(config, split):,} synthetic anomalies made of them"
    return f"{len(split.validation_anomalies):,} anomalous"


def synthetic_count(config: DataConfig, split: Split) -> int:
    """How many synthetic anomalies validation has: as many as normals, or as many as are asked."""
    return min(len(split.validation_normals), config.validation_anomalies)


def warnings(config: DataConfig, split: Split) -> Iterator[str]:
    """What makes the figures of a search doubtful."""
    normals, anomalies = len(split.validation_normals), len(split.validation_anomalies)
    if config.validation == "synthetic":
        yield (
            "All validation figures are on synthetic anomalies: they rank configurations, and say "
            "little of how many real defects will be found."
        )
        anomalies = synthetic_count(config, split)
    few = [
        f"{count} {kind}"
        for count, kind in ((normals, "normal"), (anomalies, "anomalous"))
        if count < LEAST_OF_A_KIND
    ]
    if few:
        yield (
            f"Validation has {' and '.join(few)} images, fewer than {LEAST_OF_A_KIND}: differences "
            "between trials are mostly chance. More images help."
        )
