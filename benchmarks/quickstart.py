"""`make search` in a clean clone, end to end: installation, search, retrain.

    python benchmarks/quickstart.py

Clones the last commit of this repository, so commit first. Installation and downloads are part of
the time; what pip and the data cache hold already is not downloaded again. Afterwards, outside the
time, the published defaults are retrained beside the best, to compare with.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _result import device_name
from _running import ROOT, finish

RUN = Path("runs") / "quickstart"
SEARCH, RETRAIN = "-m tuner.search", "-m tuner.retrain"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--python", default=sys.executable, help="what make shall use")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="clone here and keep it")
    given = options.parse_args()
    device_name()  # what names the figures' device must be there before hours are spent
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        clone = (given.keep or Path(scratch) / "clone").absolute()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        seconds = _make_search(clone, given.python)
        figures = seconds | _figures(clone)
    finish("quickstart", figures)


def _make_search(clone: Path, python: str) -> dict[str, float]:
    """Run `make search`; make prints each command before it runs it, which tells where we are."""
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    started = {"install": time.perf_counter()}
    with subprocess.Popen(
        ["make", "search", f"PYTHON={python}"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as make:
        assert make.stdout is not None
        for line in make.stdout:
            for name, command in (("search", SEARCH), ("retrain", RETRAIN)):
                if command in line and line.startswith(".venv"):
                    started[name] = time.perf_counter()
            print(f"{time.perf_counter() - started['install']:6.1f} s  {line}", end="", flush=True)
    ended = time.perf_counter()
    if make.returncode or len(started) < 3:
        raise SystemExit(f"make search ended with exit code {make.returncode}")
    return {
        "total_s": ended - started["install"],
        "install_s": started["search"] - started["install"],
        "search_s": started["retrain"] - started["search"],
        "retrain_s": ended - started["retrain"],
    }


def _figures(clone: Path) -> dict[str, float]:
    """What the run came to; the published defaults are added to its report if it has none."""
    report = clone / RUN / "retrain" / "metrics.json"
    metrics = json.loads(report.read_text())
    if "defaults" not in metrics:
        command = [".venv/bin/python", "-m", "tuner.retrain", "--search", str(RUN)]
        subprocess.run([*command, "--published"], cwd=clone, check=True)
        metrics = json.loads(report.read_text())
    return {
        "trials": len((clone / RUN / "trials.csv").read_text().splitlines()) - 1,
        "test_auroc_mean": metrics["test"]["auroc"]["mean"],
        "test_auroc_std": metrics["test"]["auroc"]["std"],
        "defaults_test_auroc_mean": metrics["defaults"]["test"]["auroc"]["mean"],
    }


if __name__ == "__main__":
    main()
