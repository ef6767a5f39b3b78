"""The contract of what runs a search's attempts."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from tuner.engine.attempt import Attempt, Report
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine, NoAttempt
from tuner.record.journal import read_journal
from tuner.record.run_folder import RunFolder
from tuner.record.trials import Decision
from tuner.replay.comparison import replay
from tuner.space import Space

SLOTS = 2


class Watched(Engine):
    """An engine that keeps what a backend asks of it and says to it."""

    interrupt_after: int | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.handed_out: dict[str, Attempt] = {}
        self.most_at_once = 0
        self.reported: list[str] = []
        self.told_to_end: set[str] = set()
        self.let_go: list[str] = []
        super().__init__(*arguments, **options)

    def next_attempt(self, attempt_id: str) -> Attempt | NoAttempt:
        """Keep what is handed out."""
        attempt = super().next_attempt(attempt_id)
        if isinstance(attempt, Attempt):
            assert attempt_id not in self.handed_out, f"{attempt_id} is two attempts"
            self.handed_out[attempt_id] = attempt
            self.most_at_once = max(self.most_at_once, len(self.handed_out) - len(self.let_go))
        return attempt

    def report(self, attempt_id: str, report: Report) -> Decision:
        """Keep what is reported."""
        assert attempt_id not in self.told_to_end, f"{attempt_id} was told to end"
        assert attempt_id not in self.let_go, f"{attempt_id} was let go"
        self.reported.append(attempt_id)
        decision = super().report(attempt_id, report)
        if decision.action != "continue":
            self.told_to_end.add(attempt_id)
        if len(self.reported) == self.interrupt_after:
            self.interrupt()
        return decision

    def attempt_over(self, attempt_id: str, cause: str = "", *, out_of_reach: bool = False) -> None:
        """Keep who was let go: a backend may say so twice."""
        if attempt_id in self.handed_out and attempt_id not in self.let_go:
            self.let_go.append(attempt_id)
        super().attempt_over(attempt_id, cause, out_of_reach=out_of_reach)


class BackendContract(ABC):
    """`work` runs an engine's attempts, whose training may be made up."""

    @abstractmethod
    def work(self, engine: Engine, space: Space, folder: Path) -> None:
        """Run until the engine has no attempt left, or stops."""

    def space(self, **changes: Any) -> Space:
        """What is searched: 8 trials of 4 epochs, of which most are paused or stopped."""
        written = {
            "detector": "two-discriminator-gan",
            "data": {"dataset": "digits", "normal": [0]},
            "search": {"abc_weight": {"log": [0.1, 5]}, "patch_n": {"int": [1, 9]}},
            "trials": 8,
            "epochs": 4,
        }
        return Space.model_validate({**written, **changes})

    def engine(self, space: Space, folder: Path, slots: int = SLOTS) -> Watched:
        """One on a record of its own."""
        scheduler = make_scheduler(space)
        return Watched(space, RunFolder(folder), scheduler=scheduler, slots=slots)

    def test_a_trial_would_be_left_over_or_more_run_than_there_are_slots(
        self, tmp_path: Path
    ) -> None:
        """Whether trials are stopped or wait."""
        for kind in ("stop", "promote"):
            folder = tmp_path / kind
            folder.mkdir()
            space = self.space(scheduler={"type": kind})
            engine = self.engine(space, folder)
            self.work(engine, space, folder)
            engine.close()
            assert engine.finished, f"{kind}: trials are left"
            assert engine.most_at_once <= SLOTS
            assert set(engine.let_go) >= engine.told_to_end, "an attempt is never let go"
            assert replay(RunFolder(folder).journal).difference is None

    def test_an_interrupted_search_would_go_on_or_lose_what_is_recorded(
        self, tmp_path: Path
    ) -> None:
        """What was under way is a resume's matter."""
        space = self.space(scheduler={"type": "promote"})
        engine = self.engine(space, tmp_path)
        engine.interrupt_after = 7
        self.work(engine, space, tmp_path)
        engine.close()
        assert 7 <= len(engine.reported) <= 7 + SLOTS
        assert not engine.finished
        before = read_journal(RunFolder(tmp_path).journal)
        again = self.engine(space, tmp_path)
        self.work(again, space, tmp_path)
        again.close()
        assert again.finished
        assert read_journal(RunFolder(tmp_path).journal)[: len(before)] == before
