"""What a search opens to others, and what it could give away, looked at from outside."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PLANTED = {
    "WANDB_API_KEY": "planted5f3e1b7a9c2d4e6f8a0b1c2d3e4f5a6b7c8d",
    "AWS_ACCESS_KEY_ID": "AKIAPLANTED7EXAMPLE1",
    "AWS_SECRET_ACCESS_KEY": "planted/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE",
}
SMALL = [
    "--set=data.dataset=digits",
    "--set=data.fit_normals=100",
    "--set=fixed.width=4",
    "--set=fixed.batch_normals=16",
    "--set=fixed.batch_anomalies=4",
    "--trials=3",
]
LISTENS = "0A"


def family(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def sockets(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if found := re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink())):
                    yield found[1]


def listening(pid: int) -> set[str]:
    """Hexadecimal addresses on which the process or a descendant listens."""
    own = {inode for process in set(family(pid)) for inode in sockets(process)}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == LISTENS and words[9] in own:
                found.add(words[1].split(":")[0])
    return found


def is_loopback(address: str) -> bool:
    """127.0.0.0/8 is written with its last byte first; also mapped into IPv6, and ::1."""
    mapped = "0000000000000000FFFF0000"
    four = address.removeprefix(mapped)
    return (len(four) == 8 and four.endswith("7F")) or address == "0" * 24 + "01000000"


def test_the_check_on_addresses_would_let_everything_pass() -> None:
    assert is_loopback("0100007F")
    assert is_loopback("0000000000000000FFFF00000100007F")
    assert is_loopback("00000000000000000000000001000000")
    for beyond in ("00000000", "0" * 32, "020002C0", "0000000000000000FFFF0000020002C0"):
        assert not is_loopback(beyond)


def server_of(pid: int) -> int | None:
    """Ray's server that this process started."""
    for process in family(pid):
        with suppress(OSError):
            title = Path(f"/proc/{process}/cmdline").read_bytes()
            if b"/gcs_server" in title.split(b"\0")[0]:
                return process
    return None


@pytest.fixture
def ray_folder() -> Iterator[Path]:
    """Where Ray leaves its logs: of a short name, since its sockets lie there too."""
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.mark.long
def test_a_search_would_listen_to_others_or_give_a_key_away(
    tmp_path: Path, ray_folder: Path
) -> None:
    space = ROOT / "search_spaces" / "quickstart.yaml"
    command = [sys.executable, "-m", "tuner.search", f"--space={space}", f"--runs={tmp_path}"]
    search = subprocess.Popen(
        [*command, *SMALL, "--name=kept", "--wandb=offline"],
        env={**os.environ, **PLANTED, "RAY_TMPDIR": str(ray_folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    addresses: set[str] = set()
    asks_for_token = False
    own_group = os.getpgid(search.pid)
    while search.poll() is None:
        addresses |= listening(search.pid)
        if server := server_of(search.pid):
            with suppress(OSError):
                environment = Path(f"/proc/{server}/environ").read_bytes()
                asks_for_token |= b"RAY_AUTH_MODE=token" in environment
                assert os.getpgid(server) != own_group, "what stops a group would stop Ray first"
        time.sleep(0.2)
    said = search.communicate()[0]
    assert search.returncode == 0, said.decode()
    assert addresses, "nothing was seen to listen: the check looked at the wrong processes"
    assert {address for address in addresses if not is_loopback(address)} == set()
    assert asks_for_token
    files = [
        path for folder in (tmp_path, ray_folder) for path in folder.rglob("*") if path.is_file()
    ]
    assert (tmp_path / "kept" / "events.jsonl") in files
    assert any(path.name.startswith("raylet") for path in files)
    for content in (said, *(path.read_bytes() for path in files)):
        for key in PLANTED.values():
            assert key.encode() not in content
