"""How long the report of a large search takes to write and to open, and how large it is.

    python benchmarks/report.py

The search is simulated: 1,000 trials with 20,000 epochs and five losses each, some of them stopped
early. `write_s` is the command; `open_s` from the address until what is near the reader's view is
drawn, `drawn_s` until all is, in a headless Chromium (Debian's package `chromium`, driven by
playwright): the least of three, each in a fresh context. `watch_s` is `tuner.watch` on the whole
record, from typing it until it has said everything; `screen_percent` is how much of one core the
live screen takes with all of these trials.
"""

import io
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from _running import ROOT, finish, run

TRIALS, EPOCHS, WORKERS = 1000, 81, 8
LOSSES = ("reconstruction", "patch", "encoder", "generator", "discriminator")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        folder = Path(scratch) / "large"
        rows = _search(folder)
        started, ended = run(["-m", "tuner.report", "--run", str(folder)])
        page = folder / "report.html"
        near, whole = _opening_s(page)
        watched, said = run(["-m", "tuner.watch", str(folder)])
        figures = {
            "write_s": ended - started,
            "open_s": near,
            "drawn_s": whole,
            "watch_s": said - watched,
            "screen_percent": _screen_percent(folder),
            "megabytes": page.stat().st_size / 1e6,
            "trials": float(TRIALS),
            "epoch_rows": float(rows),
        }
    finish("report", figures)


def _search(folder: Path) -> int:
    """Record the search; returns its epochs."""
    from tuner.simulation.curves import Formula
    from tuner.simulation.search import simulate
    from tuner.space import Space

    @dataclass(frozen=True, kw_only=True)
    class WithLosses(Formula):
        """Curves whose epochs have losses, as trained ones do."""

        def epoch(self, hyperparameters: Mapping[str, Any], seed: int, epoch: int) -> Any:
            row = super().epoch(hyperparameters, seed, epoch)
            draw = random.Random(f"{seed}/{epoch}/losses")
            return replace(row, losses={name: draw.random() / epoch for name in LOSSES})

    space = Space.model_validate(
        {
            "detector": "two-discriminator-gan",
            "data": {"dataset": "digits", "normal": [0]},
            "search": {
                "reconstruction_weight": {"uniform": [0.5, 5]},
                "patch_weight": {"uniform": [0, 5]},
                "abc_weight": {"log": [0.1, 5]},
                "patch_n": {"int": [1, 9]},
                "generator_lr": {"log": [2e-5, 1e-3]},
                "discriminator_lr": {"log": [2e-5, 1e-3]},
            },
            "sampler": {"name": "random"},
            "scheduler": {"grace_epochs": 9},
            "trials": TRIALS,
            "epochs": EPOCHS,
        }
    )
    best = {"abc_weight": 1.0, "patch_n": 5.0, "generator_lr": 3e-4, "patch_weight": 1.5}
    trials = simulate(space, folder, WithLosses(best=best), workers=WORKERS)
    return sum(trial.epochs for trial in trials)


def _screen_percent(folder: Path) -> float:
    """The share of a core that the live screen takes, by the median of nine pictures."""
    from rich.console import Console

    from tuner.console.listener import PICTURES_A_SECOND
    from tuner.console.screen import screen
    from tuner.console.state import SearchState
    from tuner.record.history import History
    from tuner.record.journal import read_journal

    state = SearchState(trials=TRIALS, epochs=EPOCHS, objective="best_auroc")
    state.restore(History(read_journal(folder / "events.jsonl")).by_number)
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=40)
    found = []
    for _ in range(9):
        started = time.perf_counter()
        console.print(screen("large", state, WORKERS, console.height))
        found.append(time.perf_counter() - started)
    return 100 * PICTURES_A_SECOND * sorted(found)[4]


def _opening_s(page: Path) -> list[float]:
    """In a process of its own: the browser's driver shall not see what the search has loaded."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("no chromium: apt-get install chromium")
    script = Path(__file__).parent / "_opening.py"
    command = [sys.executable, str(script), str(page), chromium]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return [float(each) for each in done.stdout.split()]


if __name__ == "__main__":
    main()
