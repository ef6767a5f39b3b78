"""A document: its rows, its line in the overview, and the sentences below its chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from _published.rows import Entry, Row

Of = tuple[str, str, str, str, str]
"""What a row of a document is of: its system, data, protocol, class and metric."""


class NotMade(Exception):  # noqa: N818 - it says what is so
    """A row that a sentence needs is not made yet."""


class MadeRows:
    """The rows of a document in the results, by what they are of."""

    def __init__(self, rows: Sequence[Entry]):
        names = ("system", "data", "protocol", "class", "metric")
        self._rows = {tuple(row[name] for name in names): row for row in rows}

    def all(self) -> Sequence[Entry]:
        """Those that have a figure."""
        return [row for row in self._rows.values() if row["ours"] is not None]

    def find(self, *of: str) -> Entry:
        """The row of a system, data, protocol, class and metric; raises NotMade."""
        row = self._rows.get(of)
        if row is None or row["ours"] is None:
            raise NotMade
        return row

    def value(self, *of: str) -> float:
        """Our figure of it."""
        return float(self.find(*of)["ours"])


Sentence = Callable[[MadeRows], str]


@dataclass(frozen=True, kw_only=True)
class Line:
    """What a document is told by in the overview: some of its rows, and what they are.

    `published_of` are the rows that have the published values, where they are others. `counted`
    makes ours of the figures at the head of the results, where it is no row's.
    """

    of: str
    rows: Sequence[Of] = ()
    published_of: Sequence[Of] = ()
    counted: Callable[[Mapping[str, float]], str] | None = None


@dataclass(frozen=True, kw_only=True)
class Document:
    """The name is that of its section; sentences are made of its rows."""

    name: str
    rows: tuple[Row, ...]
    line: Line
    sentences: Sequence[Sentence] = ()

    def remarks(self, rows: Sequence[Entry]) -> list[str]:
        """The sentences for which all rows are there; `rows` are those of the document."""
        found, said = MadeRows(rows), []
        for sentence in self.sentences:
            try:
                said.append(sentence(found))
            except NotMade:
                continue
        return said
