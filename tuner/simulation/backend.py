"""A backend with a virtual clock: workers that train in no time, in the order of their epochs."""

import heapq
from dataclasses import dataclass, field

from tuner.engine.attempt import Attempt, Report
from tuner.engine.engine import Engine, NoAttempt
from tuner.simulation.curves import Curves, NoEpoch


@dataclass
class VirtualClock:
    """Seconds since 1970 that only move when a simulated epoch ends."""

    now: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@dataclass
class SimulatedBackend:
    """Works through an engine's attempts with so many `workers`, each an epoch at a time.

    The engine's clock must be `clock`. An epoch's end is `seconds` of its row after the one before;
    of several that end at once, the one that began first is heard first.
    """

    curves: Curves
    workers: int
    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        self._begun = 0
        self._ends: list[tuple[float, int, str, Attempt, Report]] = []

    def take_over(self, attempt_id: str, attempt: Attempt, end: float | None) -> None:
        """Go on with an attempt that the engine has handed out elsewhere.

        `end` is when its next epoch ends; None if that follows from the epoch, begun now.
        """
        epoch = attempt.recorded_epochs + 1
        self._train(attempt_id, attempt, epoch, end)

    def run(self, engine: Engine) -> None:
        """Until the engine has no attempt left, or stops."""
        while True:
            finished = self._hand_out(engine)
            if engine.stopping:
                self._let_go(engine)
                return
            if finished:
                return
            self._next_end(engine)

    def _hand_out(self, engine: Engine) -> bool:
        """Give each free worker an attempt; whether there is none left and none under way."""
        while len(self._ends) < self.workers:
            attempt_id = f"attempt-{self._begun}"
            attempt = engine.next_attempt(attempt_id)
            if isinstance(attempt, NoAttempt):
                return attempt is NoAttempt.FINISHED
            self._train(attempt_id, attempt, attempt.recorded_epochs + 1)
        return False

    def _train(
        self, attempt_id: str, attempt: Attempt, epoch: int, end: float | None = None
    ) -> None:
        told = self.curves.epoch(attempt.hyperparameters, attempt.seed, epoch)
        if isinstance(told, NoEpoch):
            report, seconds = Report(outcome=told.outcome, reason=told.reason), 0.0
        else:
            report, seconds = Report(outcome="epoch", row=told), told.seconds
        at = self.clock.now + seconds if end is None else end
        heapq.heappush(self._ends, (at, self._begun, attempt_id, attempt, report))
        self._begun += 1

    def _next_end(self, engine: Engine) -> None:
        self.clock.now, _, attempt_id, attempt, report = heapq.heappop(self._ends)
        decision = engine.report(attempt_id, report)
        if report.row is not None and decision.action == "continue":
            self._train(attempt_id, attempt, report.row.epoch + 1)
        else:
            engine.attempt_over(attempt_id)

    def _let_go(self, engine: Engine) -> None:
        for _, _, attempt_id, _, _ in self._ends:
            engine.attempt_over(attempt_id)
        self._ends.clear()
