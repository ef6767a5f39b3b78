"""Fetch files of a Debian package without root and without touching the system's package state.

apt-get keeps its lists, its cache and its locks in a temporary folder and reads the sources that
the system has; so it works for an ordinary user, and beside another apt-get. The package is not
installed: its archive is read and the wanted files are copied out.
"""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO

from models.data.downloads import run
from models.data.places import DataNotFound

UPDATE_TIMEOUT_S = 180
DOWNLOAD_TIMEOUT_S = 600
UNPACK_TIMEOUT_S = 120


def fetch(package: str, files: Sequence[str], folder: Path) -> None:
    """Fetch a package and copy the files of these names into the folder.

    Raises:
        DataNotFound: a program is missing or failed, or the package lacks a file.
    """
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise DataNotFound(f"this machine has no {program}")
    with tempfile.TemporaryDirectory(dir=folder.parent) as private:
        unpack(_fetch_package(package, Path(private)), files, folder)


def unpack(package: Path, files: Sequence[str], folder: Path) -> None:
    """Copy the regular files of these names out of a .deb, whatever folder they are in there.

    Raises:
        DataNotFound: the package cannot be read, or lacks a file.
    """
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    archive = folder.parent / "package.tar"
    try:
        with archive.open("wb") as output:
            subprocess.run(command, stdout=output, check=True, timeout=UNPACK_TIMEOUT_S)
        with tarfile.open(archive) as opened:
            copy_members(opened, files, folder)
    except (subprocess.SubprocessError, tarfile.TarError) as error:
        raise DataNotFound(f"the package {package.name} cannot be unpacked ({error})") from None
    finally:
        archive.unlink(missing_ok=True)


def copy_members(archive: tarfile.TarFile, files: Sequence[str], folder: Path) -> None:
    """Copy the wanted members; no path of the archive is ever used as a path here.

    A member is wanted if it is a regular file, its path has no `..`, and its last part is one of
    the names. It is written to `folder / name`, so an archive cannot write anywhere else.

    Raises:
        DataNotFound: a file is not in the archive.
    """
    missing = set(files)
    for member in archive:
        path = PurePosixPath(member.name)
        if path.name not in missing or not member.isreg() or ".." in path.parts:
            continue
        content = archive.extractfile(member)
        if content is not None:
            _copy(content, folder / path.name)
            missing.remove(path.name)
    if missing:
        raise DataNotFound(f"the package has no file {', '.join(sorted(missing))}")


def _copy(content: IO[bytes], target: Path) -> None:
    with content, target.open("xb") as output:
        shutil.copyfileobj(content, output)


def _fetch_package(package: str, private: Path) -> Path:
    options = _private_options(private)
    # One unreachable source, or a hook that wants root, fails the update although the lists that
    # matter arrived: the download after it is the judge.
    reason = ""
    try:
        run(["apt-get", *options, "update"], folder=private, timeout_s=UPDATE_TIMEOUT_S)
    except DataNotFound as error:
        reason = f" (the update of the package lists before it: {error})"
    try:
        command = ["apt-get", *options, "download", package]
        run(command, folder=private, timeout_s=DOWNLOAD_TIMEOUT_S)
    except DataNotFound as error:
        raise DataNotFound(f"{error}{reason}") from None
    packages = list(private.glob("*.deb"))
    if len(packages) != 1:
        raise DataNotFound(f"apt-get download {package} left {len(packages)} packages, not one")
    return packages[0]


def _private_options(private: Path) -> list[str]:
    for name in ("state/lists/partial", "cache/archives/partial"):
        (private / name).mkdir(parents=True)
    settings = {
        "Dir::State": str(private / "state"),
        "Dir::Cache": str(private / "cache"),
        "APT::Update::Error-Mode": "any",  # say so when a source cannot be reached
        "Acquire::Languages": "none",
        "Acquire::Retries": "1",
        "Acquire::http::Timeout": "20",
        "Acquire::https::Timeout": "20",
    }
    # As root, apt would fetch as the user _apt, who may not write into a private folder.
    with suppress(KeyError, OSError):
        settings["APT::Sandbox::User"] = getpass.getuser()
    return ["-q", *(f"-o{name}={value}" for name, value in settings.items())]
