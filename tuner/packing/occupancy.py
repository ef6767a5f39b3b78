"""How well the lanes of packs were used."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Occupancy:
    """Lanes times epochs: all that were computed, those of a trial, those of them thrown away."""

    trained: int = 0
    used: int = 0
    dropped: int = 0

    def __add__(self, other: "Occupancy") -> "Occupancy":
        return Occupancy(
            trained=self.trained + other.trained,
            used=self.used + other.used,
            dropped=self.dropped + other.dropped,
        )

    def __str__(self) -> str:
        if not self.trained:
            return "no epoch was trained"
        share, wasted = self.used / self.trained, self.dropped / self.trained
        return f"{share:.0%} of the lanes' epochs had a trial in them, {wasted:.0%} nobody wanted"
