"""How a hyperparameter lies on an axis: its domain's scale, and its values as places on it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from models.hyperparameters import Value
from tuner.space.domains import Choice, Domain, Log, LogInt

_STEPS = (1, 2, 5)
_APART = 0.1  # of an axis: so far from its end the next tick leaves room for one there


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The axis of one hyperparameter; places on it are logarithms, values, or rows of a choice.

    `values` are those that are drawn on it: published ones may lie outside the domain.
    """

    name: str
    domain: Domain
    values: Sequence[Value] = ()

    @property
    def log(self) -> bool:
        """Whether places are logarithms to the base of 10."""
        return isinstance(self.domain, Log | LogInt)

    def place(self, value: Value) -> float:
        """Where a value lies; NaN for one that is not on the axis."""
        if isinstance(self.domain, Choice):
            values = self.domain.values
            return float(values.index(value)) if value in values else math.nan
        if isinstance(value, str) or (self.log and value <= 0):
            return math.nan
        return math.log10(value) if self.log else float(value)

    @property
    def ends(self) -> tuple[float, float]:
        """The first and the last place of the domain, or of the values where those lie outside."""
        if isinstance(self.domain, Choice):
            return 0.0, float(max(1, len(self.domain.values) - 1))
        low, high = self.searched
        drawn = [at for at in map(self.place, self.values) if math.isfinite(at)]
        return min([low, *drawn]), max([high, *drawn])

    @property
    def searched(self) -> tuple[float, float]:
        """The first and the last place of the domain."""
        if isinstance(self.domain, Choice):
            return self.ends
        return self.place(self.domain.low), self.place(self.domain.high)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places to be marked and their texts; none where numbers speak for themselves."""
        if isinstance(self.domain, Choice):
            return [(float(row), str(value)) for row, value in enumerate(self.domain.values)]
        return self._log_ticks() if self.log else []

    def _log_ticks(self) -> list[tuple[float, str]]:
        """Round numbers, and the ends: what lies outside the domain, or far from a round one."""
        low, high = self.ends
        found = _log_ticks(low, high)
        for end, limit in zip(self.ends, self.searched, strict=True):
            near = min((abs(end - at) for at, _ in found), default=math.inf)
            if end != limit or near > _APART * (high - low):
                found.append((end, f"{10**end:.3g}"))
        return found

    def settings(self) -> dict[str, object]:
        """The axis as Plotly takes it."""
        low, high = self.ends
        margin = 0.04 * (high - low)
        made: dict[str, object] = {
            "title": {"text": self.name},
            "range": [low - margin, high + margin],
        }
        if self.ticks:
            made |= {
                "tickvals": [at for at, _ in self.ticks],
                "ticktext": [t for _, t in self.ticks],
            }
        return made


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Powers of ten, with 2 and 5 between them where there are few."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    steps: Sequence[int] = (1,) if high - low > 2.5 else _STEPS
    places = [
        (math.log10(step) + decade, step * 10.0**decade) for decade in decades for step in steps
    ]
    return [(at, f"{value:g}") for at, value in places if low - 0.02 <= at <= high + 0.02]
