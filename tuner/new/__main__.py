"""Look at a folder of pictures, say what is in it, and write a space file for it.

python -m tuner.new photos/bottles
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.data.preprocessing import RESIZES
from tuner.cli.command_line import run_command, whole
from tuner.cli.signals import leave

if TYPE_CHECKING:
    from tuner.new.options import Wishes

_LAYOUTS = """\
what a folder may look like:
  good/                                    normal pictures alone
  good/  scratch/  dent/                   and kinds of defects
  train/good/  test/<kind>/                as MVTec AD has them, ground_truth/<kind>/ with masks
  <class>/ ...                             classes, with --normal or --anomalous
  images.csv                               a table: path, label, split, mask

examples:
  python -m tuner.new photos/bottles
  python -m tuner.new photos/bottles --size 128 --detector autoencoder
  python -m tuner.new animals --normal cat --normal dog
"""


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.new",
        description="Look at a folder of pictures, and write the space file of a search for it.",
        epilog=_LAYOUTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = options.add_argument
    add("folder", type=Path, metavar="FOLDER", help="the folder of pictures")
    add("--out", type=Path, metavar="FILE", help="what to write (default: <folder's name>.yaml)")
    add("--detector", metavar="NAME", help="what to train (default: what suits the pictures)")
    size = "height and width that pictures are brought to (default: 64, 32 for small pictures)"
    add("--size", type=whole, help=size)
    for kind in ("normal", "anomalous"):
        text = f"a class that is {kind}; may be repeated"
        add(f"--{kind}", action="append", default=[], metavar="CLASS", help=text)
    grey = "leave colours out (default: where no picture has any)"
    add("--grayscale", action=argparse.BooleanOptionalAction, help=grey)
    resize = "what happens to pictures that are not square (default: stretch)"
    add("--resize", choices=RESIZES, default="stretch", help=resize)
    add("--skip-unreadable", action="store_true", help="go on without what cannot be read")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(lambda: _main(parser().parse_args(argv)))


def _main(given: argparse.Namespace) -> int:
    from tuner.new.options import check_wishes  # noqa: PLC0415
    from tuner.new.space_file import check_free, default_path  # noqa: PLC0415 - for --help

    wishes = _wishes(given)
    out = given.out or default_path(wishes.folder)
    check_free(out)
    check_wishes(wishes)
    from tuner.cli.output import say  # noqa: PLC0415
    from tuner.new.inspection import visit  # noqa: PLC0415

    visit(wishes, out, ["python", "-m", "tuner.new", str(given.folder)], say)
    return 0


def _wishes(given: argparse.Namespace) -> Wishes:
    from tuner.new.options import Wishes  # noqa: PLC0415 - for --help

    folder = given.folder.expanduser().absolute()
    return Wishes(
        folder=folder.resolve() if ".." in folder.parts else folder,
        detector=given.detector,
        size=given.size,
        normal=tuple(given.normal),
        anomalous=tuple(given.anomalous),
        grayscale=given.grayscale,
        resize=given.resize,
        skip_unreadable=given.skip_unreadable,
    )


if __name__ == "__main__":
    leave(main())
