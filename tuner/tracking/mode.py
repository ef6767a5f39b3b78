"""Whether a search's W&B runs go online: as the command, W&B's variables and its settings say.

Nothing is asked over the network and no question is put to anybody. W&B itself is loaded only where
it may have a key, so that `--dry-run` and a search of somebody without an account stay light.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tuner.cli.command_text import command
from tuner.tracking.runs import Account, Mode, account

REQUESTS = ("auto", "online", "offline", "off")
_WISHES: dict[str, Mode] = {
    "online": "online",
    "run": "online",
    "shared": "online",
    "offline": "offline",
    "dryrun": "offline",
    "disabled": "off",
}
"""W&B's own words for a mode, and ours."""


@dataclass(frozen=True, kw_only=True)
class ModeChoice:
    """The mode, and one line for the person where it is not simply what was asked; else empty.

    `server` is where an online run goes.
    """

    mode: Mode
    note: str = ""
    server: str = ""


def choose_mode(requested: str, runs: Path | None = None) -> ModeChoice:
    """Choose the mode for `requested`, one of `REQUESTS`; `runs` is W&B's folder in the search's.

    What is requested outright holds, whatever W&B's variables and settings say; `auto` follows
    WANDB_MODE, then W&B's settings files, and is online exactly when there is a key. `online`
    without a key becomes offline with a note: W&B would stop and ask for one.
    """
    if requested not in REQUESTS:
        allowed = ", ".join(REQUESTS)
        raise ValueError(f"W&B mode is {requested!r}; allowed are {allowed}.")
    if requested in ("off", "offline"):
        return ModeChoice(mode="off" if requested == "off" else "offline")
    named = os.environ.get("WANDB_MODE", "") if requested == "auto" else ""
    if not named:
        return _of_account(requested, runs)
    wish = _WISHES.get(named.lower())
    if wish is None:
        return _offline(f"WANDB_MODE is {named!r}, none of {', '.join(_WISHES)}", runs)
    return _of_account("online", runs) if wish == "online" else _kept(wish, "WANDB_MODE=disabled")


def _of_account(requested: str, runs: Path | None) -> ModeChoice:
    """What W&B's files and its key say, where the variables leave it to them."""
    found = account() if _may_say_something() else Account()
    if found.problem:
        return _offline(found.problem, runs)
    wish = _WISHES.get(found.mode, "online") if requested == "auto" else "online"
    if wish != "online":
        return _kept(wish, "its settings file says `disabled`")
    if found.has_key:
        return ModeChoice(mode="online", server=found.server)
    return _offline("no key found (`wandb login` stores one)", runs)


def _kept(wish: Mode, off_because: str) -> ModeChoice:
    """Offline or off, because W&B itself was told so."""
    note = f"W&B is off: {off_because}." if wish == "off" else ""
    return ModeChoice(mode=wish, note=note)


def sync_command(runs: Path) -> str:
    """What sends runs that were kept offline, as it is typed in the working folder."""
    return command("wandb", "sync", runs.absolute())


def _offline(why: str, runs: Path | None) -> ModeChoice:
    later = f"; `{sync_command(runs)}` sends them" if runs else ""
    return ModeChoice(mode="offline", note=f"W&B: {why}, so runs are kept offline{later}.")


def _may_say_something() -> bool:
    """Whether there is a variable or a file in which W&B could find a key or a mode."""
    variables = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")
    return any(map(os.environ.get, variables)) or any(_is_there(file) for file in _files())


def _files() -> Iterator[Path]:
    here = os.environ.get("WANDB_DIR") or "."
    yield from (Path(here, folder, "settings") for folder in ("wandb", ".wandb"))
    yield Path(os.environ.get("WANDB_CONFIG_DIR") or "~/.config/wandb", "settings")
    yield from map(Path, [os.environ["NETRC"]] if os.environ.get("NETRC") else _NETRC)


_NETRC = ("~/.netrc", "~/_netrc")


def _is_there(file: Path) -> bool:
    try:
        return file.expanduser().exists()
    except (OSError, RuntimeError):  # no permission; no home
        return False
