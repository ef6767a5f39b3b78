"""How fast pictures are scored on one core, and how memory grows with their number.

    python benchmarks/score.py

The real command on PNG files of 32 x 32, models of 16 base channels with random weights: reading,
scoring and the table are in the time, the start of the process is not. Memory is the command's
peak, on all cores, with heat maps left out.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from _running import ROOT, command_text, finish
from PIL import Image

PICTURES, FEW = 10_000, 500
DETECTORS = {"gan": "two-discriminator-gan", "autoencoder": "autoencoder"}
RATE = re.compile(r"([\d,]+) pictures/s")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        folder = Path(scratch)
        _write_pictures(folder / "many", PICTURES)
        _write_pictures(folder / "few", FEW)
        figures: dict[str, float] = {"images_per_s": 0.0}
        for name, detector in DETECTORS.items():
            _write_model(detector, folder / name)
            rate, _ = _score(folder, name, "many", one_core=True)
            figures[f"images_per_s_{name}"] = rate
        figures["images_per_s"] = min(figures[f"images_per_s_{name}"] for name in DETECTORS)
        peaks = {some: _score(folder, "gan", some, one_core=False)[1] for some in ("few", "many")}
    figures["memory_mb"] = peaks["many"]
    figures["memory_growth_mb"] = peaks["many"] - peaks["few"]
    finish("score", figures)


def _write_pictures(folder: Path, count: int) -> None:
    """Shaded pictures with a little noise, in grey."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    ramp = np.linspace(40, 200, 32)[None, :]
    for number in range(count):
        pixels = np.clip(ramp + rng.normal(0, 10, (32, 32)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:05}.png")


def _write_model(detector: str, folder: Path) -> None:
    from _random_images import random_images

    from models import detectors
    from models.lanes.lane import Lane
    from models.trainer import Trainer

    known = {each.name for each in detectors.hyperparameters(detector)}
    small = {"width": 16, "batch_normals": 32, "batch_anomalies": 4}
    values = {name: value for name, value in small.items() if name in known}
    lane = Lane(hyperparameters=detectors.resolve(detector, values), seed=0)
    trainer = Trainer(detector, random_images(64, 8), [lane], device="cpu", precision="float32")
    trainer.epoch()
    trainer.fitted(0).save(folder)


def _score(folder: Path, model: str, pictures: str, *, one_core: bool) -> tuple[float, float]:
    """Run the command; its pictures a second, and its peak memory in MB."""
    table = folder / f"{model}-{pictures}-{one_core}.csv"
    command = ["-m", "tuner.score", "--model", str(folder / model), str(folder / pictures)]
    said = folder / "said.txt"
    print(f"$ {command_text([*command, '--out', table.name])}", flush=True)
    with said.open("w") as file, _cores(1 if one_core else None):
        child = subprocess.Popen(
            [sys.executable, *command, "--out", str(table)], cwd=ROOT, stdout=file
        )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    text = said.read_text()
    print(text, end="", flush=True)
    rate = RATE.search(text)
    if child.returncode or rate is None:
        raise SystemExit(f"the command above ended with exit code {child.returncode}")
    return float(rate[1].replace(",", "")), usage.ru_maxrss / 1024


@contextmanager
def _cores(count: int | None) -> Iterator[None]:
    """Let processes that start inside use so many cores; None for all that there are."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


if __name__ == "__main__":
    main()
