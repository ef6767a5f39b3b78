"""Write search_spaces/schema.json, by which editors complete and check space files.

python -m tuner.space.schema
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tuner.cli.command_line import run_command
from tuner.errors import TunerError
from tuner.space import Space

DEFAULT_PATH = Path("search_spaces/schema.json")


def schema_text() -> str:
    """Return the JSON schema of a space file."""
    schema = Space.model_json_schema()
    schema["title"] = "Search space"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the schema to the path given, by default to its place in the repository."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.space.schema", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    options.add_argument(
        "path",
        nargs="?",
        type=Path,
        default=DEFAULT_PATH,
        metavar="FILE",
        help=f"where to (default: {DEFAULT_PATH})",
    )
    return run_command(lambda: _write(options.parse_args(argv).path))


def _write(path: Path) -> int:
    try:
        path.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        raise TunerError(f"{path}: cannot be written: {error.strerror}") from error
    return 0


if __name__ == "__main__":
    sys.exit(main())
