"""The token that a Ray of our own asks for, where there is no home to keep it in."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_VARIABLES = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def have_token() -> None:
    """Let Ray have a token for this process and what it starts, unless Ray can keep one itself.

    It keeps it in ~/.ray, and does not start where that can be neither read nor written.
    """
    if not any(map(os.environ.get, _VARIABLES)) and not _home_keeps_it():
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _home_keeps_it() -> bool:
    try:
        folder = Path.home() / ".ray"
        if (folder / "auth_token").is_file():
            return os.access(folder / "auth_token", os.R_OK)
        folder.mkdir(parents=True, exist_ok=True)
        return os.access(folder, os.W_OK)
    except (OSError, RuntimeError):  # nobody's home
        return False
