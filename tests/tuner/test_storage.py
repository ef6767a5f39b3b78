"""The laws of a storage, over a real folder and over real S3 requests."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.s3_server import SECRET, s3_bucket
from tuner.cli.text import os_error_text
from tuner.errors import TunerError
from tuner.storage import Storage, StorageError, folder, open_storage
from tuner.storage.files import replace_file, replace_folder
from tuner.storage.folder import FolderStorage


@pytest.fixture(params=["folder", "s3"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    with ExitStack() as stack:
        if request.param == "s3":
            yield stack.enter_context(s3_bucket(monkeypatch))
        else:
            yield str(tmp_path / "shared")


@pytest.fixture
def storage(place: str) -> Storage:
    storage = open_storage(place)
    storage.check()
    return storage


def test_a_machine_that_deletes_would_take_the_folder_from_under_one_that_puts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, others = folder._write_whole, [Path.rmdir, Path.rmdir]

    def write_late(path: Path, data: bytes, durable: bool) -> None:
        if others:
            others.pop()(path.parent)
        write(path, data, durable)

    monkeypatch.setattr(folder, "_write_whole", write_late)
    storage = open_storage(str(tmp_path))
    storage.put(".check/one", b"1")
    assert storage.get(".check/one") == b"1"
    assert not others


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("gs://bucket", "a folder that all machines see, or s3://bucket/prefix; got 'gs://bucket'"),
        ("", "--storage: must not be empty; none for no storage"),
        ("s3:/bucket/x", "got 's3:/bucket/x'; nearest: s3://bucket/x"),
        ("S3:bucket", "nearest: s3://bucket"),
        ("s3://", "must be followed by a bucket's name"),
        ("s3://Not_A_Bucket/x", "must be followed by a bucket's name"),
        ("s3://key:word@bucket/x", "credentials do not belong into the name"),
        ("s3://bucket/x?endpoint_override=http://key:word@host", "credentials do not belong"),
        ("s3://bucket/x?regoin=eu", "unknown option 'regoin'"),
        ("s3://bucket/x?secret_key=word", "unknown option 'secret_key'"),
    ],
)
def test_a_wrong_name_would_be_taken(place: str, text: str) -> None:
    with pytest.raises(TunerError) as caught:
        open_storage(place)
    assert text in str(caught.value)
    assert "word" not in str(caught.value)


def test_a_bucket_that_is_not_there_would_not_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        s3_bucket(monkeypatch) as place,
        pytest.raises(StorageError, match=r"s3://other/.* the bucket does not exist"),
    ):
        open_storage(place.replace("searches", "other")).check()


def test_a_server_that_is_not_there_would_not_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    place = "s3://bucket/x?region=us-east-1&endpoint_override=http://127.0.0.1:9"
    with pytest.raises(StorageError, match="it cannot be reached") as caught:
        open_storage(place).check()
    assert SECRET not in str(caught.value)


def test_a_trial_of_a_storage_would_leave_something(tmp_path: Path) -> None:
    for name in ("new", "there"):
        (tmp_path / "there").mkdir(exist_ok=True)
        open_storage(str(tmp_path / name)).try_out()
        assert [path.name for path in tmp_path.rglob("*")] == ["there"]
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        open_storage(str(tmp_path / "file" / "below")).try_out()


def test_a_mount_that_is_missing_would_be_made_as_a_folder(tmp_path: Path) -> None:
    missing = tmp_path / "mnt" / "shared"
    with pytest.raises(StorageError, match="is it mounted on this machine"):
        open_storage(str(missing)).check()
    assert not missing.parent.exists()
    with pytest.raises(StorageError, match="is it mounted on this machine"):
        open_storage(str(tmp_path / "gone")).within("run").put("a", b"1")


def test_a_mount_that_has_gone_would_pass_for_an_empty_one(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    storage = open_storage(str(folder)).within("run")
    open_storage(str(folder)).check()
    storage.put("a", b"1")
    assert storage.get("b") is None
    folder.rename(tmp_path / "away")
    with pytest.raises(StorageError, match=r"cannot be read: .* is it mounted on this machine"):
        storage.get("a")


def test_a_key_would_leave_the_storage(tmp_path: Path) -> None:
    storage = FolderStorage(root=tmp_path / "a", base=tmp_path)
    for key in ("../b", "/etc/x", "a/../../b"):
        with pytest.raises(ValueError, match="relative path"):
            storage.put(key, b"1")


def test_a_killed_writers_part_would_be_listed_or_stay(tmp_path: Path) -> None:
    storage = FolderStorage(root=tmp_path, base=tmp_path)
    storage.put("trials/1/a", b"1")
    (tmp_path / "trials" / "1" / ".a.host-1-1.part").write_bytes(b"half")
    assert storage.sizes() == {"trials/1/a": 1}
    storage.sweep("trials/1/")
    assert [file.name for file in (tmp_path / "trials" / "1").iterdir()] == ["a"]


def test_a_folder_that_goes_while_it_is_listed_would_hide_what_comes_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, scan = FolderStorage(root=tmp_path, base=tmp_path), os.scandir
    for number in range(4):
        storage.put(f"trials/{number}/a", b"1")

    def scan_late(path: Any) -> Any:
        if Path(path).name == "1":
            (Path(path) / "a").unlink()
            Path(path).rmdir()
        return scan(path)

    monkeypatch.setattr(os, "scandir", scan_late)
    assert set(storage.sizes()) == {f"trials/{number}/a" for number in (0, 2, 3)}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.ENOSPC, "it is full; make room"),
        (errno.EDQUOT, "it is full; make room"),
        (errno.EROFS, "it is read-only; mount it for writing"),
        (errno.EACCES, "no permission"),
    ],
)
def test_a_refusing_disk_would_not_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, text: str
) -> None:
    storage = FolderStorage(root=tmp_path, base=tmp_path)

    def refuse(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    storage.put("a", b"before")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match=text):
        storage.put("a", b"after")
    assert storage.get("a") == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs root and the right to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_would_cost_what_was_there(small_disk: Path) -> None:
    storage = open_storage(str(small_disk))
    storage.put("a", b"x" * 500_000)
    with pytest.raises(StorageError, match="it is full; make room"):
        storage.put("a", b"y" * 900_000)
    assert storage.get("a") == b"x" * 500_000
    assert storage.sizes() == {"a": 500_000}
    storage.delete("a")
    storage.put("b", b"y" * 900_000)


def test_a_read_only_disk_would_not_be_said(small_disk: Path) -> None:
    storage = open_storage(str(small_disk))
    storage.put("a", b"x")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StorageError, match="it is read-only"):
        storage.put("a", b"y")
    assert storage.get("a") == b"x"


@pytest.mark.parametrize("replace", [replace_file, replace_folder])
def test_a_full_disk_would_leave_half_a_file_behind(tmp_path: Path, replace: Any) -> None:
    def half(path: Path) -> None:
        file = path / "in" if path.is_dir() else path
        file.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        replace(tmp_path / "whole", half)
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_would_be_lost_when_its_successor_fails(tmp_path: Path) -> None:
    def half(path: Path) -> None:
        path.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "file").write_text("whole")
    with pytest.raises(OSError, match="No space"):
        replace_file(tmp_path / "file", half)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]


def test_a_file_system_that_loses_the_end_would_be_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = FolderStorage(root=tmp_path, base=tmp_path, durable=True)
    storage.put("a", b"before")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: os.truncate(handle, 3))
        with pytest.raises(StorageError):
            storage.put("a", b"after all")
    assert storage.get("a") == b"before"
    assert storage.sizes() == {"a": 6}


def test_a_file_that_cannot_be_written_would_not_be_named(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    with pytest.raises(IsADirectoryError) as error:
        replace_file(tmp_path / "page", lambda draft: draft.write_text("x"))
    said = os_error_text(error.value)
    assert said == f"{tmp_path / 'page'}: a folder is there, where a file is to be written; " + (
        "move it away, or remove it"
    )

    def refused(draft: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(draft))

    for replace in (replace_file, replace_folder):
        with pytest.raises(PermissionError) as error:  # type: ignore[assignment]
            replace(tmp_path / "new", refused)
        said = os_error_text(error.value)
        assert said.endswith(f"see `ls -ld {tmp_path} {tmp_path / 'new'}`")

    def unreadable(_: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file", "source")

    with pytest.raises(FileNotFoundError) as missing:
        replace_file(tmp_path / "new", unreadable)
    assert missing.value.filename == "source"
