"""Where Ray's files go, where a batch system says where what is temporary goes."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tuner.backend import ray_files as files
from tuner.backend.ray_files import MOST_BYTES, ray_files
from tuner.errors import TunerError


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short; pytest's own are not."""
    with TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_the_folder_that_is_asked_for_would_not_be_taken(short: Path) -> None:
    assert ray_files({"TMPDIR": str(short)}) == (short / "ray", "")
    assert ray_files({"RAY_TMPDIR": str(short), "TMPDIR": "/nowhere"}) == (short / "ray", "")
    assert ray_files({"TMPDIR": str(short / "new")}) == (short / "new" / "ray", "")
    assert ray_files({}) == (Path("/tmp/ray"), "")


def test_a_long_folder_would_be_too_long_for_rays_sockets() -> None:
    longest = "/tmp/" + "x" * (MOST_BYTES - len("/tmp/") - len("/ray"))
    assert ray_files({"TMPDIR": longest}) == (Path(longest) / "ray", "")
    folder, note = ray_files({"TMPDIR": longest + "x"})
    assert folder == Path("/tmp/ray")
    letters = f"{len(longest) + 1} letters; {len(longest)} fit"
    assert note == f"TMPDIR is too long for Ray's sockets ({letters}): Ray's files go to /tmp/ray."
    assert ray_files({"TMPDIR": "/tmp/" + "ü" * 30})[1], "bytes count, not letters"


def test_the_longest_path_that_is_allowed_would_be_none_that_the_system_takes() -> None:
    below = files._LONGEST_BELOW
    assert len("x" * MOST_BYTES + below) == 107
    with socket.socket(socket.AF_UNIX) as unix, pytest.raises(OSError, match="No such file"):
        unix.connect("/" + "x" * (MOST_BYTES - 1) + below)
    with socket.socket(socket.AF_UNIX) as unix, pytest.raises(OSError, match="too long"):
        unix.connect("/" + "x" * MOST_BYTES + below)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_would_be_taken() -> None:
    folder, note = ray_files({"TMPDIR": "/proc"})
    assert folder == Path("/tmp/ray")
    assert note.startswith("TMPDIR cannot be written (/proc)")


def test_a_file_would_be_taken_for_a_folder(short: Path) -> None:
    (short / "file").touch()
    folder, note = ray_files({"TMPDIR": str(short / "file")})
    assert (folder, "cannot be written" in note) == (Path("/tmp/ray"), True)


def test_another_users_ray_would_be_in_the_way(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (short / "ray").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "ray")
    assert ray_files({"TMPDIR": str(short)})[0] == short / f"ray-{os.getuid()}"


def test_a_machine_without_a_place_for_ray_would_be_given_a_riddle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(TunerError, match=r"TMPDIR is too long.*Set RAY_TMPDIR to a folder"):
        ray_files({"TMPDIR": "/tmp/" + "x" * 80})
