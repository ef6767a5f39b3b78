"""One driver a folder, also where the lock's file goes while another waits for it."""

import fcntl
from pathlib import Path
from typing import TextIO

import pytest

from tuner.errors import TunerError
from tuner.record import lock
from tuner.record.lock import driver_of, sole_driver
from tuner.record.run_folder import RunFolder


def test_two_drivers_would_hold_one_run(tmp_path: Path) -> None:
    run_folder = RunFolder(tmp_path / "run")
    with sole_driver(run_folder):
        assert driver_of(run_folder)
        with pytest.raises(TunerError, match="another driver"), sole_driver(run_folder):
            pass
    assert driver_of(run_folder) is None


def test_a_lock_removed_between_its_opening_and_its_locking_would_be_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver before ends just then and takes its file away: a third makes a new one."""
    run_folder = RunFolder(tmp_path / "run")
    real = fcntl.flock

    def removed_first(file: TextIO, how: int) -> None:
        run_folder.lock.unlink()
        real(file, how)

    with monkeypatch.context() as patch:
        patch.setattr(lock.fcntl, "flock", removed_first)
        with pytest.raises(TunerError, match="another driver"), sole_driver(run_folder):
            pass
    with sole_driver(run_folder):
        assert driver_of(run_folder)


def test_garbage_in_a_lock_would_end_in_a_traceback(tmp_path: Path) -> None:
    run_folder = RunFolder(tmp_path / "run")
    with sole_driver(run_folder):
        run_folder.lock.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(TunerError, match="another driver"), sole_driver(run_folder):
            pass
