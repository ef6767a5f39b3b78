"""A search watched from another process: told event by event, and to its end."""

import fcntl
import os
import socket
import struct
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.tuner.simulated import Simulation, small_space
from tests.tuner.test_simulation import FORMULA
from tuner.durability.lease import KEY
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.simulation.search import simulate
from tuner.space import dump_space
from tuner.storage import StorageError
from tuner.storage.folder import FolderStorage
from tuner.watch.following import Following, _console, _tell, follow
from tuner.watch.serving import LivePage, served
from tuner.watch.source import LocalRecord, StoredRecord, opened


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("watch") / "run"
    simulate(small_space(trials=8), folder, FORMULA, workers=2)
    return RunFolder(folder)


class Growing(LocalRecord):
    """A record that gets a part of another's lines with each look, its driver at work."""

    def __init__(self, folder: RunFolder, lines: list[bytes], each: int = 3) -> None:
        super().__init__(folder)
        self._parts = [b"".join(lines[at : at + each]) for at in range(0, len(lines), each)]
        self.killed = False

    def look(self) -> None:
        if self._parts:
            with self.folder.journal.open("ab") as file:
                file.write(self._parts.pop(0))
        else:
            self.killed = True

    def driver_is_gone(self) -> bool:
        return self.killed


def patient() -> Callable[[float], object]:
    """Waits no time, and not for ever."""
    looks = iter(range(1000))
    return lambda _s: next(looks)


def begun(run: RunFolder, tmp_path: Path) -> tuple[RunFolder, list[bytes]]:
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.space.write_bytes(run.space.read_bytes())
    return folder, run.journal.read_bytes().splitlines(keepends=True)


def test_an_epoch_would_not_be_shown_or_the_end_not_seen(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, lines = begun(run, tmp_path)
    assert follow(Growing(folder, lines), "run", wait=patient())
    said = capsys.readouterr().out
    epochs = sum(b'"epoch"' in line.split(b"{", 1)[1][:40] for line in lines[3:])
    assert said.count("  epoch ") == epochs > 8
    assert "run: 8 trials in" in said
    assert "python -m tuner.retrain --run" in said


def test_a_killed_driver_would_be_watched_for_ever(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, lines = begun(run, tmp_path)
    assert not follow(Growing(folder, lines[: len(lines) // 2]), "run", wait=patient())
    said = capsys.readouterr().out
    assert "Its driver is gone without a last word" in said
    assert "python -m tuner.search --resume --run" in said


def test_the_command_that_goes_on_would_be_refused_for_its_used_up_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space, folder = small_space(), RunFolder(tmp_path / "run")
    dump_space(space, folder.space)
    Simulation(space, folder.path, time_budget_s=90).run().close()
    assert not follow(LocalRecord(folder), "run", wait=patient())
    assert " --time-budget 4m" in capsys.readouterr().out


def test_a_driver_at_work_would_be_taken_for_gone(run: RunFolder, tmp_path: Path) -> None:
    folder, _ = begun(run, tmp_path)
    with folder.lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert not LocalRecord(folder).driver_is_gone()
    assert LocalRecord(folder).driver_is_gone()


def test_a_record_in_a_storage_could_not_be_watched(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "storage" / "run"
    kept.mkdir(parents=True)
    for path in (run.space, run.journal):
        (kept / path.name).write_bytes(path.read_bytes())
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    with opened(RunFolder(Path("runs/run")), str(tmp_path / "storage")) as record:
        assert follow(record, "run")
    assert "run: 8 trials in" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before
    with (
        pytest.raises(TunerError, match=f"^{kept}: wrong$"),  # of the copy, which is gone by then
        opened(RunFolder(Path("runs/run")), str(tmp_path / "storage")) as record,
    ):
        raise TunerError(f"{record.folder}: wrong")
    with (
        pytest.raises(TunerError, match="holds no record"),
        opened(RunFolder(Path("runs/other")), str(tmp_path / "storage")),
    ):
        pass


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as answer:
        text: str = answer.read().decode()
    return text


def test_the_served_report_would_stay_as_it_was(run: RunFolder, tmp_path: Path) -> None:
    folder, lines = begun(run, tmp_path)
    half = len(lines) // 2
    folder.journal.write_bytes(b"".join(lines[:half]))
    live = LivePage(LocalRecord(folder))
    live.make()
    first, version = live.wait(), live.version
    live.make()
    assert live.wait() is first  # nothing has come
    assert "not finished: this is how it stood" in first
    assert "python -m tuner.search --resume" not in first  # its driver is at work
    assert "python -m tuner.replay" not in first
    folder.journal.write_bytes(b"".join(lines))
    live.make()
    assert live.version != version
    assert "not finished: this is how it stood" not in live.wait()
    assert f'now !== "{live.version}"' in live.wait()
    assert not folder.page.exists()


def test_the_report_would_be_served_to_other_machines_or_not_at_all(run: RunFolder) -> None:
    with served(LocalRecord(run), 0) as (address, _):
        assert address.startswith("http://127.0.0.1:")
        page = read(address)
        assert "<h1>run</h1>" in page
        assert f'now !== "{read(address + "version")}"' in page
        with (
            pytest.raises(TunerError, match="name another port"),
            served(LocalRecord(run), int(address.split(":")[2].strip("/"))),
        ):
            pass


def test_the_command_would_refuse_a_run_or_end_with_another_code(
    run: RunFolder, tmp_path: Path
) -> None:
    folder, lines = begun(run, tmp_path)
    folder.journal.write_bytes(b"".join(lines[:-4]))
    codes = {}
    for path in (run.path, folder.path, tmp_path / "none"):
        typed = [sys.executable, "-m", "tuner.watch", str(path)]
        done = subprocess.run(typed, capture_output=True, text=True, check=False, timeout=60)
        codes[path] = done.returncode
        assert "Traceback" not in done.stderr
    assert list(codes.values()) == [0, 1, 2]


class Flaky(FolderStorage):
    """A storage that is away for some looks."""

    away = 0

    def modified(self, key: str) -> float | None:
        if self.away:
            self.away -= 1
            raise StorageError("away")
        return super().modified(key)


def test_a_slow_epoch_or_an_outage_would_end_a_watch(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "copy").mkdir()
    storage = Flaky(root=tmp_path / "kept", base=tmp_path / "kept")
    now = [0.0]
    record = StoredRecord(storage, RunFolder(tmp_path / "copy"), clock=lambda: now[0])
    for name in (run.space.name, run.journal.name):
        storage.put(name, (run.path / name).read_bytes())
    storage.put(KEY, b"{}")
    record.look()
    for _ in range(4):  # ten minutes without an event, the lease renewed
        now[0] += 80
        storage.put(KEY, b"{}")
        os.utime(tmp_path / "kept" / KEY, (now[0], now[0]))
        record.look()
        assert not record.driver_is_gone()
    storage.away = 2
    record.look()
    record.look()
    now[0] += 85
    assert not record.driver_is_gone()
    now[0] += 10
    assert record.driver_is_gone()
    storage.delete(KEY)
    record.look()
    assert record.driver_is_gone()
    storage.away, now[0] = 9, now[0] + 1000
    with pytest.raises(StorageError):
        record.look()


class Resumed(Growing):
    """The record of a search that stopped; the next driver is at work, and has written nothing."""

    def __init__(self, folder: RunFolder, lines: list[bytes], until: int) -> None:
        super().__init__(folder, lines)
        self.idle = until

    def look(self) -> None:
        if self.idle:
            self.idle -= 1
        else:
            super().look()


def test_a_search_that_is_being_resumed_would_be_called_over(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, lines = begun(run, tmp_path)
    driver = b"".join(lines[:1])
    record = Resumed(folder, lines, until=4)
    assert follow(record, "run", wait=patient())
    assert driver in folder.journal.read_bytes()
    assert "holds no search" not in capsys.readouterr().out


def test_another_driver_would_be_shown_with_the_slots_of_the_first(
    run: RunFolder, tmp_path: Path
) -> None:
    folder, lines = begun(run, tmp_path)
    following = Following(Growing(folder, lines, each=len(lines)))
    with _console("run", small_space(trials=8), following) as console:
        assert console.slots == 1
        _tell(console, following, following.look())
        assert console.slots == 2
        assert console.state.session_epochs == following.epochs_since > 8


def test_a_page_would_be_given_to_another_site_or_a_closed_tab_leave_a_traceback(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(LocalRecord(run), 0) as (address, live):
        live.wait()
        port = int(address.rsplit(":", 1)[1].strip("/"))
        asked = urllib.request.Request(address, headers={"Host": "evil.example"})
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=60)
        assert refused.value.code == 403
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as tab:
                tab.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                tab.sendall(f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert "<h1>run</h1>" in read(address)
    assert "Traceback" not in capsys.readouterr().err
