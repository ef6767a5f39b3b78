"""The report of a run, computed and put into its folder."""

from dataclasses import replace
from pathlib import Path

from tuner.cli.command_text import command
from tuner.cli.run_option import run_words
from tuner.cli.text import os_error_text
from tuner.durability.record_check import check_end
from tuner.figures.metrics import damaged
from tuner.record.lock import driver_of
from tuner.record.run_folder import RunFolder
from tuner.report.material import Material, read_material
from tuner.report.page import page
from tuner.report.section import Section
from tuner.report.sections import (
    candidates,
    cost,
    curves,
    images,
    importance,
    leaderboard,
    on_test,
    origin,
    over_time,
    parallel,
    slices,
    verdict,
)
from tuner.storage.files import as_typed, replace_file

_SECTIONS = (
    verdict,
    leaderboard,
    curves,
    importance,
    parallel,
    slices,
    over_time,
    candidates,
    on_test,
    images,
    cost,
    origin,
)


def write_report(folder: RunFolder) -> Path:
    """Write the run's report.html; returns where.

    Raises TunerError where there is no run, or its record has lost its end: what lies beside it is
    ahead of it then, as it also is while a driver writes.
    """
    is_driven = driver_of(folder) is not None
    material = read_material(folder)
    if not is_driven:
        check_end(material.history, folder)
    text = page(material, sections_of(material))
    replace_file(folder.page, lambda path: path.write_text(text, encoding="utf-8"))
    return folder.page


def sections_of(material: Material) -> list[Section]:
    """All sections, in their order.

    Raises TunerError where metrics.json lacks what they need: one of an earlier version has no
    sum that would have told.
    """
    try:
        return _made_of(material)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        if material.metrics is None:
            raise
        _made_of(replace(material, metrics=None))  # raises what is no fault of metrics.json
        why = f"it has not what a report has: {error!r}"
        raise damaged(material.folder.metrics, why) from error


def _made_of(material: Material) -> list[Section]:
    return [found for each in _SECTIONS if (found := each.section(material)) is not None]


def report_line(folder: RunFolder) -> str:
    """Write the report at the end of other work; the line that says where it is.

    "" where the folder holds no search. One that is newer than all that it is of stays.
    Whatever goes wrong costs the report alone: the work that it is of is done and recorded.
    """
    if not folder.space.exists():
        return ""
    try:
        if _is_out_of_date(folder):
            write_report(folder)
    except Exception as error:
        tried = command("tuner.report", *run_words(folder.path))
        why = os_error_text(error) if isinstance(error, OSError) else error
        return f"The report was not written: {why}. Try: {tried}"
    return f"Report: {as_typed(folder.page.absolute())}"


def _is_out_of_date(folder: RunFolder) -> bool:
    if not folder.page.is_file():
        return True
    sources = (folder.journal, folder.metrics, folder.space)
    newest = max(path.stat().st_mtime_ns for path in sources if path.exists())
    return folder.page.stat().st_mtime_ns <= newest
