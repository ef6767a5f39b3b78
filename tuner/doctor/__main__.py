"""Check what usually goes wrong, on this machine or on every node of a cluster.

python -m tuner.doctor --space search_spaces/quickstart.yaml
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tuner.cli.command_line import add_overrides, run_command
from tuner.cli.signals import leave
from tuner.errors import TunerError

FAILED = 1


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.doctor",
        description=(
            "Check what usually goes wrong before a search costs anything: one line each, with "
            f"what to do beside it. Exit code {FAILED} where something fails."
        ),
        epilog=(
            "examples:\n"
            "  python -m tuner.doctor\n"
            "  python -m tuner.doctor --space search_spaces/lossweights.yaml\n"
            "  python -m tuner.doctor --cluster --storage s3://bucket/runs\n"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = options.add_argument
    add("--space", type=Path, metavar="FILE", help="the space file, whose images are looked for")
    add_overrides(options, "the space", example="data.folder=/data")
    add("--cluster", action="store_true", help="every node of the cluster that this machine is in")
    add("--address", help="every node of the Ray cluster there (default: $RAY_ADDRESS)")
    add(
        "--storage",
        help="shared folder, s3://bucket/prefix or none (default: $TUNER_STORAGE, else runs)",
    )
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(lambda: _main(parser().parse_args(argv)))


def _main(given: argparse.Namespace) -> int:
    from tuner.backend.address import check_form, named_address  # noqa: PLC0415 - keeps --help fast
    from tuner.console.findings import show_findings  # noqa: PLC0415
    from tuner.doctor.preflight import visit  # noqa: PLC0415
    from tuner.space import load_space  # noqa: PLC0415

    if given.overrides and not given.space:
        raise TunerError("--set needs --space, the file that it changes")
    space = load_space(given.space, given.overrides, new=True) if given.space else None
    address = given.address or ("auto" if given.cluster else named_address(None))
    if address:
        check_form(address)
    failed = show_findings(visit(space, _place(given.storage), address))
    return FAILED if failed else 0


def _place(storage: str | None) -> str:
    """Return where results go, by a name that means the same in any process's working folder."""
    from tuner.storage import NONE, VARIABLE, open_storage  # noqa: PLC0415

    named = (os.environ.get(VARIABLE) or NONE) if storage is None else storage
    if named == NONE:
        with suppress(OSError):  # that it cannot be written to will be found
            Path("runs").mkdir(exist_ok=True)
        named = "runs"
    open_storage(named)  # a name that can be none
    return named if "://" in named else str(Path(named).expanduser().absolute())


if __name__ == "__main__":
    leave(main())
