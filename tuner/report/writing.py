"""The report of a run, computed and put into its folder."""

from pathlib import Path

from tuner.cli.output import Say
from tuner.record.run_folder import RunFolder
from tuner.report.material import Material, read_material
from tuner.report.page import page
from tuner.report.section import Section
from tuner.report.sections import (
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
    on_test,
    images,
    cost,
    origin,
)


def write_report(folder: RunFolder) -> Path:
    """Write the run's report.html; returns where. Raises TunerError where there is no run."""
    material = read_material(folder)
    text = page(material, sections_of(material))
    replace_file(folder.page, lambda path: path.write_text(text, encoding="utf-8"))
    return folder.page


def sections_of(material: Material) -> list[Section]:
    """All sections, in their order."""
    return [each.section(material) for each in _SECTIONS]


def report_line(folder: RunFolder, say: Say) -> None:
    """Write the report at the end of other work, and say where it is.

    Whatever goes wrong costs the report alone: the work that it is of is done and recorded.
    """
    try:
        written = write_report(folder)
    except Exception as error:
        command = f"python -m tuner.report --search {as_typed(folder.path.absolute())}"
        say(f"The report was not written: {error}. Try {command}")
    else:
        say(f"Report: {as_typed(written.absolute())}")
