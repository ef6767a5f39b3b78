"""Whether a search's W&B runs go online: decided from files and variables, without asking anyone.

No network call, no prompt and no import of wandb, so that `--help` and `--dry-run` may use it.
"""

import configparser
import contextlib
import netrc
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

Mode = Literal["online", "offline", "off"]
REQUESTS = ("auto", "online", "offline", "off")
_NO_KEY = (
    "W&B: no key found (WANDB_API_KEY, netrc), so runs are kept offline; `wandb sync` uploads them."
)


@dataclass(frozen=True, kw_only=True)
class ModeChoice:
    """The mode, and one line for the person where it is not simply what was asked; else empty."""

    mode: Mode
    note: str = ""


def choose_mode(requested: str, environment: Mapping[str, str] | None = None) -> ModeChoice:
    """Choose the mode for `requested`, one of `REQUESTS`.

    `auto` follows WANDB_MODE where it is set, and is online exactly when there is a key. `online`
    without a key becomes offline with a note: W&B would stop and ask for one.
    """
    environment = os.environ if environment is None else environment
    if requested == "off":
        return ModeChoice(mode="off")
    if requested == "offline":
        return ModeChoice(mode="offline")
    if requested not in REQUESTS:
        allowed = ", ".join(REQUESTS)
        raise ValueError(f"W&B mode is {requested!r}; allowed are {allowed}.")
    wished = environment.get("WANDB_MODE", "").lower()
    if requested == "auto" and wished == "disabled":
        return ModeChoice(mode="off", note="W&B is off: WANDB_MODE=disabled.")
    if requested == "auto" and wished in ("offline", "dryrun"):
        return ModeChoice(mode="offline")
    if has_key(environment):
        return ModeChoice(mode="online")
    return ModeChoice(mode="offline", note=_NO_KEY)


def has_key(environment: Mapping[str, str]) -> bool:
    """Whether W&B would find credentials for its server without asking."""
    if environment.get("WANDB_API_KEY") or environment.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    host = urlsplit(server(environment)).netloc
    for path in _netrc_files(environment):
        try:
            found = netrc.netrc(path).authenticators(host)
        except (OSError, netrc.NetrcParseError):
            continue
        if found and found[2]:
            return True
    return False


def server(environment: Mapping[str, str]) -> str:
    """Address of the W&B server: a company's own one stands in W&B's settings file."""
    if address := environment.get("WANDB_BASE_URL"):
        return address
    home = environment.get("WANDB_CONFIG_DIR") or Path("~/.config/wandb").expanduser()
    parser = configparser.ConfigParser()
    with contextlib.suppress(configparser.Error, UnicodeDecodeError):
        parser.read(Path(home, "settings"), encoding="utf-8")
    return parser.get("default", "base_url", fallback="https://api.wandb.ai")


def _netrc_files(environment: Mapping[str, str]) -> list[Path]:
    if named := environment.get("NETRC"):
        return [Path(named).expanduser()]
    return [Path("~/.netrc").expanduser(), Path("~/_netrc").expanduser()]
