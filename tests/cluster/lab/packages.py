"""sshd and rsync for the hosts: unpacked into a folder, so that neither is installed here."""

import shutil
from pathlib import Path

from tests.cluster.lab.commands import LabError, tool

PACKAGES = ("openssh-server", "openssh-sftp-server", "libwrap0", "rsync", "libpopt0")


def unpacked(folder: Path, cache: Path) -> Path:
    """Return `folder` with the packages' files in it, downloaded into `cache` where they are not.

    Raises LabError where the machine's package archive cannot be reached.
    """
    if not any(folder.glob("usr/sbin/sshd")):
        folder.mkdir(parents=True, exist_ok=True)
        for package in PACKAGES:
            tool("dpkg", "-x", str(_package(package, cache)), str(folder))
        _merge(folder)
    return folder


def _merge(folder: Path) -> None:
    """A package's own /lib would hide the machine's, which is a link into /usr."""
    for name in ("bin", "sbin", "lib"):
        if (folder / name).is_dir() and (Path("/") / name).is_symlink():
            tool("cp", "-a", f"{folder / name}/.", str(folder / "usr" / name))
            shutil.rmtree(folder / name)


def _package(name: str, cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    if not (found := sorted(cache.glob(f"{name}_*.deb"))):
        tool("sh", "-c", f"cd {cache} && apt-get download -qq {name}")
        found = sorted(cache.glob(f"{name}_*.deb"))
    if not found:
        raise LabError(f"apt-get download {name} left no package in {cache}")
    return found[-1]
