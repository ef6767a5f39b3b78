"""The lab's network: a bridge in the operator's own namespace, and no way out of it."""

import os
import signal
from contextlib import suppress

from tests.cluster.lab.commands import tool

PREFIX = "tunerlab-"
OPERATOR = f"{PREFIX}operator"


def build(addresses: dict[str, str]) -> None:
    """Make a namespace for the operator and one for each host, all on one bridge.

    `addresses` maps each host's name to its IP address; the operator has 10.77.0.1.
    """
    _namespace(OPERATOR)
    tool("ip", "-n", OPERATOR, "link", "add", "bridge", "type", "bridge")
    tool("ip", "-n", OPERATOR, "addr", "add", "10.77.0.1/24", "dev", "bridge")
    tool("ip", "-n", OPERATOR, "link", "set", "bridge", "up")
    for number, (host, address) in enumerate(addresses.items()):
        _cable(PREFIX + host, f"cable{number}", address)


def clear() -> None:
    """End what an earlier lab left: only what runs inside namespaces of the lab's own name."""
    for name in _namespaces():
        for pid in tool("ip", "netns", "pids", name).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        tool("ip", "netns", "del", name)


def _namespaces() -> list[str]:
    names = [line.split()[0] for line in tool("ip", "netns", "list").splitlines() if line]
    return [name for name in names if name.startswith(PREFIX)]


def _namespace(name: str) -> None:
    tool("ip", "netns", "add", name)
    tool("ip", "-n", name, "link", "set", "lo", "up")


def _cable(name: str, cable: str, address: str) -> None:
    _namespace(name)
    ends = ("type", "veth", "peer", "name", "eth0", "netns", name)
    tool("ip", "-n", OPERATOR, "link", "add", cable, *ends)
    tool("ip", "-n", OPERATOR, "link", "set", cable, "master", "bridge", "up")
    tool("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
    tool("ip", "-n", name, "link", "set", "eth0", "up")
