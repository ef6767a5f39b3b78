"""Ray Tune's own search of a space: OptunaSearch and ASHAScheduler, a worker a trial.

It is told what ours knows too: the published sets come first, a trial's value is its best so far,
each trial has a seed of its own, and workers go from trial to trial.

python benchmarks/_tune_search.py --space space.yaml --split split.npz --minutes 60 --output o.json
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from guide_search import tune_config, tune_domain
from ray import tune

from models import detectors
from models.data.images import TrainingData
from models.data.loading import load_training
from models.data.sources import find
from models.data.split import Split
from models.hyperparameters import Value
from models.lanes.lane import Lane
from models.trainer import Trainer
from tuner.space import Space, load_space


def train(config: dict[str, Any], data: TrainingData, space: Space) -> None:
    """The trainable: one trial, one report an epoch."""
    torch.set_num_threads(1)
    seed = int(tune.get_context().get_trial_id(), 16)  # random hexadecimal digits
    lane = Lane(hyperparameters=config, seed=seed)
    trainer = Trainer(
        space.detector, data, [lane], epochs=space.epochs, data_seed=space.sampler.seed
    )
    best = 0.0
    for _ in range(space.epochs):
        (result,) = trainer.epoch().values()
        if result.error is not None or result.diverged:
            return
        value = result.metrics["auroc"]
        best = max(best, value)
        tune.report({"auroc": best, "of_epoch": value, "reported": time.time()})


def search(space: Space, data: TrainingData, minutes: float) -> tune.ResultGrid:
    """The search itself."""
    searched = {name: tune_domain(domain) for name, domain in space.search.items()}
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(train, data=data, space=space), {"cpu": 1}),
        param_space={**space.fixed, **searched},
        tune_config=tune_config(
            space,
            published_points(space),
            num_samples=-1,
            time_budget_s=60 * minutes,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(verbose=0),
    )
    return tuner.fit()


def published_points(space: Space) -> list[dict[str, Value]]:
    """The published sets in what the space searches.

    Weights are multiples of the one that is fixed: Adam cancels a common factor.
    """
    unit = "reconstruction_weight"
    points = []
    for published in detectors.published(space.detector).values():
        values = detectors.resolve(space.detector, published)
        factor = float(space.fixed.get(unit, 1)) / float(values.get(unit, 1))
        points.append(
            {
                name: float(values[name]) * factor if name.endswith("_weight") else values[name]
                for name in space.search
            }
        )
    return points


def main() -> None:
    """Search, and write each trial's hyperparameters and its reports as [time, AUROC]."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("space", "split", "output"):
        options.add_argument(f"--{name}", type=Path, required=True)
    options.add_argument("--minutes", type=float, required=True)
    given = options.parse_args()
    space = load_space(given.space)
    data = load_training(space.data, find(space.data), Split.load(given.split))
    trials = [
        {
            "hyperparameters": detectors.resolve(space.detector, result.config or {}),
            "rows": result.metrics_dataframe[["reported", "of_epoch"]].to_numpy().tolist(),
        }
        for result in search(space, data, given.minutes)
        if result.metrics_dataframe is not None and "of_epoch" in result.metrics_dataframe
    ]
    given.output.write_text(json.dumps(trials))


if __name__ == "__main__":
    main()
