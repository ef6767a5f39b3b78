"""The two real downloaders, with fakes in place of the network."""

from __future__ import annotations

import io
import logging
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from types import ModuleType

import pytest

from models.data import cifar10, debian, downloads, fashion_mnist, mnist, torchvision_download
from models.data.downloads import exclusive, put, run
from models.data.places import DataNotFound
from models.data.published import downloaders

FILES = ("one.gz", "two.gz")
LAYOUT = Path("FashionMNIST", "raw")

needs_dpkg = pytest.mark.skipif(
    shutil.which("dpkg-deb") is None, reason="packages are built with dpkg-deb, which is not here"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "download" / "files"
    made.mkdir(parents=True)
    return made


def archive_of(*members: tuple[str, bytes | None]) -> tarfile.TarFile:
    """A tar archive of files, or, where there are no bytes, of links out of the folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            member.size = len(content or b"")
            archive.addfile(member, io.BytesIO(content or b""))
    buffer.seek(0)
    return tarfile.open(fileobj=buffer)


def build_package(folder: Path) -> Path:
    root = folder / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        "Package: wanted\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: d\n"
    )
    (root / "usr/share/datasets").mkdir(parents=True)
    for name in FILES:
        (root / "usr/share/datasets" / name).write_text(name)
    package = folder / "wanted_1_all.deb"
    command = ["dpkg-deb", "--root-owner-group", "--build", str(root), str(package)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return package


def put_apt_get(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "apt-get").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


class TestArchives:
    def test_the_wanted_files_are_copied_by_name(self, folder: Path) -> None:
        archive = archive_of(("./a/one.gz", b"1"), ("./b/other.gz", b"?"), ("two.gz", b"2"))
        debian.copy_members(archive, FILES, folder)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
            "one.gz": b"1",
            "two.gz": b"2",
        }

    @pytest.mark.parametrize("escape", ["../one.gz", "a/../../one.gz"])
    def test_a_path_that_climbs_out_is_refused(self, folder: Path, escape: str) -> None:
        with pytest.raises(DataNotFound, match=r"no file one\.gz"):
            debian.copy_members(archive_of((escape, b"1"), ("two.gz", b"2")), FILES, folder)
        assert [path.name for path in folder.parent.rglob("*") if path.is_file()] == ["two.gz"]

    def test_an_absolute_path_is_written_inside_the_folder(self, folder: Path) -> None:
        outside = folder.parent / "one.gz"
        archive = archive_of((str(outside), b"1"), ("two.gz", b"2"))
        debian.copy_members(archive, FILES, folder)
        assert not outside.exists()
        assert (folder / "one.gz").read_bytes() == b"1"

    def test_a_link_is_not_followed(self, folder: Path) -> None:
        with pytest.raises(DataNotFound, match=r"no file one\.gz"):
            debian.copy_members(archive_of(("one.gz", None), ("two.gz", b"2")), FILES, folder)

    def test_a_file_in_the_way_is_not_overwritten(self, folder: Path) -> None:
        (folder / "one.gz").symlink_to(folder.parent / "elsewhere")
        with pytest.raises(FileExistsError):
            debian.copy_members(archive_of(("one.gz", b"1"), ("two.gz", b"2")), FILES, folder)
        assert not (folder.parent / "elsewhere").exists()

    @needs_dpkg
    def test_a_package_that_is_none_is_reported(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "bad.deb").write_text("not an archive")
        with pytest.raises(DataNotFound, match=r"bad\.deb cannot be unpacked"):
            debian.unpack(tmp_path / "bad.deb", FILES, folder)


@needs_dpkg
class TestDebian:
    def test_a_failed_update_does_not_hinder_a_download_that_works(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = build_package(tmp_path)
        script = f'for last; do :; done\n[ "$last" = wanted ] || exit 100\ncp {package} .'
        put_apt_get(tmp_path / "bin", script, monkeypatch)
        debian.fetch("wanted", FILES, folder)
        assert sorted(path.name for path in folder.iterdir()) == ["one.gz", "two.gz"]
        assert [path.name for path in folder.parent.iterdir()] == ["files"]

    def test_apt_keeps_its_state_in_the_temporary_folder(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record = tmp_path / "arguments"
        put_apt_get(tmp_path / "bin", f'echo "$@" >> {record}; exit 1', monkeypatch)
        with pytest.raises(DataNotFound):
            debian.fetch("wanted", FILES, folder)
        lines = record.read_text().splitlines()
        assert [line.split()[-1] for line in lines] == ["update", "wanted"]
        for line in lines:
            assert f"-oDir::State={folder.parent}/" in line
            assert f"-oDir::Cache={folder.parent}/" in line

    def test_the_error_has_the_reasons_of_the_update_and_of_the_download(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script = 'for last; do :; done\necho "E: cannot $last"; exit 100'
        put_apt_get(tmp_path / "bin", script, monkeypatch)
        with pytest.raises(DataNotFound, match=r"E: cannot wanted .*E: cannot update"):
            debian.fetch("wanted", FILES, folder)

    def test_a_machine_without_apt_is_told_so(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(DataNotFound, match="this machine has no apt-get"):
            debian.fetch("wanted", FILES, folder)


class TestDownloaders:
    def test_a_data_set_without_a_package_would_ask_debian(self) -> None:
        described = [each.description for each in downloaders(mnist.PUBLISHED)]
        assert described == ["torchvision's download"]
        described = [each.description for each in downloaders(fashion_mnist.PUBLISHED)]
        assert described == ["torchvision's download", "Debian's package dataset-fashion-mnist"]

    @pytest.mark.parametrize("module", [mnist, fashion_mnist, cifar10])
    def test_torchvision_would_lack_the_class_or_put_files_elsewhere(
        self, module: ModuleType
    ) -> None:
        """What torchvision says of itself, as no download can be tried here."""
        from torchvision import datasets

        published = module.PUBLISHED
        theirs = getattr(datasets, published.torchvision_class)
        if published.title == "CIFAR-10":
            assert published.layout == Path(theirs.base_folder)
            listed = dict([*theirs.train_list, *theirs.test_list])
            assert {**published.training.md5, **published.test.md5} == listed
        else:
            assert published.layout == Path(theirs.__name__, "raw")
            assert set(published.files) == {name for name, _ in theirs.resources}


class TestTorchvision:
    @pytest.fixture
    def fake(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        package = tmp_path / "packages" / "torchvision"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        monkeypatch.setenv("PYTHONPATH", str(package.parent))
        return package / "datasets.py"

    def test_its_files_arrive_in_the_folder(self, fake: Path, folder: Path) -> None:
        fake.write_text(
            "from pathlib import Path\n"
            "def FashionMNIST(root, download):\n"
            "    raw = Path(root, 'FashionMNIST', 'raw'); raw.mkdir(parents=True)\n"
            f"    for name in {FILES}: (raw / name).write_text(name)\n"
            "    (raw / 'unpacked').touch()\n"
        )
        torchvision_download.fetch("FashionMNIST", FILES, folder, layout=LAYOUT)
        assert sorted(path.name for path in folder.iterdir()) == ["one.gz", "two.gz"]

    def test_its_reason_is_passed_on(self, fake: Path, folder: Path) -> None:
        fake.write_text("def FashionMNIST(root, download): raise RuntimeError('tried\\nin vain')")
        with pytest.raises(DataNotFound, match="tried in vain"):
            torchvision_download.fetch("FashionMNIST", FILES, folder, layout=LAYOUT)

    def test_a_connection_that_stalls_is_given_up(self, fake: Path, folder: Path) -> None:
        fake.write_text(
            "import socket\n"
            "def FashionMNIST(root, download): raise RuntimeError(socket.getdefaulttimeout())"
        )
        with pytest.raises(DataNotFound, match=str(torchvision_download.SILENCE_S)):
            torchvision_download.fetch("FashionMNIST", FILES, folder, layout=LAYOUT)


class TestPut:
    def test_what_was_half_filled_would_be_in_the_cache_or_what_was_there_be_gone(
        self, tmp_path: Path
    ) -> None:
        def fill(folder: Path) -> None:
            (folder / "new").touch()
            raise DataNotFound("halfway")

        (tmp_path / "name").mkdir()
        (tmp_path / "name" / "old").touch()
        with pytest.raises(DataNotFound, match="halfway"):
            put(tmp_path, "name", fill)
        assert [path.name for path in tmp_path.rglob("*")] == ["name", "old"]
        put(tmp_path, "name", lambda folder: (folder / "new").touch())
        assert [path.name for path in tmp_path.rglob("*")] == ["name", "new"]


class TestRun:
    def test_a_program_that_takes_too_long_is_ended(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        with pytest.raises(DataNotFound, match=r"did not end within 0\.2 seconds"):
            run(command, folder=tmp_path, timeout_s=0.2)

    def test_a_program_that_cannot_start_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DataNotFound, match="no-such-program cannot be started"):
            run(["no-such-program"], folder=tmp_path, timeout_s=1)

    def test_a_program_that_fails_gives_its_last_line(self, tmp_path: Path) -> None:
        command = ["/bin/sh", "-c", "echo first; echo last >&2; exit 3"]
        with pytest.raises(DataNotFound, match="sh failed: last"):
            run(command, folder=tmp_path, timeout_s=5)


def test_two_would_write_into_a_cache_at_once_or_one_wait_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(downloads, "_BETWEEN_TRIES_S", 0.001)
    caplog.set_level(logging.INFO)
    inside = threading.Event()

    def enter() -> None:
        with exclusive(tmp_path):
            inside.set()

    other = threading.Thread(target=enter)
    with exclusive(tmp_path):
        assert caplog.messages == [], "a free cache is not waited for"
        other.start()
        assert not inside.wait(0.5)
        assert f"Another process is writing to the cache {tmp_path}" in caplog.text
    other.join(timeout=30)
    assert inside.is_set()
