"""The operator's side of a cluster in the lab: the commands of docs/cluster.md, as written."""

import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster.lab.host import SHARED
from tests.cluster.lab.lab import Lab

RAY = f"{sys.prefix}/bin/ray"
_FILLED_IN = {
    "head_ip: 192.0.2.10 ": "head_ip: 10.77.0.10 ",
    "[192.0.2.11, 192.0.2.12]": "[10.77.0.11, 10.77.0.12]",
    "ssh_user: ubuntu": "ssh_user: root",
    "~/.ssh/id_ed25519": "~/.ssh/lab.pem",
}


class Launcher:
    """A cluster of the lab's hosts, from docs/on-premises.yaml, as its operator sees it."""

    def __init__(self, hosts: Lab, description: Path) -> None:
        self.hosts = hosts
        text = description.read_text()
        for blank, value in _FILLED_IN.items():
            assert text.count(blank) == 1, f"{description}: no {blank!r} to fill in"
            text = text.replace(blank, value)
        (hosts.shared / "cluster.yaml").write_text(text)
        hosts.operator.run(f"cp {SHARED}/cluster.yaml ~/cluster.yaml")

    def up(self) -> None:
        """Start the cluster and wait until all its machines have joined."""
        self.hosts.operator.run(f"{RAY} get-auth-token --generate > /dev/null")
        self._ray("up --yes ~/cluster.yaml", timeout=180)
        wanted = len(self.hosts.hosts)
        wait_for("all machines to join", 180, lambda: self.nodes() == wanted)

    def down(self) -> None:
        """Stop the cluster."""
        self._ray("down --yes ~/cluster.yaml", timeout=120)

    def nodes(self) -> int:
        """The number of machines that are up, as `ray status` counts them."""
        shown = self.hosts.head.run("~/tuner/.venv/bin/ray status", check=False).stdout
        active = shown.partition("Active:")[2].partition("Pending:")[0]
        return sum(int(line.split()[0]) for line in active.splitlines() if "node" in line)

    def execute(self, command: str, *, timeout: float = 120) -> str:
        """Run a command on the head by `ray exec`, to its end; returns what it said."""
        return self._ray(self._exec(command), timeout=timeout).stdout

    def fetch(self, source: str, target: str) -> None:
        """Copy a folder of the head to the operator's machine."""
        self.hosts.operator.run(f"mkdir -p {target}")
        self._ray(f"rsync-down ~/cluster.yaml '{source}' {target}", timeout=60)

    def start(self, command: str) -> subprocess.Popen[str]:
        """Run a command on the head by `ray exec` and do not wait for it."""
        log = self.hosts.shared / f"exec-{time.time_ns()}.log"
        return self.hosts.operator.start(f"cd ~/project && {RAY} {self._exec(command)}", log)

    def _exec(self, command: str) -> str:
        return f"exec ~/cluster.yaml {shlex.quote('cd tuner && ' + command)}"

    def _ray(self, arguments: str, *, timeout: float) -> subprocess.CompletedProcess[str]:
        return self.hosts.operator.run(f"cd ~/project && {RAY} {arguments}", timeout=timeout)


def wait_for(
    what: str,
    seconds: float,
    happened: Callable[[], bool],
    *,
    of: subprocess.Popen[str] | None = None,
) -> None:
    """Look twice a second whether it has happened, as long as the process `of` it is alive."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert of is None or of.poll() is None, f"ended, without {what}"
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.5)
