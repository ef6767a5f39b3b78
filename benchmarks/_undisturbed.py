"""Each configuration of a search trained again by itself, and its curve compared bit for bit.

By itself means: in one lane of as many as the search had, the others empty, in a process that
nothing disturbs.
"""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tuner.record.trials import TrialView
from tuner.seeds import derive
from tuner.space import Space

_DATA: list[object] = []  # loaded once in each process


def unequal_curves(
    space: Space,
    split: Path,
    trials: Sequence[TrialView],
    shown: Callable[[int], None],
) -> list[str]:
    """Sentences about the trials whose recorded rows differ from an undisturbed training."""
    found: list[str] = []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_difference, space, split, trial) for trial in trials if trial.rows]
        for done, job in enumerate(jobs, start=1):
            if sentence := job.result():
                found.append(sentence)
            shown(done)
    return found


def _difference(space: Space, split: Path, trial: TrialView) -> str:
    import torch

    from models.data.images import TrainingData
    from models.lanes.lane import Lane
    from models.trainer import Trainer

    torch.set_num_threads(space.resources.cpus_per_trial)
    data = _data(space, split)
    assert isinstance(data, TrainingData)
    seed = derive(space.sampler.seed, "trial", trial.number)
    lane = Lane(hyperparameters=dict(trial.hyperparameters), seed=seed)
    lanes = [lane, *[None] * (int(space.resources.lanes) - 1)]
    trainer = Trainer(space.detector, data, lanes, data_seed=space.sampler.seed)
    for row in trial.rows:
        result = trainer.epoch()[0]
        trained = {**_finite(result.metrics), **{f"loss/{k}": v for k, v in result.losses.items()}}
        recorded = {k: v for k, v in row.metrics.items() if not k.startswith("best_")}
        recorded |= {f"loss/{k}": v for k, v in row.losses.items()}
        for name in dict.fromkeys([*trained, *recorded]):
            if trained.get(name) != recorded.get(name):
                return (
                    f"trial {trial.number}, epoch {row.epoch}: {name} is {recorded.get(name)!r} "
                    f"in the record, {trained.get(name)!r} undisturbed"
                )
    return ""


def _data(space: Space, split: Path) -> object:
    if not _DATA:
        from models.data.loading import load_training
        from models.data.protocol import Split
        from models.data.sources import find

        _DATA.append(load_training(space.data, find(space.data), Split.load(split)))
    return _DATA[0]


def _finite(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
