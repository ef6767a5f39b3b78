"""The benchmarks, which nothing else imports."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def test_a_benchmark_would_import_what_there_no_longer_is() -> None:
    scripts = ", ".join(sorted(path.stem for path in BENCHMARKS.glob("[!_]*.py")))
    code = f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r}); import {scripts}"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
