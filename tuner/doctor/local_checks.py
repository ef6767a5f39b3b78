"""What is looked at from the machine of the driver alone: W&B, ports, authentication."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tuner.console.finding import Finding, fail, ok, warn
from tuner.tracking.mode import choose_mode

DASHBOARD = 8265
PORTS = {6379: "Ray's control store", DASHBOARD: "Ray's dashboard", 10001: "Ray Client"}
_ANSWER_S = 3.0
_LISTENS = "0A"


def wandb(requested: str) -> Finding:
    """Mode, key and server; a key is never shown."""
    choice = choose_mode(requested)
    if choice.mode != "online":
        return ok("W&B", choice.note.removeprefix("W&B: ") or choice.mode)
    host = urlsplit(url := choice.server)
    try:
        address = (host.hostname or "", host.port or (80 if host.scheme == "http" else 443))
        socket.create_connection(address, timeout=_ANSWER_S).close()
    except OSError as error:
        remedy = "mind the proxy, or set wandb: offline and `python -m wandb sync` its folder later"
        return warn("W&B", f"online, with a key; {url} does not answer: {error}", remedy)
    return ok("W&B", f"online, with a key; {url} answers")


def own_authentication(environment: Mapping[str, str] = os.environ) -> Finding:
    """What a Ray that a search starts here asks for: without tokens, of nobody anything."""
    mode = environment.get("RAY_AUTH_MODE", "").lower()
    if mode in ("", "token"):
        return ok("authentication", "token" if mode else "token: Ray makes one for this machine")
    text = f"RAY_AUTH_MODE is {mode}: other users of this machine can run anything as you"
    return fail("authentication", text, "export RAY_AUTH_MODE=token, or unset it")


def authentication(stranger_let_in: bool | None) -> Finding:
    """What the head of a cluster said to a token that nobody has; None where it said nothing."""
    if stranger_let_in is None:
        text = "the head did not answer when a wrong token was tried on it: what it asks is unknown"
        return warn("authentication", text, "run this again, on the head")
    if not stranger_let_in:
        return ok("authentication", "a wrong token was tried on the head, which refused it")
    text = "the head lets in a wrong token: who reaches the cluster can run anything on it"
    remedy = (
        "export RAY_AUTH_MODE=token on all nodes, with one ~/.ray/auth_token, and start Ray again"
    )
    return fail("authentication", text, remedy)


def ports(address: str | None) -> Finding:
    """Nothing of Ray's shall be reached from others; a cluster's nodes reach all but a page."""
    open_ports = sorted({port for port in _reachable_ports() if port in PORTS})
    if not open_ports:
        return ok("ports", "none of Ray's listens beyond this machine")
    said = ", ".join(f"{port} ({PORTS[port]})" for port in open_ports)
    if address and DASHBOARD in open_ports:
        remedy = (
            "start the head with --dashboard-host=127.0.0.1, as cluster.yaml does, and reach its "
            "dashboard by ssh: `ray dashboard cluster.yaml`"
        )
        return warn("ports", f"beyond this machine: {said}; the dashboard need not be", remedy)
    if address:
        return ok("ports", f"open to the cluster's network: {said}; keep others out by a firewall")
    remedy = "stop that Ray, or start it with --node-ip-address=127.0.0.1"
    return warn("ports", f"reached from other machines: {said}", remedy)


def _reachable_ports() -> Iterator[int]:
    for table in ("tcp", "tcp6"):
        path = Path("/proc/net") / table
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            words = line.split()
            host, _, port = words[1].partition(":")
            if words[3] == _LISTENS and not _is_loopback(host):
                yield int(port, 16)


def _is_loopback(host: str) -> bool:
    """As /proc writes it, bytes reversed: 127.0.0.0/8, that mapped into IPv6, or ::1."""
    four = host.removeprefix("0000000000000000FFFF0000")
    return (len(four) == 8 and four.endswith("7F")) or host == "0" * 24 + "01000000"
