"""What damaged space files and `--set`s come to: read, or refused in words, at once.

    python benchmarks/fuzz.py

10,000 mutated files and 2,000 `--set`s of the space files here, each read as a new search and its
dry run read it. `wrong` counts mutations that are known to be wrong and were accepted, that are
known to be harmless and were refused or read differently, and messages without file and line or of
more than 20 lines. Seconds are the processor's; `largest_mb` is the most memory of the process, its
imports included.
"""

import argparse
import resource
import sys
import tempfile
from pathlib import Path
from random import Random

import _tests  # noqa: F401
from _running import ROOT, finish

from tests.tuner.space.judging import LONGEST_S, judged
from tests.tuner.space.mutations import mutation, override
from tuner.space import load_space

FILES, SETS = 10_000, 2_000
FIRST_SEED = 1_000_000


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--files", type=int, default=FILES, help="mutated files")
    options.add_argument("--sets", type=int, default=SETS, help="values of --set")
    given = options.parse_args()
    figures = fuzzed(given.files, given.sets)
    finish("fuzz", figures, standard=(given.files, given.sets) == (FILES, SETS))


def fuzzed(files: int, sets: int) -> dict[str, float]:
    paths = sorted((ROOT / "search_spaces").glob("*.yaml"))
    originals = [(path.read_text(encoding="utf-8"), load_space(path)) for path in paths]
    counts = {"tracebacks": 0, "over_2s": 0, "wrong": 0}
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(files + sets):
            make = mutation if number < files else override
            text, original = originals[number % len(originals)]
            found = judged(make(text, Random(FIRST_SEED + number)), original, Path(folder))
            counts["tracebacks"] += bool(found.traceback)
            counts["over_2s"] += found.seconds > LONGEST_S
            counts["wrong"] += bool(found.wrong)
            slowest = max(slowest, found.seconds)
            if found.broken:
                sys.stdout.write(f"seed {FIRST_SEED + number}: {found.broken}\n")
    largest_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"cases": files + sets, **counts, "slowest_s": slowest, "largest_mb": largest_mb}


if __name__ == "__main__":
    main()
