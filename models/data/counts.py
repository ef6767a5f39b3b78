"""How many images a one-vs-rest split has, and how many a part is judged on. Torch-free.

So a configuration that asks for more than there is can be refused before any image is read; the
split itself asks here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.data.config import DataConfig, known_classes
from models.data.registry import DATASETS

if TYPE_CHECKING:
    from models.data.split import Split

FIT_PERCENT = 80
LEAST_OF_A_KIND = 20
"""Fewer images of a kind than that, and a figure on them says little."""


@dataclass(frozen=True, kw_only=True)
class JudgingCounts:
    """Images of each kind that a part is judged on."""

    normals: int
    anomalies: int

    @property
    def few(self) -> str:
        """What there is too little of, as "4 anomalous"; "" where there is enough of both."""
        kinds = ((self.normals, "normal"), (self.anomalies, "anomalous"))
        return " and ".join(f"{count} {kind}" for count, kind in kinds if count < LEAST_OF_A_KIND)


def validation_counts(config: DataConfig, split: Split) -> JudgingCounts:
    """Those of validation; of synthetic anomalies as many as normals, or as many as are asked."""
    normals, anomalies = len(split.validation_normals), len(split.validation_anomalies)
    if config.validation == "synthetic":
        anomalies = min(normals, config.validation_anomalies)
    return JudgingCounts(normals=normals, anomalies=anomalies)


def least_counts(config: DataConfig, splits: Sequence[Split]) -> JudgingCounts:
    """Of several splits the fewest of each kind."""
    counts = [validation_counts(config, split) for split in splits]
    return JudgingCounts(
        normals=min(each.normals for each in counts),
        anomalies=min(each.anomalies for each in counts),
    )


@dataclass(frozen=True, kw_only=True)
class FitCounts:
    """Images of the fit side: normals that can be taken, and anomalies to choose from."""

    normals: int
    candidates: int

    def normals_problem(self, config: DataConfig) -> str:
        """What is wrong with `fit_normals`, or ""."""
        if config.fit_normals is None or config.fit_normals <= self.normals:
            return ""
        return (
            f"fit_normals: {config.fit_normals:,} is more than the {self.normals:,} normal images "
            "of the fit split; lower it, or leave it out to take all"
        )

    def ratio_problem(self, config: DataConfig) -> str:
        """What is wrong with `anomalies_per_normal`, or ""."""
        normals, wanted = self.normals_taken(config), self.anomalies_taken(config)
        if wanted <= self.candidates:
            return ""
        return (
            f"anomalies_per_normal: {config.anomalies_per_normal:g} asks for {wanted:,} known "
            f"anomalies to {normals:,} normals, and the fit split has {self.candidates:,}; "
            f"at most {self.candidates / normals:g} is possible"
        )

    def clusters_problem(self, config: DataConfig) -> str:
        """What is wrong with `clusters`, or ""."""
        if not self.anomalies_taken(config) or config.clusters <= self.candidates:
            return ""
        return (
            f"clusters: {config.clusters} is more than the {self.candidates:,} anomalous images "
            "of the fit split; lower it"
        )

    def problems(self, config: DataConfig) -> dict[str, str]:
        """What is wrong, by the field of the configuration."""
        if text := self.normals_problem(config):
            return {"fit_normals": text}  # the others follow from it
        found = {
            "anomalies_per_normal": self.ratio_problem(config),
            "clusters": self.clusters_problem(config),
        }
        return {field: text for field, text in found.items() if text}

    def normals_taken(self, config: DataConfig) -> int:
        """How many normals the configuration trains on."""
        return self.normals if config.fit_normals is None else config.fit_normals

    def anomalies_taken(self, config: DataConfig) -> int:
        """How many known anomalies the configuration trains on."""
        return round(config.anomalies_per_normal * self.normals_taken(config))


def fit_counts(config: DataConfig) -> FitCounts | None:
    """The fit side of the configuration's data set; None where only its files tell."""
    dataset = DATASETS[config.dataset]
    if not dataset.training_counts:
        return None
    fit = [fit_share(count) for count in dataset.training_counts]
    normals = sum(fit[index] for index in config.normal_classes)
    seen = known_classes(config, dataset.class_names, config.normal_classes)
    known = sum(fit[index] for index in seen)
    return FitCounts(normals=normals, candidates=known)


def fit_share(count: int) -> int:
    """How many of a class's training images are fitted on; the others validate."""
    return round(count * FIT_PERCENT / 100)
