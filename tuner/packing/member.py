"""One trial's place in a pack: what is trained of it, what was taken, what was reported."""

from collections import deque

from tuner.engine.attempt import Attempt, Report
from tuner.record.trials import EpochRow
from tuner.worker.progress import Progress, TrainedEpoch


class Member:
    """An attempt that a pack works on; only the pack's own lock keeps its threads apart.

    `untaken` are epochs that nobody has fetched yet, `ended` is why there will be no further one.
    """

    def __init__(self, attempt: Attempt, epochs: int) -> None:
        self.attempt = attempt
        self.progress: Progress | None = None
        self.untaken: deque[TrainedEpoch] = deque()
        self.ended: Report | None = None
        self.asking = False
        self.left = False
        self._reported = attempt.recorded_epochs
        self._known: list[EpochRow] = []
        self._most_epochs = epochs

    def opened(self, progress: Progress) -> None:
        """Take on what the trial's checkpoint holds; from now on it may have a lane."""
        self._known = list(progress.rows)
        self.progress = progress

    @property
    def wants_lane(self) -> bool:
        """Whether it is ready to train and has not ended."""
        return self.progress is not None and not self.left and self.ended is None

    @property
    def wants_epoch(self) -> bool:
        """Whether its lane shall train: up to one epoch that nobody has asked for yet."""
        if not self.wants_lane or self.progress is None:
            return False
        ahead = len(self.untaken) - int(self.asking)
        more = len(self.progress.rows) < max(self._most_epochs, self._reported + 1)
        return more and ahead < 1

    @property
    def outcome(self) -> bool:
        """Whether there is something for the one who asks."""
        return bool(self.untaken) or self.ended is not None

    def taken(self, epoch: TrainedEpoch) -> None:
        """`epoch` is on disk."""
        self._known.append(epoch.row)

    def next_row(self) -> EpochRow | None:
        """The first row that the record does not have, if it is on disk; it counts as reported."""
        if len(self._known) <= self._reported:
            return None
        self._reported += 1
        return self._known[self._reported - 1]
