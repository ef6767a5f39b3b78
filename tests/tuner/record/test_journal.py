import os
from pathlib import Path

import pytest

from tests.tuner.fake_trials import event
from tuner.record.journal import SYNC_S, Journal, JournalError, read_journal

EVENTS = [event("ended", n, float(n), state="failed", reason="é\n" * n) for n in range(4)]
ENDED = event("closed", finished=True)


def written(path: Path) -> bytes:
    journal = Journal(path)
    for each in EVENTS:
        journal.append(each)
    journal.close()
    return path.read_bytes()


def test_an_event_would_come_back_changed(tmp_path: Path) -> None:
    written(tmp_path / "events.jsonl")
    assert read_journal(tmp_path / "events.jsonl") == EVENTS


def test_a_kill_at_any_byte_would_cost_a_whole_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    content = written(path)
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        whole = sum(end <= length for end in ends)
        assert read_journal(path) == EVENTS[:whole]


def test_writing_after_a_kill_would_join_the_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(written(path)[:-5])
    journal = Journal(path)
    journal.append(ENDED)
    journal.close()
    assert read_journal(path) == [*EVENTS[:3], ENDED]


def test_a_flipped_bit_would_pass_unseen(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    content = bytearray(written(path))
    content[20] ^= 1
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"damaged at line 1 of 4"):
        read_journal(path)


def test_a_number_that_json_cannot_hold_would_be_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Journal(tmp_path / "events.jsonl").append(event("hung", attempt=1, silent_s=float("nan")))


def test_a_power_cut_would_cost_more_than_the_last_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, path, safe = 0.0, tmp_path / "events.jsonl", [0]
    real = os.fsync

    def fsync(handle: int) -> None:
        real(handle)
        safe.append(os.fstat(handle).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    journal = Journal(path, clock=lambda: now)
    for second in range(10):
        now = float(second)
        before = path.stat().st_size
        journal.append(event("paused", second))
        assert safe[-1] >= before or second % SYNC_S
    journal.close()
    assert safe[-1] == path.stat().st_size
    assert len(safe) <= 1 + 10 / SYNC_S + 1
