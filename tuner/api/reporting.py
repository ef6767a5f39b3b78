"""`python -m tuner.report` from Python."""

import webbrowser
from pathlib import Path

from tuner.cli.run_option import run_folder
from tuner.record.run_folder import RunFolder
from tuner.report.writing import write_report


def report(run: str | Path, *, open: bool = False) -> Path:
    """Write a run's report.html; returns where. `open` shows it in the browser.

    Raises TunerError where there is no run.
    """
    written = write_report(RunFolder(run_folder(run)))
    if open:
        webbrowser.open(written.absolute().as_uri())
    return written
