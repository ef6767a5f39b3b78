"""What happens to a run whose files a disk has damaged, by the real commands on copies of it.

    python benchmarks/damage.py

A half-done run and one that is searched and retrained are made on digits, in this process and
without Ray. Each case is one file of theirs damaged in one way, and a command that reads it: some
drawn ones of all that there are, or all with `--cases 0`.
"""

import argparse
import tempfile
import time
from pathlib import Path

import _tests  # noqa: F401
from _running import finish

from tests.tuner.damage.damaged_runs import DamagedRuns

SEED, CASES = 0, 200


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--cases", type=int, default=CASES, help="so many; 0 for all")
    options.add_argument("--seed", type=int, default=SEED)
    given = options.parse_args()
    started, found = time.perf_counter(), {"traceback": 0, "wrong": 0}
    with tempfile.TemporaryDirectory() as place:
        runs = DamagedRuns(Path(place))
        cases = runs.cases(given.seed)[: given.cases or None]
        for number, case in enumerate(cases, start=1):
            if problem := runs.problem(case):
                found[problem.partition(":")[0]] += 1
                print(problem, flush=True)
            if number % 100 == 0:
                print(f"{number} of {len(cases)}", flush=True)
    figures = {
        "cases": len(cases),
        "files": len({(case.run, case.file) for case in cases}),
        "kinds": len({case.damage.__name__ for case in cases}),
        "tracebacks": found["traceback"],
        "silently_wrong": found["wrong"],
        "total_s": time.perf_counter() - started,
    }
    finish("damage", figures, standard=(given.cases, given.seed) == (CASES, SEED))


if __name__ == "__main__":
    main()
