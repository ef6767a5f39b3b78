"""Whether a cluster lets in someone who does not know its token.

python -m tuner.backend.auth_probe 10.0.0.5:6379 asks the head there and prints the answer, in a
process of its own: Ray reads the token once a process.
"""

import os
import secrets
import subprocess
import sys

_LET_IN, _REFUSED = "let in", "refused"
_ANSWER_S = 30.0  # Ray itself would try for 40 seconds


def is_let_in(address: str) -> bool | None:
    """Ask the head at `address` with a token that nobody has; None where that gave no answer."""
    environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex()}
    command = [sys.executable, "-m", __name__, address]
    try:
        said = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=_ANSWER_S,
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return None
    return _LET_IN in said if {_LET_IN, _REFUSED} & set(said) else None


def _ask(address: str) -> str:
    from tuner.backend.ray_internals import lets_in  # noqa: PLC0415 - the command asks a process

    return _LET_IN if lets_in(address, _ANSWER_S) else _REFUSED


if __name__ == "__main__":
    print(_ask(sys.argv[1]))
