"""The doctor's findings on the console."""

from collections.abc import Iterable

from rich.text import Text

from tuner.console.finding import Finding
from tuner.console.listener import make_console

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def show_findings(findings: Iterable[Finding]) -> int:
    """Print each as soon as it is known; returns how many failed."""
    console = make_console()
    failed = 0
    for finding in findings:
        line = Text()
        line.append(f"{finding.verdict:<4}", style=_STYLES[finding.verdict])
        line.append(f"  {finding.subject}: ", style="bold")
        line.append(finding.text)
        if finding.remedy:
            line.append(f"  -> {finding.remedy}", style="cyan")
        console.print(line, soft_wrap=True)
        failed += finding.verdict == "fail"
    return failed
