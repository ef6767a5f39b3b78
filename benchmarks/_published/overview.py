"""One line a document, for the head of published.md and for README's results."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from _published.document import Document, Of
from _published.documents import DOCUMENTS
from _published.rows import Entry, Row

BEGIN, END = "<!-- published: by benchmarks/published.py -->", "<!-- published: end -->"
_HEAD = ("| document | figure | published | ours |", "|---|---|--:|--:|")


def overview(record: Mapping[str, Any], page: str = "") -> list[str]:
    """The table; `page` is where its links lead, this page itself for ""."""
    return [*_HEAD, *(_line(document, record, page) for document in DOCUMENTS)]


def with_overview(text: str, record: Mapping[str, Any], page: str) -> str:
    """A text whose table, between its two marks, is that of the record; the marks must be there."""
    before, marked, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (marked and closed):
        raise ValueError(f"the text needs {BEGIN} and, after it, {END}")
    return "\n".join([before + BEGIN, "", *overview(record, page), "", END + after])


def _line(document: Document, record: Mapping[str, Any], page: str) -> str:
    line = document.line
    published = _published(document, line.published_of or line.rows)
    ours = line.counted(record["figures"]) if line.counted else _ours(document, record["rows"])
    name = _link(document.name, record["rows"], page)
    return f"| {name} | {line.of} | {published} | {ours} |"


def _published(document: Document, rows: Sequence[Of]) -> str:
    """Their values; one that all have is said once."""
    declared = _declared(document)
    values = [value for of in rows if (value := declared[of].published) is not None]
    same = len(set(values)) == 1
    return ", ".join(_number(value) for value in (values[:1] if same else values)) or "none"


def _ours(document: Document, entries: Sequence[Entry]) -> str:
    made, declared = {entry["key"]: entry["ours"] for entry in entries}, _declared(document)
    return ", ".join(_number(made.get(declared[of].key)) for of in document.line.rows)


def _declared(document: Document) -> dict[Of, Row]:
    return {
        (row.system, row.data, row.protocol, row.one_of, row.metric): row for row in document.rows
    }


def _link(document: str, rows: Sequence[Entry], page: str) -> str:
    """To the heading, named as GitHub names it; a document without rows has none."""
    if all(row["document"] != document for row in rows):
        return document
    anchor = re.sub(r"[^\w\- ]", "", document.lower()).replace(" ", "-")
    return f"[{document}]({page}#{anchor})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
