"""Each detector's pace on one core, beside an ordinary PyTorch loop of its networks and losses.

    python benchmarks/detectors.py
    python benchmarks/detectors.py ganomaly vae

Random grey images of 32 x 32, 16 base channels, 64 normals a step (and 16 known anomalies where a
detector sees them), one lane, one thread. `images_per_s_` is training by the trainer, all stages;
`ratio_` that over the plain loop's; `scored_per_s_` scoring. Both loops take turns, and the best of
several short runs of each counts, since other work on the machine only ever slows a run.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch
from _plain_loop import PlainLoop
from _random_images import random_images
from _result import write

from models import detectors
from models.data.images import TrainingData
from models.hyperparameters import Value
from models.lanes.lane import Lane
from models.precision import deterministic_convolutions
from models.trainer import Trainer

SETTINGS = {"width": 16, "batch_normals": 64, "batch_anomalies": 16, "search_steps": 50}
NORMALS, ANOMALIES, RUNS, STEPS = 64 * 4, 64, 7, 4
SCORED = 256


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("detectors", nargs="*", help="some of them; all without")
    chosen = arguments.parse_args().detectors
    torch.set_num_threads(1)
    data = random_images(NORMALS, ANOMALIES)
    names = chosen or [name for name in detectors.names() if detectors.stages(name)]
    figures: dict[str, float] = {}
    print(f"{'detector':>22}  {'images/s':>8}  {'ratio':>5}  {'scored/s':>8}")
    for name in names:
        pace, plain, scored = _measure(name, data)
        key = name.replace("-", "_")
        figures |= {f"images_per_s_{key}": pace, f"ratio_{key}": pace / plain}
        figures[f"scored_per_s_{key}"] = scored
        print(f"{name:>22}  {pace:>8.0f}  {pace / plain:>5.2f}  {scored:>8.0f}", flush=True)
    if not chosen:
        print(f"written: {write('detectors', figures, 'python benchmarks/detectors.py')}")


def _measure(name: str, data: TrainingData) -> tuple[float, float, float]:
    """Images a second of the trainer, of the plain loop, and of scoring."""
    known = {each.name for each in detectors.hyperparameters(name)}
    small = {key: value for key, value in SETTINGS.items() if key in known}
    values = detectors.resolve(name, small)
    lane = Lane(hyperparameters=values, seed=0)
    trainer = Trainer(name, data, [lane], device="cpu")
    group = trainer.whole()
    plain = PlainLoop(name, values, data, narrow=trainer.precision == "bfloat16")
    ours_s = theirs_s = 0.0
    images = 0
    for stage in range(len(plain.stages)):
        take = group.steps_of(STEPS, stage)
        images += take()
        plain.epoch(stage)
        ours, theirs = _in_turns(take, partial(plain.epoch, stage))
        ours_s, theirs_s = ours_s + ours, theirs_s + theirs
    return images / ours_s, images / theirs_s, _scored(name, values, data)


def _in_turns(ours: Callable[[], int], theirs: Callable[[], int]) -> tuple[float, float]:
    """The least seconds of each."""
    least = [float("inf")] * 2
    with deterministic_convolutions():
        for _ in range(RUNS):
            for place, work in enumerate((ours, theirs)):
                start = time.perf_counter()
                work()
                least[place] = min(least[place], time.perf_counter() - start)
    return least[0], least[1]


def _scored(name: str, values: dict[str, Value], data: TrainingData) -> float:
    """Images a second of a trained detector."""
    epochs = len(detectors.stages(name))
    trainer = Trainer(name, data, [Lane(hyperparameters=values, seed=0)], epochs=epochs)
    for _ in range(epochs):
        result = trainer.epoch()[0]
    if result.error is not None:
        raise result.error
    fitted = trainer.fitted(0)
    images = data.fit.images[:SCORED]
    least = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        fitted.score(images)
        least = min(least, time.perf_counter() - start)
    return len(images) / least


if __name__ == "__main__":
    main()
