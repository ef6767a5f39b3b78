"""The driver's background thread: when it ends the search, and what it leaves alone."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.tuner.fake_trials import trial
from tuner.durability.background import BackgroundSync
from tuner.durability.lease import Lease, LeaseLost
from tuner.durability.retention import Retention
from tuner.record.trials import TrialView
from tuner.storage import local_storage


class TakenOver(Lease):
    looks = 0

    def check_held(self) -> None:
        self.looks += 1
        raise LeaseLost("Another driver has taken this search over: process 4711 on node-7")


class PromotedMeanwhile(Retention):
    """One that finds trial 1 promoted when it comes to drop what was paused."""

    background: BackgroundSync

    def __init__(self, folder: Path) -> None:
        super().__init__(
            local_storage(folder), limit=None, objective="auroc", slots=lambda: 1, say=print
        )
        self.dropped: list[int] = []

    def prune(
        self,
        ended: Sequence[TrialView],
        *args: Any,
        paused: Sequence[TrialView] = (),
        while_paused: Callable[[int, Callable[[], None]], None] | None = None,
        **more: Any,
    ) -> bool:
        if while_paused is not None and not self.dropped:
            self.background.trial_started(paused[0], 2)
            for each in paused:
                while_paused(each.number, lambda number=each.number: self.dropped.append(number))  # type: ignore[misc]
        return True


def test_a_driver_whose_run_was_taken_over_would_search_on(tmp_path: Path) -> None:
    said, stopped = list[str](), threading.Event()
    lease = TakenOver(local_storage(tmp_path))
    background = BackgroundSync(
        PromotedMeanwhile(tmp_path), copies=None, lease=lease, say=said.append, stop=stopped.set
    )
    background.search_started([])
    assert stopped.wait(20)
    background.close()
    assert said == [
        "Another driver has taken this search over: process 4711 on node-7. This driver stops."
    ]
    assert lease.looks == 1, "it takes no further turn in a run that is another's"


def test_a_trial_that_was_promoted_meanwhile_would_begin_anew(tmp_path: Path) -> None:
    pruner = PromotedMeanwhile(tmp_path)
    background = BackgroundSync(pruner, copies=None, lease=None, say=print, stop=lambda: None)
    pruner.background = background
    background.search_started([trial(1, 0.7, state="paused"), trial(2, 0.8, state="paused")])
    background.close()
    assert pruner.dropped == [2]
