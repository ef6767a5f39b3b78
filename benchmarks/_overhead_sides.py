"""The searches whose overhead is compared: each a process of its own, which runs one side.

python benchmarks/_overhead_sides.py own 100
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

from models import detectors
from models.data.sources import Source
from tuner.backend.connection import connection
from tuner.backend.tune_run import run
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.record.run_folder import RunFolder
from tuner.space import Machine, Space
from tuner.storage import local_storage
from tuner.worker.search_setting import TrialSetting

WORKERS = 2
STRETCH = 250  # trials over which the pace of the moment is taken
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
Outcome = dict[str, float]


def main() -> None:
    """Run the named side and print what it measured as JSON."""
    side, trials = sys.argv[1], int(sys.argv[2])
    print(json.dumps(SIDES[side](trials)))


def own(trials: int) -> Outcome:
    """A search by the project's engine, study and journal, as tuner.search runs it."""
    from _trivial import TrivialActor

    space = _space(trials)
    with tempfile.TemporaryDirectory() as scratch, connection(None):
        run_folder = RunFolder(Path(scratch))
        setting = TrialSetting(
            detector=space.detector,
            objective="best_auroc",
            epochs=space.epochs,
            data=space.data,
            source=Source(folder=None, description="none"),
            data_seed=0,
            threads=1,
            storage=local_storage(run_folder.path),
        )
        start_mb, start, start_cpu = _resident_mb(), time.perf_counter(), time.process_time()
        scheduler = make_scheduler(space)
        engine = Engine(space, run_folder, scheduler=scheduler, slots=WORKERS)
        watch = _Watch(engine)
        run(engine, setting, space, Machine(cpus=WORKERS), actor=TrivialActor)
        engine.close()
        seconds = time.perf_counter() - start
        _check(len([trial for trial in engine.trials if trial.state == "complete"]), trials)
    used = {"cpu_seconds": time.process_time() - start_cpu, "start_mb": start_mb, "mb": _peak_mb()}
    return {"seconds": seconds, **used, **watch.outcome()}


class _Watch:
    """Times the engine's suggestions and the pace of its trials from outside."""

    def __init__(self, engine: Engine) -> None:
        self._suggest = engine._proposals.make
        self._suggestions_s: list[float] = []
        self._ended_at: list[float] = []
        self._paces_ms: dict[int, float] = {}
        engine._proposals.make = self._timed  # type: ignore[method-assign]

    def _timed(self, number: int) -> object:
        start = time.perf_counter()
        proposal = self._suggest(number)
        end = time.perf_counter()
        self._suggestions_s.append(end - start)
        self._ended_at.append(end)
        if (number + 1) % STRETCH == 0:
            pace = 1000 * (end - self._ended_at[-STRETCH]) / (STRETCH - 1)
            self._paces_ms[number + 1] = pace
            print(f"  {number + 1} trials, the last {STRETCH} at {pace:.1f} ms", file=sys.stderr)
        return proposal

    def outcome(self) -> Outcome:
        percentiles = quantiles(self._suggestions_s, n=100, method="inclusive")
        paces = {f"pace_ms_at_{trials}": pace for trials, pace in self._paces_ms.items()}
        return {
            "suggest_p50_ms": 1000 * percentiles[49],
            "suggest_p99_ms": 1000 * percentiles[98],
            **paces,
        }


def bare(trials: int) -> Outcome:
    """Tune with its own random search and reused actors, nothing written."""
    from _trivial import BareTrainable
    from ray import tune

    config = tune.TuneConfig(num_samples=trials, max_concurrent_trials=WORKERS, reuse_actors=True)
    return _tuned(BareTrainable, config, trials)


def plain(trials: int) -> Outcome:
    """Tune with OptunaSearch as its guide shows it: a new actor for each trial."""
    from _trivial import BareTrainable
    from ray import tune
    from ray.tune.search.optuna import OptunaSearch

    config = tune.TuneConfig(
        num_samples=trials,
        max_concurrent_trials=WORKERS,
        search_alg=OptunaSearch(),
        metric="value",
        mode="max",
    )
    return _tuned(BareTrainable, config, trials)


def _tuned(trainable: type, config: object, trials: int) -> Outcome:
    from ray import tune

    with tempfile.TemporaryDirectory() as scratch, connection(None):
        start_mb, start, start_cpu = _resident_mb(), time.perf_counter(), time.process_time()
        results = tune.Tuner(
            tune.with_resources(trainable, {"cpu": 1}),
            param_space={name: tune.uniform(0, 1) for name in NAMES},
            tune_config=config,
            run_config=tune.RunConfig(
                storage_path=scratch,
                stop={"training_iteration": 1},
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                verbose=0,
            ),
        ).fit()
        seconds = time.perf_counter() - start
        _check(len(results), trials)
    used = {"cpu_seconds": time.process_time() - start_cpu, "start_mb": start_mb, "mb": _peak_mb()}
    return {"seconds": seconds, **used}


SIDES: dict[str, Callable[[int], Outcome]] = {"own": own, "bare": bare, "plain": plain}


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


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _check(done: int, wanted: int) -> None:
    if done != wanted:
        raise SystemExit(f"{done} trials of {wanted} ran to their end: the time means nothing")


if __name__ == "__main__":
    main()
