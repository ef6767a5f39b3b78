"""The benchmarks, which nothing else imports."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def test_a_benchmark_would_import_what_there_no_longer_is() -> None:
    """Nor one of those that a script imports only when it needs it."""
    scripts = [path.stem for path in BENCHMARKS.glob("[!_]*.py")]
    parts = [f"_published.{path.stem}" for path in BENCHMARKS.glob("_published/[!_]*.py")]
    imported = ", ".join(sorted([*scripts, *parts]))
    done = subprocess.run(
        [sys.executable, "-c", f"import {imported}"],
        check=False,
        capture_output=True,
        text=True,
        cwd=BENCHMARKS,
    )
    assert done.returncode == 0, done.stderr


def test_an_auroc_of_the_mixture_would_be_held_against_one_of_the_error() -> None:
    """The guide's search scores by the reconstruction error alone."""
    code = (
        "from _targets import TARGETS; "
        "print(*[n for n, t in TARGETS['search'].items() if 'auroc' in t.times])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=BENCHMARKS
    )
    assert done.stdout.split() == ["best_validation_auroc_by_error"]
