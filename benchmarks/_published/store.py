"""The file of results: a list of rows beside the figures that follow from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from _result import device_name, machine, result_file, versions

from _published.below import sentence
from _published.rows import Entry, Row, Value
from _published.summary import MEAN, summary

NAME = "published"
PICTURES = Path(__file__).parent.parent / "pictures"
_MADE = ("ours", "std", "seeds", "scale", "commit", "minutes", "said", "more", "digest")
"""What comes of making a row; all else of an entry is declared."""
COMMAND = "TUNER_DATA=/data python benchmarks/published.py"


class Store:
    """The rows that are there, by their keys; every change is written at once, whole."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or result_file(NAME)
        stored = json.loads(self.file.read_text()) if self.file.exists() else {"rows": []}
        self.record: dict[str, Any] = stored
        self._entries: dict[str, Entry] = {entry["key"]: entry for entry in stored["rows"]}

    def is_made(self, row: Row) -> bool:
        """Whether the row is there, made by what it would be made by now."""
        entry = self._entries.get(row.key)
        return entry is not None and entry["digest"] == row.digest

    def put(self, row: Row, value: Value, *, commit: str, minutes: float) -> None:
        """Keep a row that was just made."""
        self._entries[row.key] = {
            "ours": round(value.mean, 4),
            "std": None if value.std is None else round(value.std, 4),
            "seeds": value.seeds,
            "scale": row.scale,
            "commit": commit,
            "minutes": round(minutes, 1),
            "said": value.note,
            "more": value.more,
            "digest": row.digest,
        }

    def put_no_data(self, row: Row, reason: str) -> None:
        """Keep that the row's images are not on this machine."""
        self._entries[row.key] = {
            **dict.fromkeys(("ours", "std")),
            **{"seeds": 0, "scale": "not run", "commit": "", "minutes": 0.0},
            **{"said": reason, "more": {}, "digest": ""},
        }

    def write(self, declared: Sequence[Row]) -> None:
        """Write the rows that are declared, in their order, and what follows from them.

        What is said of a row and was published is as it is declared now.
        """
        rows = [_whole(row, self._entries[row.key]) for row in declared if row.key in self._entries]
        self.record = {
            "benchmark": NAME,
            "device": device_name(),
            "machine": machine(),
            "versions": versions(),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": COMMAND,
            "figures": summary(rows, declared=len(declared)),
            "rows": rows,
        }
        draft = self.file.with_suffix(".draft")
        draft.write_text(json.dumps(self.record, indent=1, allow_nan=False) + "\n")
        draft.replace(self.file)


def _whole(row: Row, made: Entry) -> Entry:
    """What is declared of a row, and what was made of it."""
    return {
        "key": row.key,
        "document": row.document,
        "system": row.system,
        "data": row.data,
        "protocol": row.protocol,
        "class": row.one_of,
        "metric": row.metric,
        "published": row.published,
        "at_least": row.at_least,
        "comparable": row.comparable,
        **{name: made[name] for name in _MADE},
        "note": _joined(made["said"], row.differs, _below(row, made)),
    }


def _joined(*texts: str) -> str:
    return " ".join(text if text.endswith(".") else f"{text}." for text in texts if text)


def _below(row: Row, made: Entry) -> str:
    """The sentence beside a figure below chance or below flagging everything."""
    if made["ours"] is None:
        return ""
    return sentence(
        row.runs[0].detector if row.runs else None,
        row.metric,
        made["ours"],
        flagging_all=made["more"].get("flagging_all"),
        reason=row.below,
        of_many=row.one_of == MEAN,
    )
