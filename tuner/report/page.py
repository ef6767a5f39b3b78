"""The sections put together: one HTML file that needs nothing else."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tuner.figures.task import dataset_title
from tuner.report.glossary import Explaining, words_of
from tuner.report.material import Material
from tuner.report.plotly_js import plotly_js
from tuner.report.section import Section


def page(material: Material, sections: Sequence[Section]) -> str:
    """The whole file."""
    environment = Environment(
        loader=PackageLoader("tuner.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = words_of(material)
    environment.filters["explain"] = Explaining(words)
    return environment.get_template("page.html").render(
        name=material.folder.name,
        detector=material.space.detector,
        note=_note(material),
        made=material.synthetic,
        sections=sections,
        words=words,
        style=_read("page.css"),
        script=_read("page.js"),
        library=plotly_js(),
        figures=_json({key: each for one in sections for key, each in one.figures.items()}),
        data=_json({key: each for one in sections for key, each in one.data.items()}),
    )


def _note(material: Material) -> str:
    """What the report is of, and from when: it does not change by itself."""
    data = material.space.data
    last = material.events[-1].time if material.events else 0.0
    when = datetime.fromtimestamp(last, UTC).strftime("%Y-%m-%d %H:%M UTC")
    state = "finished" if material.finished else "not finished: this is how it stood"
    return (
        f"{material.space.detector} on {dataset_title(data)}, normal: {data.normal_text}; {state}, "
        f"{when}"
    )


def _read(name: str) -> str:
    return files("tuner.report").joinpath("templates", name).read_text(encoding="utf-8")


def _json(value: Any) -> str:
    """As it may stand inside a script: nothing in it can end that."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")
