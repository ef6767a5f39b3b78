"""Who may search a run that several machines can reach."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tuner.errors import TunerError
from tuner.safekeeping.lease import KEY, STALE_S, Lease, LeaseLost
from tuner.storage import Storage, local_storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return local_storage(tmp_path)


def of_another_machine(storage: Storage, tmp_path: Path, age_s: float) -> None:
    holder = {"id": "theirs", "host": "node-7", "process": 4711, "machine": "node-7 other"}
    storage.put(KEY, json.dumps(holder).encode())
    then = time.time() - age_s
    os.utime(tmp_path / KEY, (then, then))


def test_a_run_at_work_elsewhere_would_be_taken(storage: Storage, tmp_path: Path) -> None:
    of_another_machine(storage, tmp_path, age_s=STALE_S / 2)
    with pytest.raises(TunerError) as caught:
        Lease(storage).take()
    assert "process 4711 on node-7, seen 45 s ago" in str(caught.value)
    assert "stop it" in str(caught.value)
    assert "ends 45 s from now" in str(caught.value)
    assert json.loads(storage.get(KEY) or b"")["id"] == "theirs"


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
        "import os, sys\nfrom pathlib import Path\nfrom tuner.safekeeping.lease import Lease\n"
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
        "import sys\nfrom pathlib import Path\nfrom tuner.safekeeping.lease import Lease\n"
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


def test_a_driver_that_was_taken_over_would_go_on(storage: Storage, tmp_path: Path) -> None:
    mine = Lease(storage)
    mine.take()
    of_another_machine(storage, tmp_path, age_s=0)
    with pytest.raises(LeaseLost, match="process 4711 on node-7"):
        mine.renew()
    mine.release()
    assert json.loads(storage.get(KEY) or b"")["id"] == "theirs"
