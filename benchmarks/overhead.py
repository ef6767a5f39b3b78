"""What a trial costs beside its training: the project's searcher and record, and bare Tune.

    python benchmarks/overhead.py
    python benchmarks/overhead.py --sizes 100 1000    # without the five minutes of 5,000 trials

Trials of one epoch that do nothing, ten searched hyperparameters, two workers that are reused.
Ours asks TPE, writes journal and study and decides by ASHA, all on disk; bare Tune draws at random
and writes nothing; plain Tune asks OptunaSearch and starts a worker for each trial. Each search is
a process of its own; the time is that of the whole Tune run, the start of its workers included and
that of Ray not. The smallest size is the median of rounds in turn, the others are one search each.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from _running import finish

SIZES = (100, 1000, 5000)
ROUNDS = 3
BARE_AT_MOST = 1000
PLAIN_TRIALS = 30
SCRIPT = Path(__file__).parent / "_overhead_sides.py"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="TRIALS")
    options.add_argument("--rounds", type=int, default=ROUNDS, help="of the smallest size")
    given = options.parse_args()
    figures: dict[str, float] = {"rounds": given.rounds}
    for size in sorted(given.sizes):
        figures |= _at(size, given.rounds if size == min(given.sizes) else 1)
    figures["plain_trials"] = PLAIN_TRIALS
    figures["plain_ms_per_trial"] = _searched("plain", PLAIN_TRIALS)["ms_per_trial"]
    standard = tuple(sorted(given.sizes)) == SIZES and given.rounds == ROUNDS
    finish("overhead", figures, standard=standard)


def _at(size: int, rounds: int) -> dict[str, float]:
    """The figures of one size: the median of each over the rounds."""
    sides = ["own", "bare"] if size <= BARE_AT_MOST else ["own"]
    runs = [{side: _searched(side, size) for side in sides} for _ in range(rounds)]
    own = {name: median(run["own"][name] for run in runs) for name in runs[0]["own"]}
    figures = {
        f"ms_per_trial_{size}": own["ms_per_trial"],
        f"driver_cpu_ms_per_trial_{size}": 1000 * own["cpu_seconds"] / size,
        f"suggest_p50_ms_{size}": own["suggest_p50_ms"],
        f"suggest_p99_ms_{size}": own["suggest_p99_ms"],
        f"driver_mb_{size}": own["mb"],
        f"driver_growth_mb_{size}": own["mb"] - own["start_mb"],
    }
    if "bare" in sides:
        bare = [run["bare"] for run in runs]
        figures[f"bare_ms_per_trial_{size}"] = median(each["ms_per_trial"] for each in bare)
        cpu_ms = median(1000 * each["cpu_seconds"] / size for each in bare)
        figures[f"bare_driver_cpu_ms_per_trial_{size}"] = cpu_ms
        growth = median(each["mb"] - each["start_mb"] for each in bare)
        figures[f"bare_driver_growth_mb_{size}"] = growth
    if size == max(SIZES):
        figures |= {name: pace for name, pace in own.items() if name.endswith("000")}
    return figures


def _searched(side: str, trials: int) -> dict[str, float]:
    """Run one side in a process of its own; its progress goes to the screen."""
    command = [sys.executable, str(SCRIPT), side, str(trials)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if said.returncode:
        raise SystemExit(f"a search of {trials} trials by {side} failed")
    outcome: dict[str, float] = json.loads(said.stdout.splitlines()[-1])
    outcome["ms_per_trial"] = 1000 * outcome["seconds"] / trials
    pace, memory = outcome["ms_per_trial"], outcome["mb"]
    print(f"{side:<5} {trials:5} trials  {pace:7.1f} ms each  {memory:6.0f} MB", flush=True)
    return outcome


if __name__ == "__main__":
    main()
