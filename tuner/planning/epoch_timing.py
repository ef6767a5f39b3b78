"""Measure one epoch on this machine, on a part of the images, to say how long a search takes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from models import detectors
from models.stages import least_epochs, stage_lengths
from tuner.errors import TunerError
from tuner.space import Machine, Space

if TYPE_CHECKING:
    from models.data.images import LabelledImages, TrainingData

PROBE_NORMALS = 960
"""Enough images for a steady pace, few enough for some seconds at the largest scale on a CPU."""


def epoch_seconds(space: Space, machine: Machine, lanes: int = 1) -> float:
    """Train two or more short epochs of each stage, and scale up the last of each.

    The configuration is the space's fixed one, in each of the lanes.

    Of several tasks, the first is taken for all.
    Takes the cores that a trial gets. Imports torch. Raises DataNotFound.
    """
    import torch  # noqa: PLC0415 - commands start without it

    threads = torch.get_num_threads()
    torch.set_num_threads(1 if machine.gpus else space.resources.cpus_per_trial)
    try:
        return _measure(space, lanes)
    finally:
        torch.set_num_threads(threads)


def _measure(space: Space, lanes: int) -> float:
    from models.data.loading import load_training  # noqa: PLC0415
    from models.data.protocol import make_split  # noqa: PLC0415
    from models.data.sources import find  # noqa: PLC0415
    from models.data.tasks import find_tasks  # noqa: PLC0415
    from models.lanes.lane import Lane  # noqa: PLC0415
    from models.trainer import Trainer  # noqa: PLC0415

    source = find(space.data)
    tasks = find_tasks(space.data, source)
    data = load_training(tasks[0], source, make_split(tasks[0], source))
    part, share = _part(data)
    settings = detectors.resolve(space.detector, space.fixed)
    shares = detectors.stages(space.detector)
    epochs = least_epochs(shares, 2)  # the first of a stage also pays for start-up
    pack = [Lane(hyperparameters=settings, seed=seed) for seed in range(lanes)]
    trainer = Trainer(space.detector, part, pack, epochs=epochs)
    of_stage: dict[str, float] = {}
    for _ in range(epochs):
        result = trainer.epoch()[0]
        if result.error is not None:
            reason = f"{type(result.error).__name__}: {result.error}"
            raise TunerError(f"{space.detector} cannot be scored, so no trial could be: {reason}")
        training_s = 0.0
        if result.images_per_second:
            training_s = min(result.seconds, len(part.fit.images) / result.images_per_second)
        of_stage[result.stage] = training_s / share + (result.seconds - training_s)
    lengths = stage_lengths(shares, space.epochs) or (1,)
    weighted = zip(of_stage.values(), lengths, strict=True)
    return len(tasks) * sum(seconds * length for seconds, length in weighted) / sum(lengths)


def _part(data: TrainingData) -> tuple[TrainingData, float]:
    """Return training data with fewer fit images, and their share of all; validation is whole."""
    normals = int((~data.fit.anomalous).sum())
    share = min(1.0, PROBE_NORMALS / normals)
    anomalies = len(data.fit.images) - normals
    kept = (max(1, round(normals * share)), round(anomalies * share + 0.5) if anomalies else 0)
    rows = [*range(kept[0]), *range(normals, min(normals + kept[1], normals + anomalies))]
    return dataclasses.replace(data, fit=_rows(data.fit, rows)), share


def _rows(images: LabelledImages, rows: list[int]) -> LabelledImages:
    return dataclasses.replace(
        images,
        images=images.images[rows],
        anomalous=images.anomalous[rows],
        classes=images.classes[rows],
    )
