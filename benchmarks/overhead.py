"""What a trial costs beside its training: the project's searcher and record, and bare Tune.

    python benchmarks/overhead.py

Trials of one epoch that do nothing, ten searched hyperparameters, two workers that are reused.
Ours asks TPE, writes journal and study and decides by ASHA, all on disk; bare Tune draws at random
and writes nothing. Each round is a process of its own; the time is that of the whole Tune run, the
start of its workers included and that of Ray not. The figures are medians of the rounds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from _running import finish

from models import detectors
from models.data.sources import Source
from tuner.backend.asha import Asha
from tuner.backend.run import connection, run
from tuner.engine import Engine
from tuner.run_folder import RunFolder
from tuner.setting import TrialSetting
from tuner.space import Machine, Space
from tuner.storage import local_storage

TRIALS = 100
WORKERS = 2
SIDES = ("own", "bare")
NAMES = (
    "reconstruction_weight",
    "patch_weight",
    "encoder_weight",
    "normal_adversarial_weight",
    "anomaly_adversarial_weight",
    "abc_weight",
    "patch_n",
    "generator_lr",
    "discriminator_lr",
    "beta1",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--trials", type=int, default=TRIALS)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--one-round", choices=SIDES, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one_round:
        seconds = own(given.trials) if given.one_round == "own" else bare(given.trials)
        print(json.dumps(seconds))
        return
    seconds_of: dict[str, list[float]] = {side: [] for side in SIDES}
    for number in range(1, given.rounds + 1):
        for side in SIDES:
            seconds_of[side].append(_round(side, given.trials))
            pace = 1000 * seconds_of[side][-1] / given.trials
            print(f"round {number}  {side:<4}  {pace:6.1f} ms a trial", flush=True)
    own_ms, bare_ms = (1000 * median(seconds_of[side]) / given.trials for side in SIDES)
    figures = {
        f"ms_per_trial_{given.trials}": own_ms,
        f"bare_ms_per_trial_{given.trials}": bare_ms,
        "rounds": given.rounds,
    }
    finish("overhead", figures, standard=given.trials == TRIALS)


def _round(side: str, trials: int) -> float:
    command = [sys.executable, __file__, "--one-round", side, "--trials", str(trials)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        raise SystemExit(f"{said.stderr[-3000:]}\na round of {side} failed")
    return float(json.loads(said.stdout.splitlines()[-1]))


def own(trials: int) -> float:
    """Seconds of a search by the project's engine, study and journal."""
    from _trivial import TrivialActor

    space = _space(trials)
    with tempfile.TemporaryDirectory() as scratch, connection(None):
        run_folder = RunFolder(Path(scratch))
        setting = TrialSetting(
            detector=space.detector,
            objective="best_auroc",
            data=space.data,
            source=Source(folder=None, description="none"),
            data_seed=0,
            threads=1,
            storage=local_storage(run_folder.path),
        )
        start = time.perf_counter()
        scheduler = Asha(space.scheduler, space.epochs)
        engine = Engine(space, run_folder, scheduler=scheduler, slots=WORKERS)
        run(engine, setting, space.resources, Machine(cpus=WORKERS), actor=TrivialActor)
        engine.close()
        seconds = time.perf_counter() - start
        _check(len([trial for trial in engine.trials if trial.state == "complete"]), trials)
    return seconds


def _space(trials: int) -> Space:
    detector = "two-discriminator-gan"
    known = {each.name: each for each in detectors.hyperparameters(detector)}
    domains = {
        name: {"int" if name == "patch_n" else "uniform": [known[name].low, known[name].high]}
        for name in NAMES
    }
    data = {"dataset": "digits", "normal": [0]}
    return Space.model_validate(
        {"detector": detector, "data": data, "search": domains, "trials": trials, "epochs": 1}
    )


def bare(trials: int) -> float:
    """Seconds of Tune with its own random search."""
    from _trivial import BareTrainable
    from ray import tune

    with tempfile.TemporaryDirectory() as scratch, connection(None):
        start = time.perf_counter()
        results = tune.Tuner(
            tune.with_resources(BareTrainable, {"cpu": 1}),
            param_space={name: tune.uniform(0, 1) for name in NAMES},
            tune_config=tune.TuneConfig(
                num_samples=trials, max_concurrent_trials=WORKERS, reuse_actors=True
            ),
            run_config=tune.RunConfig(
                storage_path=scratch,
                stop={"training_iteration": 1},
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                verbose=0,
            ),
        ).fit()
        seconds = time.perf_counter() - start
        _check(len(results), trials)
    return seconds


def _check(done: int, wanted: int) -> None:
    if done != wanted:
        raise SystemExit(f"{done} trials of {wanted} ran to their end: the time means nothing")


if __name__ == "__main__":
    main()
