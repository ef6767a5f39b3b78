"""The commented space file that is written for a folder."""

from __future__ import annotations

import json
import os
import re
import textwrap
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from models import detectors
from models.data.config import DataConfig
from tuner.cli.command_line import check_name
from tuner.cli.command_text import command
from tuner.errors import SpaceError, TunerError
from tuner.new.search_plan import Line, Plan
from tuner.space import Space
from tuner.space.yaml_reader import read_yaml

_LONGEST_STEM = 80
_COMMENT_AT, _WIDTH = 34, 100
_NAMELESS = "images"
_SCHEMA = Path("search_spaces/schema.json")


def default_path(folder: Path) -> Path:
    """`<folder's name>.yaml` in the working folder; what no run can be called is left out of it."""
    plain = unicodedata.normalize("NFKD", folder.name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9._+-]+", "-", plain).strip("-._+")[:_LONGEST_STEM].rstrip("-._+")
    return Path(f"{stem or _NAMELESS}.yaml")


def check_free(path: Path) -> None:
    """Raise TunerError where the file exists, cannot be written, or gives no name to a run."""
    if os.path.lexists(path):
        raise TunerError(
            f"{path} exists, and is never overwritten: name another file by --out, or remove it"
        )
    if not path.parent.is_dir():
        raise TunerError(f"--out: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise TunerError(f"--out: the folder {path.parent} cannot be written to")
    try:
        check_name(f"{path.stem}-1")
    except TunerError:
        raise TunerError(
            "--out: the run is named after the file, so that must be letters, digits and . _ + -, "
            f"the first a letter or digit, and not too long; got {path.name!r}"
        ) from None


def search_command(path: Path) -> str:
    """The command that searches the space in a file, as it is typed here."""
    return command("tuner.search", "--space", path)


def file_text(detector: str, data: DataConfig, plan: Plan, path: Path, about: str) -> str:
    """The whole file; `about` says what the folder holds."""
    sections = [
        "\n".join(_heading(path, about)),
        f"detector: {detector}\n",
        _section("data", _data_lines(detector, data)),
        f"{_entry(plan.objective)}\n",
        _section("search", plan.search),
        _section("fixed", plan.fixed),
        f"{_entry(plan.sampler)}\n{_entry(plan.scheduler)}\n",
        "".join(f"{_entry(each)}\n" for each in plan.sizes) + _section("scales", plan.scales),
    ]
    return "\n".join(section for section in sections if section)


def read_text(text: str) -> Space:
    """The space that a text says; raises SpaceError with all that is wrong."""
    document = read_yaml(text)
    if document.problems:
        raise SpaceError(document.problems)
    return Space.model_validate(document.value)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all."""
    try:
        with path.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
                file.flush()
            except BaseException:
                path.unlink()
                raise
    except FileExistsError:
        raise TunerError(f"{path} exists by now, and is never overwritten") from None
    except (OSError, UnicodeEncodeError) as error:
        raise TunerError(f"{path} cannot be written: {error}") from None


def _heading(path: Path, about: str) -> list[str]:
    lines = [f"# {search_command(path)}", "#", f"# Written by tuner.new: {about}"]
    if schema := _schema(path):
        lines.append(f"# yaml-language-server: $schema={schema}")
    return [*(_printable(line) for line in lines), ""]


def _schema(path: Path) -> str:
    """Where editors find the schema: beside the file's folder, else in the program's own."""
    here = path.absolute().parent
    for place in (here / _SCHEMA, Path.cwd() / _SCHEMA):
        if place.is_file():
            return Path(os.path.relpath(place, here)).as_posix()
    own = Path(__file__).parents[2] / _SCHEMA
    return str(own) if own.is_file() else ""


def _printable(line: str) -> str:
    """A name may hold a line break, which would end the comment."""
    return "".join(each if each.isprintable() else "?" for each in line)


def _data_lines(detector: str, data: DataConfig) -> list[Line]:
    """What differs from the defaults, and what people will want to change."""
    plain = DataConfig(dataset=data.dataset, folder=data.folder)
    sizes = ", ".join(map(str, detectors.requirements(detector).sizes)) or "any"
    seen = f"{sizes}: larger shows more and takes longer"
    lines = [
        Line(key="dataset", value=data.dataset),
        Line(key="folder", value=_quoted(str(data.folder))),
        *(_list_line(key, getattr(data, key)) for key in ("normal", "anomalous")),
        Line(key="size", value=str(data.size), comment=seen),
        Line(key="resize", value=data.resize, comment="or pad: black borders; crop: the middle"),
        Line(key="grayscale", value=_flag(data.grayscale), comment="whether colours are left out"),
        Line(key="bits", value=str(data.bits), comment="that a value of a 16-bit picture uses"),
        Line(key="skip_unreadable", value=_flag(data.skip_unreadable)),
        Line(key="validation", value=data.validation, comment=_validation_comment(data)),
        Line(
            key="anomalies_per_normal",
            value=f"{data.anomalies_per_normal:g}",
            comment="known bad pictures to a good one in fit",
        ),
    ]
    if data.anomalies_per_normal:
        comment = "known bad pictures come in equal numbers from each"
        lines.append(Line(key="clusters", value=str(data.clusters), comment=comment))
    lines.append(Line(key="seed", value=str(data.seed), comment="draws what each picture is for"))
    left_out = {
        key
        for key in ("normal", "anomalous", "bits", "skip_unreadable")
        if getattr(data, key) == getattr(plain, key)
    }
    return [line for line in lines if line.key not in left_out]


def _validation_comment(data: DataConfig) -> str:
    if data.validation == "synthetic":
        return "anomalies made of held-out good pictures"
    return "or synthetic: anomalies made of held-out good pictures"


def _list_line(key: str, values: Sequence[object]) -> Line:
    return Line(key=key, value=f"[{', '.join(_quoted(str(each)) for each in values)}]")


def _quoted(text: str) -> str:
    """A string of JSON is one of YAML too, and never a number or a truth value."""
    return json.dumps(text, ensure_ascii=False)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _section(name: str, lines: Sequence[Line]) -> str:
    return "".join([f"{name}:\n", *(f"  {_entry(line, 2)}\n" for line in lines)]) if lines else ""


def _entry(line: Line, indent: int = 0) -> str:
    text = f"{line.key}: {line.value}"
    if not line.comment:
        return text
    beside = f"{text:<{_COMMENT_AT - indent}}  # {line.comment}"
    if len(beside) + indent <= _WIDTH:
        return beside
    above = textwrap.wrap(line.comment, _WIDTH - indent - 2)
    return f"\n{' ' * indent}".join([*(f"# {part}" for part in above), text])
