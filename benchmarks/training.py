"""Training speed on one core: images per second of the two-discriminator GAN, and GFLOP/s.

    python benchmarks/training.py
    python benchmarks/training.py --anomalib /elsewhere/bin/python

Random 32 x 32 images, 64 normals and 16 known anomalies a step, one lane, one thread. Beside it a
1024 x 1024 matrix product in the same number format on the same core: what the core can do. The
best of several short runs is shown, since other work on the machine only ever slows a run.

With a Python that has anomalib 2.7, GANomaly is trained and scored by its Engine and here, on the
same 2,000 pictures of 32 x 32 in colour: width 64, latent 100, batch 64, one thread. Ours trains on
images that were decoded before, as a search does; scoring decodes the files on both sides.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Callable

import torch
from _ganomaly import figures as ganomaly_figures
from _random_images import random_images
from _result import write

from models import detectors
from models.data.images import TrainingData
from models.lanes.lane import Lane
from models.trainer import Trainer

WIDTHS = (8, 16, 32)
DETECTOR = "two-discriminator-gan"
NORMALS, ANOMALIES = 64 * 8, 64
RUNS = 7


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16"])
    arguments.add_argument("--device", default="cpu")
    arguments.add_argument("--anomalib", metavar="PYTHON", help="one that has anomalib, beside it")
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    data = random_images(NORMALS, ANOMALIES)
    figures: dict[str, float] = {}
    print(f"{'width':>5}  {'precision':>9}  {'images/s':>8}  {'GFLOP/s':>7}")
    for width in WIDTHS:
        trainer = _trainer(data, width, chosen.device, chosen.precision)
        pace = _images_per_second(trainer)
        gflops = pace * _flops_per_image(data, width) / 1e9
        figures |= {f"images_per_s_{width}": pace, f"gflops_{width}": gflops}
        print(f"{width:>5}  {trainer.precision:>9}  {pace:>8.0f}  {gflops:>7.1f}")
    number = torch.bfloat16 if trainer.precision == "bfloat16" else torch.float32
    figures["gflops_matmul"] = _matmul_gflops(number, chosen.device)
    figures["bfloat16"] = float(trainer.precision == "bfloat16")
    print(f"matrix product 1024 x 1024: {figures['gflops_matmul']:.1f} GFLOP/s")
    command = "python benchmarks/training.py"
    if chosen.anomalib:
        beside = ganomaly_figures(chosen.anomalib)
        print("\n".join(f"{name}: {value:,.2f}" for name, value in beside.items()))
        figures |= beside
        command += " --anomalib PYTHON"
    print(f"written: {write('training', figures, command)}")


def _trainer(data: TrainingData, width: int, device: str, precision: str) -> Trainer:
    values = detectors.resolve(DETECTOR, {"width": width})
    lanes = [Lane(hyperparameters=values, seed=0)]
    return Trainer(DETECTOR, data, lanes, device=device, precision=precision)  # type: ignore[arg-type]


def _images_per_second(trainer: Trainer) -> float:
    return max(trainer.epoch()[0].images_per_second for _ in range(RUNS))


def _flops_per_image(data: TrainingData, width: int) -> float:
    """Multiplications and additions of one step's convolutions, counted as they run."""
    from torch.utils.flop_counter import FlopCounterMode

    trainer = _trainer(data, width, "cpu", "float32")
    group = trainer.whole()
    with FlopCounterMode(display=False) as counter:
        images = group.take_step()
    return counter.get_total_flops() / images


def _matmul_gflops(number: torch.dtype, device: str) -> float:
    left, right = (torch.randn(1024, 1024, device=device, dtype=number) for _ in range(2))
    return 2 * 1024**3 / _least_seconds(lambda: left @ right) / 1e9


def _least_seconds(function: Callable[[], object]) -> float:
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
