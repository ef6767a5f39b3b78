"""How long a person waits: for --help, and for the first epoch's result of the quickstart.

    python benchmarks/startup.py

--help is the median of seven. The search is the real command; it is interrupted as soon as the
first result is on the screen.
"""

import argparse
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from _result import machine
from _running import ROOT, command_text, finish, is_standard

RUNS = 7
SPACE = "search_spaces/quickstart.yaml"
FIRST_RESULT = re.compile(r"trial\s+\d+\s+epoch\s+1/")
PATIENCE_S = 60


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--set", dest="overrides", action="append", default=[], metavar="K=V")
    given = options.parse_args()
    figures = {
        "help_s": help_seconds(),
        "first_epoch_s": first_epoch_seconds(given.overrides),
        "bfloat16": float(machine()["bfloat16"]),
    }
    finish("startup", figures, standard=is_standard(given.overrides))


def help_seconds() -> float:
    """Median seconds of `python -m tuner.search --help`."""
    command = ["-m", "tuner.search", "--help"]
    print(f"$ {command_text(command)}   ({RUNS} times)", flush=True)
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def first_epoch_seconds(overrides: list[str]) -> float:
    """Seconds from the start of the quickstart's search to its first line about an epoch."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        command = ["-m", "tuner.search", "--space", SPACE, "--runs", str(Path(scratch) / "runs")]
        command += [word for override in overrides for word in ("--set", override)]
        print(f"$ {command_text(command)}", flush=True)
        start = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as search:
            try:
                return _until_first_result(search, start)
            finally:
                _end(search)


def _until_first_result(search: "subprocess.Popen[str]", start: float) -> float:
    assert search.stdout is not None
    for line in search.stdout:
        seconds = time.perf_counter() - start
        print(f"{seconds:6.1f} s  {line}", end="", flush=True)
        if FIRST_RESULT.search(line):
            return seconds
    raise SystemExit("the search ended without a result of an epoch")


def _end(search: "subprocess.Popen[str]") -> None:
    """Let the search end as at Ctrl-C; what it says on the way must not fill the pipe."""
    search.send_signal(signal.SIGINT)
    try:
        search.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        search.kill()
        search.communicate()


if __name__ == "__main__":
    main()
