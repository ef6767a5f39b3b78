"""A search on digits under random kills and stops, and what is left of it.

    python benchmarks/chaos.py --minutes 60 --seed 0

Trial actors, pack workers, raylets and the driver are killed (SIGKILL), stopped for a while
(SIGSTOP, SIGCONT) or left stopped, at random moments. A driver that is gone is started again with
--resume. After the minutes the search is let run to its end, then examined: its record is replayed,
and every configuration is trained again undisturbed to compare the curves bit for bit.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from _aftermath import Witness, epochs_trained_again, results_lost, results_twice
from _faults import KILLED, MARK, RAYLET, Faults, processes
from _running import ROOT, finish
from _undisturbed import unequal_curves

from tuner.record.history import History
from tuner.record.journal import read_journal, read_lines
from tuner.space import Space, load_space

ENDLESS = 1_000_000
NOTICE_S = 60.0  # a driver must notice within this that its raylet is gone
STALL_S = 240.0  # without an epoch for so long, the search is stuck
SPACE = """
detector: two-discriminator-gan
data:
  {dataset: digits, normal: [0], fit_normals: 48, validation_normals: 40, validation_anomalies: 80}
search:
  patch_weight: {uniform: [0, 5]}
  patch_n: {int: [1, 9]}
  abc_weight: {log: [0.1, 5]}
  generator_lr: {log: [5e-5, 1e-3]}
  discriminator_lr: {log: [5e-5, 1e-3]}
fixed: {width: 4, batch_normals: 16, batch_anomalies: 4}
sampler: {name: random}
epochs: 27
trials: 1000000
wandb: off
resources: {infrastructure_retries: 50, lanes: 1}
"""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=float, default=60, help="of faults (default: 60)")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--pause", type=float, default=8, help="mean seconds between two faults")
    options.add_argument("--lanes", type=int, default=1, help="trials in a pack (default: 1)")
    options.add_argument("--tpe", action="store_true", help="search by TPE instead of at random")
    options.add_argument("--keep", type=Path, help="leave the run in this folder")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        runs = given.keep or Path(scratch)
        runs.mkdir(parents=True, exist_ok=True)
        storm = Storm(runs.absolute(), random.Random(given.seed))
        storm.prepare("tpe" if given.tpe else "random", given.lanes)
        try:
            storm.disturb(given.minutes * 60, given.pause)
            storm.let_end()
        finally:
            storm.end_all()
        figures = storm.examine()
    finish("chaos", figures, standard=given.minutes >= 60)
    whole = figures["curves_equal"] and figures["replay_exact"]
    lost = figures["results_lost"] or figures["results_twice"] or figures["processes_left"]
    return 0 if whole and not lost else 1


@dataclass
class Storm:
    """One search, its drivers one after another, and the faults done to them."""

    runs: Path
    random: random.Random
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    driver: subprocess.Popen[bytes] | None = None
    drivers: int = 0
    exits: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    notice_s: list[float] = field(default_factory=list)

    def prepare(self, sampler: str, lanes: int) -> None:
        """Write the space; nothing is started."""
        self.folder = self.runs / "chaos"
        self.record = self.folder / "events.jsonl"
        self.witness = Witness(self.record)
        self.faults = Faults(self.mark, self.random)
        self.left = 0
        text = SPACE.replace("name: random", f"name: {sampler}")
        (self.runs / "chaos.yaml").write_text(text.replace("lanes: 1", f"lanes: {lanes}"))

    def start(self, trials: int) -> None:
        """Start a driver that goes on with the search, or begins it."""
        self.drivers += 1
        command = ["-m", "tuner.search", "--space", str(self.runs / "chaos.yaml"), "--resume"]
        options = ["--name", "chaos", "--runs", str(self.runs), "--trials", str(trials)]
        environment = {**os.environ, MARK: self.mark, "OMP_NUM_THREADS": "1"}
        with (self.runs / f"driver-{self.drivers}.log").open("wb") as log:
            self.driver = subprocess.Popen(
                [sys.executable, *command, *options],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def disturb(self, seconds: float, pause_s: float) -> None:
        """Do faults for `seconds`, and keep a driver at work."""
        self.started = time.monotonic()
        end, next_fault = self.started + seconds, self.started
        raylet_killed: float | None = None
        self._progress = (0, time.monotonic())
        while time.monotonic() < end:
            self._tend(raylet_killed)
            if self.driver is None:
                raylet_killed = None
                self.start(ENDLESS)
            if time.monotonic() >= next_fault:
                assert self.driver is not None
                done = self.faults.one(self.driver.pid)
                wait = self.random.expovariate(1 / pause_s) if done else 0.5
                next_fault = time.monotonic() + wait
                if done == (RAYLET, KILLED):
                    raylet_killed = time.monotonic()
            self.show("faults")
            time.sleep(0.1)
        self.disturbed_s = time.monotonic() - self.started

    def _tend(self, raylet_killed: float | None) -> None:
        """Bury a driver that is gone; end one that does not notice that it has no raylet."""
        if self.driver is None:
            return
        code = self.driver.poll()
        now = time.monotonic()
        if code is None and raylet_killed is not None and now - raylet_killed > NOTICE_S:
            self.problems.append(f"driver {self.drivers} did not notice that its raylet is gone")
            self.driver.kill()
            code = self.driver.wait()
        elif code is None and self._stalled():
            self.problems.append(f"driver {self.drivers} had no epoch in {STALL_S:.0f} s")
            self.driver.kill()
            code = self.driver.wait()
        if code is None:
            return
        if raylet_killed is not None and code != -signal.SIGKILL:
            self.notice_s.append(now - raylet_killed)
        self.exits[f"exit code {code}"] += 1
        if code != -signal.SIGKILL and raylet_killed is None:
            self.problems.append(f"driver {self.drivers} left with exit code {code} by itself")
        self.driver = None
        self.witness.look()
        self._progress = (self._progress[0], now)

    def _stalled(self) -> bool:
        size = self.record.stat().st_size if self.record.exists() else 0
        if size != self._progress[0]:
            self._progress = (size, time.monotonic())
        return time.monotonic() - self._progress[1] > STALL_S

    def let_end(self) -> None:
        """No more faults, and no new trials: those under way are trained to their end."""
        if self.driver is not None and self.driver.poll() is None:
            self.driver.terminate()
            try:
                self.driver.wait(60)
            except subprocess.TimeoutExpired:
                self.problems.append(f"driver {self.drivers} did not stop on SIGTERM in 60 s")
                self.driver.kill()
                self.driver.wait()
        self.witness.look()
        for _ in range(3):
            asked = len(History(read_journal(self.record)).trials)
            self.start(max(3, asked))
            assert self.driver is not None
            while self.driver.poll() is None:
                self.show("to its end")
                time.sleep(0.2)
            if self.driver.returncode == 0:
                return
            self.problems.append(f"the undisturbed driver left with {self.driver.returncode}")

    def end_all(self) -> None:
        """Count the processes that are left after ten seconds, then end them."""
        if self.driver is not None and self.driver.poll() is None:
            self.driver.kill()
            self.driver.wait()
        until = time.monotonic() + 10
        while (left := processes(self.mark)) and time.monotonic() < until:
            time.sleep(0.2)
        self.left = len(left)
        for process in left:
            self.problems.append(f"left over: {process.pid} {process.title[:80]}")
            try:
                os.kill(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def show(self, phase: str) -> None:
        """The live line, on a terminal ten times a second, else twice a minute."""
        now = time.monotonic()
        live = sys.stdout.isatty()
        if not live and now - getattr(self, "_shown", -60.0) < 30:
            return
        self._shown = now
        events = sum(1 for _ in self.record.open("rb")) if self.record.exists() else 0
        line = (
            f"{phase}: {now - self.started:5.0f} s  {sum(self.faults.counts.values())} faults  "
            f"driver {self.drivers}  {events} events  {len(self.problems)} problems"
        )
        print(f"\r{line}\x1b[K" if live else line, end="" if live else "\n", flush=True)

    def examine(self) -> dict[str, float]:
        """Hold the record against everything it must be, and say what was found."""
        events = read_lines(self.record)
        trials = History(read_journal(self.record)).by_number
        space: Space = load_space(self.folder / "space.yaml")
        print(f"\nreplaying {len(events)} events", flush=True)
        replayed = subprocess.run(
            [sys.executable, "-m", "tuner.replay", str(self.folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        print(replayed.stdout + replayed.stderr, flush=True)
        print(f"training {len(trials)} configurations undisturbed", flush=True)
        split = self.folder / "split.npz"
        unequal = unequal_curves(space, split, trials, lambda done: None)
        self.problems += unequal[:20]
        trained_s = sum(row.seconds for trial in trials for row in trial.rows)
        figures = {
            "faults": sum(self.faults.counts.values()),
            "results_lost": results_lost(self.folder, self.witness, space),
            "results_twice": results_twice(events),
            "epochs_lost": epochs_trained_again(self.folder),
            "curves_equal": not unequal,
            "replay_exact": replayed.returncode == 0,
            "processes_left": self.left,
            "trials": len(trials),
            "epochs": sum(trial.epochs for trial in trials),
            "failed": sum(trial.state == "failed" for trial in trials),
            "drivers": self.drivers,
            "minutes": self.disturbed_s / 60,
            "training_share": trained_s / (2 * self.disturbed_s),
            "raylet_noticed_s": max(self.notice_s, default=0),
            "problems": len(self.problems),
        }
        for kind, count in sorted(self.faults.counts.items()):
            figures[kind.replace(" ", "_")] = count
        for reason, count in Counter(t.reason for t in trials if t.state == "failed").items():
            print(f"{count:>6}  trials failed: {reason}")
        print(f"drivers left: {dict(self.exits)}")
        for problem in self.problems:
            print(f"problem: {problem}")
        return figures


if __name__ == "__main__":
    sys.exit(main())
