"""Who may search a run that several machines can reach."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.tuner.simulated import Simulation, small_space
from tuner.durability.lease import KEY, STALE_S, Lease, LeaseLost
from tuner.durability.run_guard import guarded
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.storage import Storage, local_storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return local_storage(tmp_path)


def of_another_machine(storage: Storage, tmp_path: Path, age_s: float) -> None:
    holder = {"id": "theirs", "host": "node-7", "process": 4711, "machine": "node-7 other"}
    storage.put(KEY, json.dumps(holder).encode())
    age(tmp_path, age_s)


def age(folder: Path, age_s: float) -> None:
    then = time.time() - age_s
    os.utime(folder / KEY, (then, then))


def test_a_run_at_work_elsewhere_would_be_taken(storage: Storage, tmp_path: Path) -> None:
    of_another_machine(storage, tmp_path, age_s=STALE_S / 2)
    with pytest.raises(TunerError) as caught:
        Lease(storage).take()
    assert "process 4711 on node-7, seen 45 s ago" in str(caught.value)
    assert "stop it" in str(caught.value)
    assert "ends 45 s from now" in str(caught.value)
    assert json.loads(storage.get(KEY) or b"")["id"] == "theirs"


def test_a_clock_that_is_ahead_would_take_a_run_at_work(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_another_machine(storage, tmp_path, age_s=0)
    ahead = SimpleNamespace(time=lambda: time.time() + 3600)
    monkeypatch.setattr("tuner.durability.lease.time", ahead)
    with pytest.raises(TunerError, match="another driver"):
        Lease(storage).take()


def test_a_lost_machines_run_would_stay_locked(storage: Storage, tmp_path: Path) -> None:
    of_another_machine(storage, tmp_path, age_s=STALE_S + 5)
    lease = Lease(storage)
    lease.take()
    lease.renew()
    assert set(storage.sizes()) == {KEY}
    lease.release()
    assert storage.sizes() == {}


def test_a_killed_driver_of_this_machine_would_be_waited_for(storage: Storage) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom tuner.durability.lease import Lease\n"
        "from tuner.storage import local_storage\n"
        "Lease(local_storage(Path(sys.argv[1]))).take()\nos.kill(os.getpid(), 9)\n"
    )
    uri = storage.uri
    killed = subprocess.run([sys.executable, "-c", code, uri], check=False)
    assert killed.returncode == -9
    assert storage.get(KEY) is not None
    Lease(storage).take()


def test_a_living_driver_of_this_machine_would_be_taken_over(storage: Storage) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom tuner.durability.lease import Lease\n"
        "from tuner.storage import local_storage\n"
        "Lease(local_storage(Path(sys.argv[1]))).take()\nprint('taken', flush=True)\ninput()\n"
    )
    command = [sys.executable, "-c", code, storage.uri]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(TunerError, match=f"process {holder.pid} on"):
            Lease(storage).take()
        holder.kill()


def test_a_driver_that_slept_while_another_finished_would_go_on(
    storage: Storage, tmp_path: Path
) -> None:
    sleeper, other = Lease(storage), Lease(storage)
    sleeper.take()
    age(tmp_path, STALE_S + 5)
    other.take()
    other.release()
    with pytest.raises(LeaseLost, match="taken this search over and has ended"):
        sleeper.renew()
    assert storage.sizes() == {}


def test_a_lease_would_lapse_while_machines_are_waited_for(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.durability.lease.RENEW_S", 0.01)
    with guarded(RunFolder(tmp_path / "run"), storage) as guard:
        lease = tmp_path / "run" / KEY
        age(lease.parent, STALE_S + 5)
        until = time.monotonic() + 20
        while time.time() - lease.stat().st_mtime > STALE_S:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert guard.storage.get(KEY) is not None
    assert not lease.exists()


def test_a_lease_would_lapse_while_a_copy_takes_long(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.durability.lease.RENEW_S", 0.01)
    with guarded(RunFolder(tmp_path / "here" / "run"), storage) as guard:
        engine = Simulation(small_space(), tmp_path / "here" / "run").engine
        guard.begin(engine, small_space())  # its thread, which copies and renews, has yet to start
        age(tmp_path / "run", STALE_S + 5)
        until = time.monotonic() + 20
        while time.time() - (tmp_path / "run" / KEY).stat().st_mtime > STALE_S:
            assert time.monotonic() < until
            time.sleep(0.01)


def test_two_threads_would_write_one_lease(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that hangs in its last turn would write it again when it is given back."""
    writers, put = list[str](), type(storage).put

    def watched(self: Storage, key: str, data: bytes) -> None:
        if key == KEY:
            writers.append(threading.current_thread().name)
        put(self, key, data)

    monkeypatch.setattr(type(storage), "put", watched)
    monkeypatch.setattr("tuner.durability.lease.RENEW_S", 0.01)
    with guarded(RunFolder(tmp_path / "here" / "run"), storage) as guard:
        engine = Simulation(small_space(), tmp_path / "here" / "run").engine
        engine.watch(*guard.begin(engine, small_space()))
        engine.close()
        guard.close()
    assert set(writers[1:]) == {"lease"}


def test_a_driver_that_was_taken_over_before_it_began_would_overwrite_the_copy(
    storage: Storage, tmp_path: Path
) -> None:
    run = tmp_path / "here" / "run"
    with guarded(RunFolder(run), storage) as guard:
        theirs = Lease(guard.storage)
        age(tmp_path / "run", STALE_S + 5)
        guard.storage.put("events.jsonl", b"theirs")
        guard.storage.put(KEY, json.dumps(theirs._mine | {"machine": "another"}).encode())
        engine = Simulation(small_space(), run).engine
        with pytest.raises(LeaseLost):
            guard.begin(engine, small_space())
    assert guard.storage.get("events.jsonl") == b"theirs"


def test_a_driver_that_was_taken_over_would_go_on(storage: Storage, tmp_path: Path) -> None:
    mine = Lease(storage)
    mine.take()
    of_another_machine(storage, tmp_path, age_s=0)
    with pytest.raises(LeaseLost, match="process 4711 on node-7"):
        mine.renew()
    mine.release()
    assert json.loads(storage.get(KEY) or b"")["id"] == "theirs"
