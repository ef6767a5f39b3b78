"""How long pictures take to be decoded into the cache, and to be found there again.

    python benchmarks/loading.py

5,000 JPEG of 256 x 256 that this script draws, brought to 64 x 64, on all cores; then the same
folder again in a process that finds them decoded.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _running import ROOT, finish
from PIL import Image

PICTURES = 5000
SIZE = 64
_PROGRAM = """
import sys, time
from pathlib import Path
from models.data.config import DataConfig
from models.data.protocol import make_split
from models.data.sources import find
start = time.perf_counter()
config = DataConfig(
    dataset="folder", folder=sys.argv[1], size=int(sys.argv[3]), anomalies_per_normal=0,
    validation="synthetic",
)
source = find(config, Path(sys.argv[2]))
print(time.perf_counter() - start)
make_split(config, source)
print(time.perf_counter() - start)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pictures, cache = Path(folder, "pictures"), Path(folder, "cache")
        draw(pictures)
        decoding, _ = found_in(pictures, cache)
        again, with_split = found_in(pictures, cache)
        start = time.perf_counter()
        subprocess.run(_command(pictures, cache), check=True, capture_output=True, cwd=ROOT)
        whole = time.perf_counter() - start
    figures = {
        "pictures": PICTURES,
        "images_per_s": PICTURES / decoding,
        "first_start_s": decoding,
        "second_start_s": again,
        "second_start_with_split_s": with_split,
        "second_process_s": whole,
    }
    finish("loading", figures)


def draw(folder: Path) -> None:
    """Smooth shapes with some noise, which JPEG takes as it takes photographs."""
    generator = np.random.default_rng(0)
    (folder / "good").mkdir(parents=True)
    for number in range(PICTURES):
        coarse = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((256, 256), Image.Resampling.BICUBIC)
        noise = generator.integers(-12, 13, (256, 256, 3), dtype=np.int16)
        pixels = np.clip(np.asarray(picture, np.int16) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "good" / f"{number:05d}.jpg", quality=85)


def found_in(pictures: Path, cache: Path) -> tuple[float, float]:
    """Seconds until a process of its own has found the folder, and has its split; no imports."""
    done = subprocess.run(
        _command(pictures, cache), check=True, capture_output=True, text=True, cwd=ROOT
    )
    found, split = map(float, done.stdout.split())
    return found, split


def _command(pictures: Path, cache: Path) -> list[str]:
    return [sys.executable, "-c", _PROGRAM, str(pictures), str(cache), str(SIZE)]


if __name__ == "__main__":
    main()
