"""An operator's machine and hosts of a cluster, on this machine and cut off from all else."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.lab import network
from tests.cluster.lab.commands import LabError, missing, tool
from tests.cluster.lab.host import Host
from tests.cluster.lab.packages import unpacked

REPOSITORY = Path(__file__).parents[3]
_TOOLS = ("ip", "unshare", "nsenter", "setpriv", "dpkg", "apt-get", "ssh", "ssh-keygen")
_ADDRESSES = {"head": "10.77.0.10", "worker1": "10.77.0.11", "worker2": "10.77.0.12"}


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Hosts that know each other's names, a folder that all share, an operator with a key."""

    operator: Host
    head: Host
    workers: tuple[Host, ...]
    shared: Path

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The machines of the cluster."""
        return (self.head, *self.workers)


@contextmanager
def lab(folder: Path, cache: Path) -> Iterator[Lab]:
    """Boot the lab in `folder`; raises LabError, before anything starts, where it cannot be."""
    if os.geteuid() != 0:
        raise LabError("the lab needs root: it makes hosts of network and mount namespaces")
    if absent := missing(_TOOLS):
        raise LabError(f"the lab needs {', '.join(absent)} on this machine")
    with Path("/run/tuner-lab.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one lab at a time: its namespaces have fixed names
        network.clear()
        try:
            _prepare(folder, cache)
            network.build(_ADDRESSES)
            yield _boot(folder)
        finally:
            network.clear()


def _prepare(folder: Path, cache: Path) -> None:
    unpacked(folder / "extra", cache)
    tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key"))
    (folder / "authorized_keys").write_text((folder / "key.pub").read_text())
    names = {"localhost": "127.0.0.1", "operator": "10.77.0.1", **_ADDRESSES}
    lines = [f"{address} {name}" for name, address in names.items()]
    (folder / "hosts").write_text("\n".join(lines) + "\n")
    (folder / "shared").mkdir()


def _boot(folder: Path) -> Lab:
    project = f"{REPOSITORY}=/root/project"
    seen = [path for path in (sys.prefix, sys.base_prefix) if _hidden(Path(path))]
    hosts = [Host(name, address, folder, [project, *seen]) for name, address in _ADDRESSES.items()]
    operator = Host("operator", "10.77.0.1", folder, [project, *seen])
    head, *workers = hosts
    return Lab(operator=operator, head=head, workers=tuple(workers), shared=folder / "shared")


def _hidden(path: Path) -> bool:
    """Whether a host would not see this path of the machine by itself."""
    covered = any(path.is_relative_to(top) for top in ("/tmp", "/run", "/dev"))
    return covered or path.stat().st_dev != Path("/").stat().st_dev
