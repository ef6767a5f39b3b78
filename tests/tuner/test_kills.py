"""`kill -9` of the real driver right after an event of each kind, then --resume."""

import signal
from pathlib import Path

import pytest

from tests.tuner.killed_searches import check_whole, search
from tuner.record.history import History
from tuner.record.journal import read_journal


@pytest.mark.long
@pytest.mark.parametrize(("kind", "nth"), [("asked", 3), ("epoch", 4), ("ended", 1)])
def test_a_driver_killed_after_an_event_would_lose_or_repeat_something(
    tmp_path: Path, kind: str, nth: int
) -> None:
    killed = search(tmp_path, "-m", "tests.tuner.killing_driver", kind, str(nth))
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    before = History(read_journal(tmp_path / "killed" / "events.jsonl"))
    resumed = search(tmp_path, "-m", "tuner.search")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    after = History(read_journal(tmp_path / "killed" / "events.jsonl"))
    for number, trial in before.trials.items():
        assert after.trials[number].rows[: trial.epochs] == trial.rows
        assert after.trials[number].hyperparameters == trial.hyperparameters
    check_whole(tmp_path / "killed")
