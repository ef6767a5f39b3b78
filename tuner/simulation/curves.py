"""What simulated training comes to: an epoch of a configuration, computed or looked up."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from models.hyperparameters import Value
from tuner.record.trials import EpochRow


@dataclass(frozen=True, kw_only=True)
class NoEpoch:
    """Training that comes to no further epoch: it diverges or fails, and why."""

    outcome: Literal["diverged", "error"]
    reason: str


class Curves(Protocol):
    """Says how a configuration would train. A function: the same question, the same answer."""

    def epoch(
        self, hyperparameters: Mapping[str, Value], seed: int, epoch: int
    ) -> EpochRow | NoEpoch:
        """The row of an epoch, counted from 1; `seconds` are those that it would have taken."""


@dataclass(frozen=True, kw_only=True)
class Formula:
    """Curves that rise to a level which depends on how far a configuration is from the best one.

    `best` names hyperparameters and their best values; distances are of logarithms where both are
    above 0. A trial's own luck has the standard deviation `noise`, an epoch's half of it.
    """

    best: Mapping[str, float]
    level: float = 0.97
    noise: float = 0.003
    seconds: float = 10.0

    def epoch(self, hyperparameters: Mapping[str, Value], seed: int, epoch: int) -> EpochRow:
        """AUROC and AUPRC alike."""
        distance = math.hypot(*(self._distance(name, hyperparameters) for name in self.best))
        luck = random.Random(seed).gauss(0, self.noise)
        luck += random.Random(f"{seed}/{epoch}").gauss(0, self.noise / 2)
        rise = 0.05 * (1 + distance) * 0.6**epoch
        value = min(1.0, max(0.0, self.level - 0.03 * distance - rise + luck))
        metrics = dict.fromkeys(("auroc", "auprc"), value)
        return EpochRow(
            epoch=epoch,
            metrics=metrics,
            losses={},
            seconds=self.seconds,
            worker="simulated",
        )

    def _distance(self, name: str, hyperparameters: Mapping[str, Value]) -> float:
        value, best = float(hyperparameters[name]), self.best[name]
        if value > 0 and best > 0:
            return abs(math.log(value / best)) / 2
        return abs(value - best)
