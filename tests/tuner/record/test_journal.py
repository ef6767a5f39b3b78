import json
import os
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.tuner.fake_trials import event, row
from tuner.errors import TunerError
from tuner.record.events import encode
from tuner.record.journal import SYNC_S, Journal, JournalError, read_journal

EVENTS = [
    event("driver", resumed=False, slots=1, space={}),
    *(event("listener_failed", time=float(n), listener="w", error="é\n" * n) for n in range(3)),
]
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
    content[40] ^= 1
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"damaged at line 1 of 4"):
        read_journal(path)


def test_a_last_line_that_is_whole_and_altered_would_be_cut_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    content = bytearray(written(path))
    content[-10] ^= 1
    path.write_bytes(content)
    for opened in (read_journal, Journal):
        with pytest.raises(JournalError, match=r"damaged at line 4 of 4: it was altered"):
            opened(path)
    assert path.read_bytes() == content


LINES = 6


def chained(path: Path) -> list[bytes]:
    journal = Journal(path)
    journal.append(EVENTS[0])
    for number in range(1, LINES):
        journal.append(event("listener_failed", time=1.0, listener="w", error=str(number % 2)))
    journal.close()
    return path.read_bytes().splitlines(keepends=True)


def missing(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], *lines[at + 1 :]]


def doubled(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[: at + 1], *lines[at:]]


def exchanged(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]


def altered(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], lines[at].replace(b"listener", b"Listener"), *lines[at + 1 :]]


@pytest.mark.parametrize(
    ("damage", "after", "why"),
    [
        (missing, 1, "it is line {next}: line {line} is missing"),
        (doubled, 1, "it is line {before} once more"),
        (exchanged, 1, "it is line {next}, and line {line} stands further down"),
        (altered, 0, "it was altered, or line {before} before it"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_line_that_is_not_the_one_written_there_would_pass_or_be_another(
    tmp_path: Path, damage: Callable[[list[bytes], int], list[bytes]], after: int, why: str
) -> None:
    path = tmp_path / "events.jsonl"
    lines = chained(path)
    for at in range(1, LINES - 1):
        path.write_bytes(b"".join(damage(lines, at)))
        line = at + 1 + (after if damage is doubled else 0)
        said = why.format(line=line, before=line - 1, next=line + 1)
        with pytest.raises(JournalError, match=f"at line {line} of .*: {said}"):
            read_journal(path)


def test_a_gap_of_several_lines_would_be_told_as_one(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = chained(path)
    path.write_bytes(b"".join(lines[:2] + lines[4:]))
    with pytest.raises(JournalError, match="it is line 5: lines 3 to 4 are missing"):
        read_journal(path)


def test_a_line_of_another_journal_with_the_same_number_would_pass(tmp_path: Path) -> None:
    first, second = chained(tmp_path / "a"), chained(tmp_path / "b")
    assert first == second
    journal = Journal(tmp_path / "c")
    journal.append(event("driver", resumed=True, slots=1, space={}))
    journal.append(EVENTS[1])
    journal.close()
    of_another = (tmp_path / "c").read_bytes().splitlines(keepends=True)[1]
    (tmp_path / "a").write_bytes(b"".join([first[0], of_another, *first[2:]]))
    with pytest.raises(JournalError, match="line 2 of"):
        read_journal(tmp_path / "a")


def earlier(path: Path) -> list[bytes]:
    """The lines of `chained` as versions before the chain wrote them."""
    bodies = [line.split(b" ", 3)[3].rstrip(b"\n") for line in chained(path)]
    return [b"%d %08x %s\n" % (len(body), zlib.crc32(body), body) for body in bodies]


def test_an_earlier_record_would_not_be_read_or_not_be_proved_by_what_is_appended(
    tmp_path: Path,
) -> None:
    path = tmp_path / "events.jsonl"
    lines = earlier(path)
    path.write_bytes(b"".join(lines))
    assert len(read_journal(path)) == LINES
    journal = Journal(path)
    journal.append(ENDED)
    journal.close()
    content = path.read_bytes()
    assert content.startswith(b"".join(lines) + b"%d " % (LINES + 1))
    assert read_journal(path)[-1] == ENDED
    last = content.splitlines(keepends=True)[-1]
    for damaged in (missing(lines, 2), doubled(lines, 2), exchanged(lines, 2)):
        path.write_bytes(b"".join([*damaged, last]))
        with pytest.raises(JournalError, match=r"is damaged at line \d of"):
            read_journal(path)
    length, checksum, body = lines[1].split(b" ", 2)
    turned = b" ".join([length, checksum, body.swapcase()])
    path.write_bytes(b"".join([lines[0], turned, *lines[2:]]))
    with pytest.raises(JournalError, match=r"line 2 of .* its length or checksum is wrong"):
        read_journal(path)
    path.write_bytes(b"".join([*lines, last, lines[-1]]))
    with pytest.raises(JournalError, match=f"line {LINES + 2} of .* is of an earlier version"):
        read_journal(path)


def test_what_is_said_of_a_damaged_line_would_not_mend_it(tmp_path: Path) -> None:
    folder = tmp_path / "a run; touch b"
    folder.mkdir()
    path = folder / "events.jsonl"
    path.write_bytes(b"".join(missing(chained(path), 3)))
    with pytest.raises(JournalError) as caught:
        read_journal(path)
    subprocess.run(str(caught.value).splitlines()[-1], shell=True, check=True, cwd=tmp_path)
    assert len(read_journal(path)) == 3
    assert sorted(each.name for each in tmp_path.iterdir()) == [folder.name]


def test_a_journal_that_is_no_file_would_end_in_a_traceback_or_never(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.mkdir()
    with pytest.raises(TunerError, match=r"events\.jsonl is a folder"):
        read_journal(path)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(TunerError, match=r"events\.jsonl is no ordinary file"):
        read_journal(path)


def test_a_number_that_json_cannot_hold_would_be_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Journal(tmp_path / "events.jsonl").append(event("hung", attempt=1, silent_s=float("nan")))


@pytest.mark.parametrize(
    ("left_out", "why"),
    [
        (0, "no driver has started before it"),
        (1, "trial 0 was not asked for before it"),
        (2, "it is of attempt at trial 0 number 2, and 1 would come next"),
        (3, "it is of epoch of trial 0 number 2, and 1 would come next"),
    ],
)
def test_a_line_that_an_earlier_record_lacks_would_show_in_a_key_error_or_not_at_all(
    tmp_path: Path, left_out: int, why: str
) -> None:
    """No chain tells of it: the events themselves do."""
    metrics = asdict(row(1, 0.5))
    decided = {"decision": {"action": "continue", "reason": ""}}
    events = [
        event("driver", resumed=False, slots=1, space={}),
        event("asked", hyperparameters={}),
        event("attempt", attempt=1, from_epoch=0),
        event("epoch", **metrics, **decided),
        event("attempt", attempt=2, from_epoch=1),
        event("epoch", **{**metrics, "epoch": 2}, **decided),
        event("ended", state="complete", reason=""),
    ]
    path = tmp_path / "events.jsonl"
    for number, each in enumerate(events):
        if number != left_out:
            body = json.dumps(encode(each)).encode()
            with path.open("ab") as file:
                file.write(b"%d %08x %s\n" % (len(body), zlib.crc32(body), body))
    with pytest.raises(JournalError, match=why):
        read_journal(path)


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
