"""Which stage of its detector's training a lane is in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models.detectors.stage import ScoreParts, Stage
from models.stages import Shares, stage_at, stage_ends


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """A detector's stages over a number of epochs. Epochs are those done, so they count from 0."""

    stages: Sequence[Stage]
    shares: Shares
    epochs: int

    def by_stage(self, epochs: Sequence[int], places: Collection[int]) -> dict[int, list[int]]:
        """The places by the number of the stage that the next epoch of each belongs to."""
        if not self.stages:
            return {0: sorted(places)}
        found: dict[int, list[int]] = {}
        for place in sorted(places):
            number = stage_at(self.shares, self.epochs, epochs[place] + 1)
            found.setdefault(number, []).append(place)
        return found

    def name(self, number: int) -> str:
        """What the stage is called where there are several, else ""."""
        return self.stages[number].name if len(self.stages) > 1 else ""

    @property
    def longest(self) -> int:
        """The number of the stage that takes the largest share of the epochs."""
        shares = list(self.shares.values())
        return shares.index(max(shares))

    def begins(self, done: int) -> bool:
        """Whether the epoch after so many is the first of its stage."""
        return done == 0 or done in stage_ends(self.shares, self.epochs)[:-1]

    def score_parts(self, number: int) -> ScoreParts | None:
        """The score of the stage, where it has one of its own."""
        return self.stages[number].score_parts if self.stages else None

    def scored_stage(self, done: int) -> str:
        """The stage of the last of the epochs done, where it has a score of its own; else ""."""
        if not self.stages or not done:
            return ""
        stage = self.stages[stage_at(self.shares, self.epochs, done)]
        return stage.name if stage.score_parts is not None else ""

    def share_done(self, number: int, done: int) -> float:
        """The share of the stage that lies behind, below 1."""
        ends = (0, *stage_ends(self.shares, self.epochs))
        into = max(0, done - ends[number])
        return min(into / (ends[number + 1] - ends[number]), 1 - 1e-9)
