"""GANomaly here and by anomalib's Engine: the same pictures, batch and widths, on one core."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from models import detectors
from models.data.images import LabelledImages, TrainingData
from models.data.preprocessing import Preprocessing
from models.lanes.lane import Lane
from models.scoring import Scorer
from models.trainer import Trainer

PICTURES, SIDE, RUNS = 2000, 32, 3
SIDE_SCRIPT = Path(__file__).parent / "_anomalib_side.py"


def figures(python: str) -> dict[str, float]:
    """Paces of both, and their ratios; `python` is one that has anomalib."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pictures = _pictures(folder)
        command = [python, str(SIDE_SCRIPT), str(folder)]
        one = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=one)
        said = done.stdout
        theirs = json.loads(said.splitlines()[-1])
        files = sorted((folder / "test" / "good").iterdir())
        training, scoring = _ours(pictures, files)
    return {
        "ganomaly_images_per_s": training,
        "ganomaly_scored_per_s": scoring,
        "anomalib_images_per_s": theirs["training"],
        "anomalib_scored_per_s": theirs["scoring"],
        "ganomaly_ratio_training": training / theirs["training"],
        "ganomaly_ratio_scoring": scoring / theirs["scoring"],
    }


def _pictures(folder: Path) -> torch.Tensor:
    """Random colours, as files for both roles and as bytes [N, 3, S, S]."""
    pixels = np.random.default_rng(0).integers(0, 256, (PICTURES, SIDE, SIDE, 3), dtype=np.uint8)
    for role in ("train", "test"):
        place = folder / role / "good"
        place.mkdir(parents=True)
        for number, picture in enumerate(pixels):
            Image.fromarray(picture).save(place / f"{number:05}.png")
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()


def _ours(pictures: torch.Tensor, files: list[Path]) -> tuple[float, float]:
    """Training is on decoded pictures, as the product trains; scoring decodes the files."""
    labels = torch.zeros(len(pictures), dtype=torch.bool)
    few = torch.arange(len(pictures[:16])) >= 8
    data = TrainingData(
        fit=LabelledImages(images=pictures, anomalous=labels, classes=labels.long()),
        validation=LabelledImages(images=pictures[:16], anomalous=few, classes=few.long()),
        preprocessing=Preprocessing(size=SIDE, channels=3),
    )
    lane = Lane(hyperparameters=detectors.resolve("ganomaly", {}), seed=0)
    trainer = Trainer("ganomaly", data, [lane], device="cpu")
    training = max(trainer.epoch()[0].images_per_second for _ in range(RUNS))
    scorer, least = Scorer(trainer.fitted(0)), float("inf")
    for _ in range(2):
        start = time.perf_counter()
        scorer.score(files)
        least = min(least, time.perf_counter() - start)
    return training, len(files) / least
