"""Score pictures with a retrained model: a table, and heat maps of where each looks anomalous.

python -m tuner.score --model runs/quickstart-1/model pictures/ --out scores.csv --heatmaps maps/
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tuner.cli.command_line import run_command
from tuner.cli.run_option import add_run, run_path
from tuner.cli.signals import leave


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.score",
        description=(
            "Score pictures with a retrained model: one row a picture with its score, the same "
            "from 0 to 1 (0.5 at the threshold), the verdict, or the reason why it cannot be read."
        ),
        epilog=(
            "example:\n"
            "  python -m tuner.score --model runs/quickstart-1/model pictures/ "
            "--out scores.csv --heatmaps maps/\n"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = options.add_argument
    add("images", type=Path, nargs="+", metavar="IMAGES", help="pictures, or folders of them")
    what = "a retrained run: its name, its folder runs/<name>, or that of its model"
    add_run(options, "--model", dest="model", about=what, required=True)
    add("--out", type=Path, metavar="FILE", help="the table (default: standard output)")
    add("--heatmaps", type=Path, metavar="FOLDER", help="draw a heat map of each picture there")
    add("--overwrite", action="store_true", help="replace files that are there")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(lambda: _main(parser().parse_args(argv)))


def _main(given: argparse.Namespace) -> int:
    from tuner.retrain.model_folder import open_model  # noqa: PLC0415 - keeps --help fast
    from tuner.score.inputs import named_pictures  # noqa: PLC0415
    from tuner.score.run import Outputs, check_outputs, closing_lines, score  # noqa: PLC0415

    pictures = named_pictures(given.images)
    model = open_model(run_path(given.model))
    outputs = Outputs(table=given.out, heatmaps=given.heatmaps, overwrite=given.overwrite)
    check_outputs(model, pictures, outputs)
    tally = score(model, pictures, outputs)
    said = sys.stderr if given.out is None else sys.stdout
    for line in closing_lines(model, tally, outputs):
        said.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    leave(main())
