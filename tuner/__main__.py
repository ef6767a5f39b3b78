"""List the commands: `python -m tuner`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from pathlib import Path

from models.names import nearest
from tuner.cli.command_line import WRONG_INPUT


def commands() -> dict[str, str]:
    """Return every folder of this package that is a command, and what its first line says."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*/__main__.py")):
        about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        found[f"tuner.{path.parent.name}"] = about.split("\n")[0]
    return found


def main(argv: Sequence[str]) -> int:
    """Print the list; a command is a package of its own, whose name has a dot."""
    known = commands()
    if argv and not argv[0].startswith("-"):
        like = nearest(argv[0].removeprefix("tuner."), [name.split(".")[1] for name in known])
        hint = f"type python -m tuner.{like}" if like else "python -m tuner lists the commands"
        sys.stderr.write(f"python -m tuner {argv[0]} is no command; {hint}\n")
        return WRONG_INPUT
    width = max(map(len, known))
    lines = [f"  python -m {name:<{width}}  {about}" for name, about in known.items()]
    sys.stdout.write("Commands (each has --help):\n" + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
