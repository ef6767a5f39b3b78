"""published.md, made of the JSON alone: a section, a chart and a table for each document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from _published.charts import chart_name, draw_charts
from _published.document import Document
from _published.documents import DOCUMENTS
from _published.head import HEAD
from _published.overview import overview, with_overview
from _published.rows import Entry
from _published.store import PICTURES
from _published.summary import GAIN, MEAN, has_runs, limit_of, reached

HERE = Path(__file__).parent.parent
FILE = HERE / "published.md"
README = HERE.parent / "README.md"
IN_README = "benchmarks/published.md"
"""What the links of README's table lead to."""
_MANY = 5
_MORE = {
    "OMASGAN": {
        "omasgan-boundary.png": "Points in the plane: normal ones x, those of the second generator "
        "G'(z), and the boundary B(z). B encloses both clusters as one shape, and a part of it "
        "lies between them; G' joins the clusters and misses half of the upper one.",
        "omasgan-divergence.png": "The divergence that each stage's critic estimates, epoch by "
        "epoch, of the published settings on FashionMNIST in the search (8 channels, 12 epochs): "
        "normal trains G, boundary B, retraining G', judge J alone. It grows while G and G' are "
        "trained: in so few epochs they do not catch up with their critics. B is to move away.",
    }
}
_COLUMNS = (
    ("system", "---"),
    ("data, protocol", "---"),
    ("class", "---"),
    ("metric", "---"),
    ("published", "--:"),
    ("ours", "--:"),
    ("reached", "---"),
    ("seeds", "--:"),
    ("scale", "---"),
    ("min", "--:"),
    ("commit", "---"),
    ("what differs, and what to know", "---"),
)


def write_page(record: Mapping[str, Any]) -> Path:
    """Write the page, its charts, and the table of it in the README."""
    draw_charts(record["rows"], PICTURES)
    FILE.write_text(render(record), encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    README.write_text(with_overview(readme, record, IN_README), encoding="utf-8")
    return FILE


def render(record: Mapping[str, Any]) -> str:
    """The page's text."""
    figures = record["figures"]
    made = int(figures["rows_measured"] + figures["rows_without_runs"])
    counts = {"made": f"{made:,}", "rows": f"{int(figures['rows']):,}"}
    parts = [HEAD.format(device=_device(record), date=record["date"][:10], **counts)]
    parts += [*overview(record), "", *_summary(figures)]
    for document in DOCUMENTS:
        rows = [row for row in record["rows"] if row["document"] == document.name]
        parts += _section(document, rows) if rows else []
    return "\n".join(parts).rstrip() + "\n"


def figure_text(entry: Entry) -> str:
    """Our figure as the tables show it."""
    if entry["ours"] is None:
        return "no data here"
    digits = 1 if abs(entry["ours"]) >= 10 else 3
    sign = "+" if entry["metric"] == GAIN else ""
    spread = "" if entry["std"] is None else f" ± {entry['std']:.{digits}f}"
    return f"{entry['ours']:{sign}.{digits}f}{spread}"


def _device(record: Mapping[str, Any]) -> str:
    return str(record["device"]).lower().replace(" ", "-")


def _summary(figures: Mapping[str, float]) -> list[str]:
    lines = [f"| {name} | {value:g} |" for name, value in figures.items()]
    return ["| figure | value |", "|---|--:|", *lines, ""]


def _section(document: Document, rows: Sequence[Entry]) -> list[str]:
    families = _families(rows)
    by_class = [row for row in rows if _family(row) in families]
    single = [row for row in rows if _family(row) not in families]
    name = document.name
    parts = [f"## {name}", "", f"![{name}](pictures/{chart_name(name)})", ""]
    parts += [line for remark in document.remarks(rows) for line in (remark, "")]
    parts += _more_pictures(name)
    for data in dict.fromkeys(row["data"] for row in by_class):
        parts += _matrix([row for row in by_class if row["data"] == data])
    return parts + (_table(single) if single else [])


def _more_pictures(document: str) -> list[str]:
    """Those that `--pictures` has drawn."""
    return [
        line
        for name, text in _MORE.get(document, {}).items()
        if (PICTURES / name).exists()
        for line in (f"![{text}](pictures/{name})", "", f"*{text}*", "")
    ]


def _family(row: Entry) -> tuple[str, ...]:
    return tuple(row[key] for key in ("document", "system", "data", "protocol", "metric"))


def _families(rows: Sequence[Entry]) -> set[tuple[str, ...]]:
    """Those that have a row for each of many classes."""
    families = Counter(_family(row) for row in rows if row["class"] != MEAN)
    return {family for family, count in families.items() if count > _MANY}


def _table(rows: Sequence[Entry]) -> list[str]:
    head = [_line(name for name, _ in _COLUMNS), _line(rule for _, rule in _COLUMNS)]
    return [*head, *(_line(_cells(row)) for row in rows), ""]


def _cells(row: Entry) -> Iterator[str]:
    yield row["system"]
    yield f"{row['data']}, {row['protocol']}"
    yield row["class"]
    yield row["metric"]
    yield _number(row["published"])
    yield figure_text(row)
    yield _reached(row)
    yield str(row["seeds"])
    yield row["scale"] or "-"
    yield f"{row['minutes']:g}"
    yield row["commit"] or "-"
    yield row["note"] or "-"


def _matrix(rows: Sequence[Entry]) -> list[str]:
    """A line for each system, protocol and metric, its classes side by side."""
    classes = [name for name in dict.fromkeys(row["class"] for row in rows) if name != MEAN]
    columns = ["system", "protocol", "metric", "published mean", "our mean", "reached", *classes]
    more = ["seeds", "scale", "min", "commit"]
    rules = (
        ["---"] * 3 + ["--:"] * 2 + ["---"] + ["--:"] * len(classes) + ["--:", "---", "--:", "---"]
    )
    lines = [f"### {rows[0]['data']}", "", _line([*columns, *more]), _line(rules)]
    for family in dict.fromkeys(map(_family, rows)):
        of = {row["class"]: row for row in rows if _family(row) == family}
        lines.append(_line(_family_cells(of, classes)))
    return [*lines, "", *_notes(rows), ""]


def _family_cells(of: Mapping[str, Entry], classes: Sequence[str]) -> Iterator[str]:
    first, mean = next(iter(of.values())), of.get(MEAN)
    yield from (first["system"], first["protocol"], first["metric"])
    yield _number(mean["published"]) if mean else "-"
    yield figure_text(mean) if mean else "-"
    yield _reached(mean) if mean else "-"
    for name in classes:
        yield _class_cell(of[name]) if name in of else "-"
    whole = [row for name, row in of.items() if name != MEAN]
    yield str(first["seeds"])
    yield first["scale"]
    yield f"{sum(row['minutes'] for row in whole):g}"
    yield ", ".join(dict.fromkeys(row["commit"] for row in whole))


def _class_cell(row: Entry) -> str:
    published = row["published"]
    return figure_text(row) + ("" if published is None else f" ({_number(published)})")


def _notes(rows: Sequence[Entry]) -> list[str]:
    """What is to be known of some of the rows; the same sentence once."""
    said: dict[str, list[str]] = {}
    for row in rows:
        if row["note"]:
            name = f"{row['system']} {row['protocol']} {row['class']} {row['metric']}"
            said.setdefault(row["note"], []).append(f"{name} {figure_text(row)}")
    return [f"- {note} *{'; '.join(names)}.*" for note, names in said.items()]


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _reached(row: Entry) -> str:
    verdict, limit = reached(row), limit_of(row)
    if limit is None and row["published"] is not None:
        return "not comparable"
    if verdict is None or limit is None or not has_runs(row):
        return "-"
    aim = "" if row["at_least"] is None else f" ({limit:g})"
    return ("yes" if verdict else "no") + aim


def _line(cells: Iterator[str] | Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
