"""A head with tokens and one without, asked by someone who knows none: Ray's own server, alone."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from ray._private.services import GCS_SERVER_EXECUTABLE

from tuner.backend import auth_probe
from tuner.backend.auth_probe import is_let_in

StartHead = Callable[[str], str]
_STARTS_S = 60.0


@pytest.fixture
def start_head(tmp_path: Path) -> Iterator[StartHead]:
    """Start the head's server in a mode of authentication; returns its address."""
    started: list[subprocess.Popen[bytes]] = []

    def start(mode: str) -> str:
        options = {
            "log_dir": tmp_path,
            "session-dir": tmp_path,
            "config_list": "e30=",  # {}
            "gcs_server_port": 0,
            "metrics-agent-port": 1,
            "node-ip-address": "127.0.0.1",
            "session-name": "alone",
            "node-id": "ab" * 28,
        }
        token = {"RAY_AUTH_MODE": mode, "RAY_AUTH_TOKEN": "right" * 8}
        started.append(
            subprocess.Popen(
                [GCS_SERVER_EXECUTABLE, *(f"--{name}={value}" for name, value in options.items())],
                env={**os.environ, **token},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return f"127.0.0.1:{_port(tmp_path)}"

    yield start
    for server in started:
        server.kill()
        server.wait()


def _port(folder: Path) -> int:
    """The server writes the port that it got into a file."""
    give_up = time.monotonic() + _STARTS_S
    while time.monotonic() < give_up:
        with suppress(StopIteration, ValueError):
            return int(next(folder.glob("gcs_server_port_*")).read_text())
        time.sleep(0.05)
    raise TimeoutError("Ray's server did not start")


def test_a_head_without_tokens_would_pass_where_the_driver_has_one(
    start_head: StartHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    assert is_let_in(start_head("disabled")) is True


def test_a_head_with_tokens_would_be_called_open_to_all(
    start_head: StartHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "right" * 8)
    assert is_let_in(start_head("token")) is False


def test_no_answer_would_be_taken_for_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_probe, "_ANSWER_S", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert is_let_in(f"127.0.0.1:{silent.getsockname()[1]}") is None
