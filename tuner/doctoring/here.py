"""What concerns the machine of the driver alone: W&B, ports, authentication."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tuner.doctoring.finding import Finding, fail, ok, warn
from tuner.tracking.mode import choose_mode

PORTS = {6379: "Ray's control store", 8265: "Ray's dashboard", 10001: "Ray Client"}
_ANSWER_S = 3.0
_LISTENS = "0A"


def wandb(requested: str, environment: Mapping[str, str] = os.environ) -> Finding:
    """Mode, key and server; a key is never shown."""
    choice = choose_mode(requested, environment)
    if choice.mode != "online":
        return ok("W&B", choice.note.removeprefix("W&B: ") or choice.mode)
    server = environment.get("WANDB_BASE_URL", "https://api.wandb.ai")
    host = urlsplit(server)
    try:
        address = (host.hostname or "", host.port or 443)
        socket.create_connection(address, timeout=_ANSWER_S).close()
    except OSError as error:
        remedy = "mind the proxy, or set wandb: offline and `wandb sync` later"
        return warn("W&B", f"online, with a key; {server} does not answer: {error}", remedy)
    return ok("W&B", f"online, with a key; {server} answers")


def authentication(address: str | None, environment: Mapping[str, str] = os.environ) -> Finding:
    """Whoever reaches a Ray without tokens can run anything there."""
    mode = environment.get("RAY_AUTH_MODE", "").lower()
    if mode == "token" or (not mode and not address):
        return ok("authentication", "token" if mode else "token: Ray makes one for this machine")
    text = f"RAY_AUTH_MODE is {mode or 'not set'}: who reaches the cluster can run anything on it"
    remedy = "export RAY_AUTH_MODE=token on all nodes, with one ~/.ray/auth_token"
    return fail("authentication", text, remedy)


def ports(address: str | None) -> Finding:
    """On one machine nothing of Ray's shall be reached from others."""
    open_ports = sorted({port for port in _reachable_ports() if port in PORTS})
    if not open_ports:
        return ok("ports", "none of Ray's listens beyond this machine")
    said = ", ".join(f"{port} ({PORTS[port]})" for port in open_ports)
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
