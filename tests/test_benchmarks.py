"""Benchmarks are run by hand, and seldom: at their smallest they run and mean what they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.mark.long
def test_packing_would_not_run_or_its_figures_would_not_follow_from_its_rates() -> None:
    written = {file: file.stat().st_mtime_ns for file in (BENCHMARKS / "results").iterdir()}
    smallest = ["--dataset=digits", "--widths=4", "--most-lanes=2", "--rounds=1", "--device=cpu"]
    run = subprocess.run(
        [sys.executable, BENCHMARKS / "packing.py", *smallest],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    shown = re.findall(r"^width +4 +(\w+) +([\d.]+)$", run.stdout, re.MULTILINE)
    figures = {name: float(value) for name, value in shown}
    lanes = {int(n.removeprefix("lanes_")): figures[n] for n in ("lanes_1", "lanes_2")}
    processes = max(rate for name, rate in figures.items() if name.startswith("processes_"))
    assert min(figures["serial"], processes, *lanes.values()) > 0
    assert figures["lanes_best"] == (2 if lanes[2] >= 1.1 * lanes[1] else 1)
    best = lanes[int(figures["lanes_best"])]
    for side, rate in (("serial", figures["serial"]), ("processes", processes)):
        speedup = pytest.approx(best / rate, rel=0.02, abs=0.006)  # as shown, rounded
        assert figures[f"speedup_vs_{side}"] == speedup
    assert written == {file: file.stat().st_mtime_ns for file in written}
