"""Export a retrained model as ONNX, with preprocessing and threshold inside, and a model card.

python -m tuner.export --model runs/quickstart-1/model --out detector.onnx
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tuner.cli.command_line import run_command
from tuner.cli.run_option import add_run, run_path
from tuner.cli.signals import leave


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.export",
        description=(
            "Export a retrained model as one ONNX file: a picture of any size in, score, verdict "
            "and anomaly map out. A model card is written beside it."
        ),
        epilog=(
            "example:\n  python -m tuner.export --model runs/quickstart-1/model "
            "--out detector.onnx\n"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = options.add_argument
    what = "a retrained run: its name, its folder runs/<name>, or that of its model"
    add_run(options, "--model", dest="model", about=what, required=True)
    add("--out", type=Path, required=True, metavar="FILE", help="the file: NAME.onnx")
    add("--overwrite", action="store_true", help="replace files that are there")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(lambda: _main(parser().parse_args(argv)))


def _main(given: argparse.Namespace) -> int:
    from tuner.cli.output import say  # noqa: PLC0415
    from tuner.export.run import (  # noqa: PLC0415 - keeps --help fast
        card_path,
        check_installed,
        check_output,
        export,
    )
    from tuner.retrain.model_folder import open_model  # noqa: PLC0415
    from tuner.storage.files import as_typed  # noqa: PLC0415

    check_output(given.out, overwrite=given.overwrite)
    check_installed()
    model = open_model(run_path(given.model))
    export(model, given.out)
    say(f"Exported, and held against the detector on pictures of several sizes: {given.out}")
    say(f"Model card: {as_typed(card_path(given.out))}")
    return 0


if __name__ == "__main__":
    leave(main())
