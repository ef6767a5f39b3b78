"""Write search_spaces/schema.json, by which editors complete and check space files.

python -m tuner.schema
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tuner.space import Space

DEFAULT_PATH = Path("search_spaces/schema.json")


def schema_text() -> str:
    """Return the JSON schema of a space file."""
    schema = Space.model_json_schema()
    schema["title"] = "Search space"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Write the schema to the path given, by default to its place in the repository."""
    given = sys.argv[1:] if argv is None else argv
    path = Path(given[0]) if given else DEFAULT_PATH
    path.write_text(schema_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
