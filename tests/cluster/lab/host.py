"""A host: a process tree with its own network, files, processes and name."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.lab.commands import LabError
from tests.cluster.lab.network import PREFIX

BOOT = Path(__file__).parent / "boot.sh"
START_S = 20.0
SHARED = "/shared"


class Host:
    """One machine of the lab, up to the end of its lab."""

    def __init__(self, name: str, address: str, folder: Path, binds: Sequence[str]) -> None:
        self.name = name
        self.address = address
        (folder / "mounts" / name).mkdir(parents=True, exist_ok=True)
        self._log = folder / f"{name}.log"
        # It dies with the test that made it, and all its processes with it.
        apart = ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", PREFIX + name]
        own = ["unshare", "-m", "-u", "-i", "-p", "-f", "--kill-child"]
        boot = ["bash", str(BOOT), name, str(folder), SHARED, sys.prefix, *binds]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [*apart, *own, *boot], stdout=log, stderr=log, start_new_session=True
            )
        self._first = self._first_process()

    def run(
        self, command: str, *, timeout: float = 120.0, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command on the host as its root, to its end."""
        done = subprocess.run(
            self._enter(command), capture_output=True, text=True, check=False, timeout=timeout
        )
        if check and done.returncode:
            raise AssertionError(
                f"{self.name}: `{command}` ended with {done.returncode}:\n"
                f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            )
        return done

    def start(self, command: str, log: Path) -> subprocess.Popen[str]:
        """Start a shell command on the host and let it run; its words go to `log`."""
        with log.open("w") as file:
            return subprocess.Popen(
                self._enter(command), stdin=subprocess.DEVNULL, stdout=file, stderr=file, text=True
            )

    def _enter(self, command: str) -> list[str]:
        enter = ["nsenter", "-t", str(self._first), "-m", "-u", "-i", "-p", "-n", "-r", "-w"]
        return [*enter, "env", "-i", "HOME=/root", "USER=root", "bash", "-lc", command]

    def _first_process(self) -> int:
        """The number, on this machine, of the process that is 1 on the host; sshd when booted."""
        deadline = time.monotonic() + START_S
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        while time.monotonic() < deadline and self._process.poll() is None:
            found = children.read_text().split() if children.exists() else []
            if found and Path(f"/proc/{found[0]}/comm").read_text().strip() == "sshd":
                return int(found[0])
            time.sleep(0.05)
        self._process.kill()
        raise LabError(f"{self.name} did not boot: {self._log.read_text().strip()[-500:]}")
