"""A journal read while it is written."""

from pathlib import Path

import pytest

from tests.tuner.simulated import small_space
from tests.tuner.test_simulation import FORMULA
from tuner.record.journal import JournalError, read_journal
from tuner.record.journal_tail import JournalTail
from tuner.simulation.search import simulate


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tail") / "run"
    simulate(small_space(trials=6), folder, FORMULA, workers=2)
    return folder / "events.jsonl"


@pytest.mark.parametrize("step", [1, 97, 1000])
def test_an_event_would_be_missed_or_told_twice(tmp_path: Path, journal: Path, step: int) -> None:
    data, growing = journal.read_bytes(), tmp_path / "events.jsonl"
    tail = JournalTail(growing)
    assert tail.new_events() == []
    found = []
    with growing.open("ab", buffering=0) as file:
        for start in range(0, len(data), step):
            file.write(data[start : start + step])
            found += tail.new_events()
    assert found == read_journal(journal)


def test_a_line_that_was_altered_would_be_believed(tmp_path: Path, journal: Path) -> None:
    lines, growing = journal.read_bytes().splitlines(keepends=True), tmp_path / "events.jsonl"
    growing.write_bytes(b"".join(lines[:5]))
    tail = JournalTail(growing)
    tail.new_events()
    growing.write_bytes(b"".join([*lines[:5], lines[5].replace(b"0", b"1", 1), *lines[6:]]))
    with pytest.raises(JournalError, match="line 6"):
        tail.new_events()


def test_a_record_that_was_replaced_would_be_read_on(tmp_path: Path, journal: Path) -> None:
    growing = tmp_path / "events.jsonl"
    growing.write_bytes(journal.read_bytes())
    tail = JournalTail(growing)
    tail.new_events()
    growing.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(JournalError, match="shorter"):
        tail.new_events()
