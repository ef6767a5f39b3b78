"""Let Tune work through an engine's attempts."""

import os
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ray import tune

from tuner.backend.hangs import Watchdog, least_silence_s
from tuner.backend.nodes import Nodes
from tuner.backend.packed_trainable import PACKS, PackedTrialActor
from tuner.backend.packs import open_packs
from tuner.backend.ray_internals import (
    keep_keys_from_actors,
    take_every_death_for_a_lost_actor,
)
from tuner.backend.trainable import SETTING, TrialActor
from tuner.backend.tune_adapters import EngineScheduler, EngineSearcher, EngineStopper
from tuner.engine.attempt import Attempt
from tuner.engine.engine import Engine
from tuner.packing.occupancy import Occupancy
from tuner.planning.lanes import share_of_a_device
from tuner.space import Machine, Resources, Space, trials_at_once
from tuner.worker.search_setting import TrialSetting

_PENDING = 100_000  # trials: more than the engine ever hands out at once
_NEVER = "inf"  # seconds


def run(
    engine: Engine,
    setting: TrialSetting,
    space: Space,
    machine: Machine,
    *,
    lanes: int = 1,
    actor: type[Any] | None = None,
) -> Occupancy | None:
    """Work through the engine's attempts until it has none left or stops.

    More trials train at once as machines join. With several `lanes`, and on every GPU, packs train
    the trials, and the answer is how well their lanes were used. Otherwise each trial's own actor
    does: TrialActor, or `actor`, a Tune trainable that takes and reports the same.
    """
    request, patience_s = _request(space.resources, machine, lanes), least_silence_s(setting)
    room = partial(trials_at_once, space, lanes=lanes)
    nodes = Nodes(engine, room, gpus=machine.gpus > 0)
    if actor is not None or (lanes == 1 and not machine.gpus):
        watchdog = Watchdog(engine, setting, lambda attempt, started: started, patience_s)
        trial_actor = actor or TrialActor
        _work(engine, request, trial_actor, {SETTING: setting}, (watchdog, nodes))
        return None
    with open_packs(setting, lanes) as packs:
        watchdog = Watchdog(engine, setting, packs.trainer_of, patience_s)
        config = {SETTING: setting, PACKS: packs.name}
        _work(engine, request, PackedTrialActor, config, (watchdog, nodes), packs.release)
        return packs.occupancy()


def _work(
    engine: Engine,
    request: Mapping[str, float],
    actor: type[Any],
    config: Mapping[str, object],
    callbacks: tuple[Watchdog, Nodes],
    let_go: Callable[[Attempt], None] = lambda attempt: None,
) -> None:
    # Tune asks a custom searcher for one trial ahead at most; the engine itself knows its slots.
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(_PENDING)
    # A resume reads our record, not Tune's own state of a search. A signal that comes while Tune
    # copies that makes the copy fail, which Tune tells with a traceback.
    os.environ["TUNE_GLOBAL_CHECKPOINT_S"] = _NEVER
    keep_keys_from_actors()
    take_every_death_for_a_lost_actor()
    watchdog, _ = callbacks
    with tempfile.TemporaryDirectory(prefix="tuner-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(actor, dict(request)),
            param_space=dict(config),
            tune_config=tune.TuneConfig(
                search_alg=EngineSearcher(engine, let_go),
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
                callbacks=list(callbacks),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # trials keep own
                failure_config=tune.FailureConfig(max_failures=0),
                verbose=0,
                progress_reporter=tune.CLIReporter(),  # another one clears a notebook's cell
            ),
        )
        tuner.fit()


def _request(resources: Resources, machine: Machine, lanes: int) -> dict[str, float]:
    """What Tune books for a trial: its share of a GPU where there is one, else of cores."""
    share = share_of_a_device(lanes)
    if machine.gpus:
        return {"CPU": 0, "GPU": share}
    return {"CPU": resources.cpus_per_trial * share}
