"""Start or join Ray, and let Tune work through an engine's attempts."""

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray import tune

from tuner.backend.adapters import EngineScheduler, EngineSearcher, EngineStopper
from tuner.backend.address import CLUSTER_VARIABLE, check_address, no_cluster
from tuner.backend.capacity import cluster_capacity, node_capacity
from tuner.backend.hangs import Watchdog
from tuner.backend.trainable import SETTING, TrialActor
from tuner.engine import Engine
from tuner.errors import TunerError
from tuner.setting import TrialSetting
from tuner.space import Machine, Resources


@contextmanager
def connection(address: str | None) -> Iterator[Machine]:
    """Join the cluster at `address` or `$RAY_ADDRESS`, else start Ray on this machine, for a while.

    Raises TunerError where the cluster cannot be reached.
    """
    address = address or os.environ.get(CLUSTER_VARIABLE)
    if address:
        check_address(address)
    warnings.filterwarnings("ignore", module="ray")
    logging.getLogger("ray").setLevel(logging.ERROR)
    options: dict[str, Any] = (
        {} if address else {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    )
    try:
        ray.init(
            address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **options
        )
    except (ConnectionError, ValueError) as error:
        raise TunerError(_no_ray(address, error)) from error
    try:
        yield cluster_capacity() if address else node_capacity()
    finally:
        ray.shutdown()


def _no_ray(address: str | None, error: Exception) -> str:
    if address is None:
        return f"Ray cannot start on this machine: {error}"
    return no_cluster(address, error)


def run(
    engine: Engine,
    setting: TrialSetting,
    resources: Resources,
    machine: Machine,
    actor: type[Any] = TrialActor,
) -> None:
    """Work through the engine's attempts until it has none left or stops.

    `actor` is the Tune trainable that works on them; it must take and report what TrialActor does.
    """
    # Tune asks a custom searcher for one trial ahead at most; the engine itself knows its slots.
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(engine.slots)
    watchdog = Watchdog(engine, setting)
    with tempfile.TemporaryDirectory(prefix="tuner-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(actor, _request(resources, machine)),
            param_space={SETTING: setting},
            tune_config=tune.TuneConfig(
                search_alg=EngineSearcher(engine),
                scheduler=EngineScheduler(engine, watchdog),
                num_samples=-1,
                reuse_actors=True,
                trial_name_creator=lambda trial: trial.trial_id,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="search",
                storage_path=scratch,
                stop=EngineStopper(engine),
                callbacks=[watchdog],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # trials keep own
                failure_config=tune.FailureConfig(max_failures=0),
                verbose=0,
            ),
        )
        tuner.fit()


def _request(resources: Resources, machine: Machine) -> dict[str, float]:
    """What Tune books for a trial: a GPU where there is one, else cores."""
    if machine.gpus:
        return {"CPU": 0, "GPU": 1}
    return {"CPU": resources.cpus_per_trial}
