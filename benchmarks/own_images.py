"""From a folder of pictures to an exported detector by the five commands, as a newcomer types them.

    python benchmarks/own_images.py
    python benchmarks/own_images.py --keep /tmp/own   # where to work; else a temporary folder
    python benchmarks/own_images.py --picture docs/pictures/own-images.png

The folder has 220 colour pictures that this script draws: 160 good ones and 20 of each of three
kinds of defects. Each command is the one that the one before it printed, of an autoencoder. Where
the retrain advises against the model it names none, and those of the README are typed. `total_s` is
of all five.
"""

import argparse
import csv
import json
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _parts import KINDS, SIDE, draw_folder
from _running import ROOT, finish
from PIL import Image

GOOD, OF_EACH = 160, 20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--keep", type=Path, metavar="FOLDER")
    options.add_argument("--picture", type=Path, metavar="FILE", help="pictures with their maps")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = given.keep.absolute() if given.keep else Path(temporary)
        work.mkdir(parents=True, exist_ok=not given.keep)
        figures = measure(work)
        if given.picture:
            _side_by_side(work, given.picture)
    finish("own_images", figures)


def measure(work: Path) -> dict[str, float]:
    """Draw the folder and run the commands in `work`."""
    pictures = work / "plates"
    draw_folder(pictures, GOOD, OF_EACH)
    seconds: dict[str, float] = {}
    said = _run(work, seconds, ["-m", "tuner.new", str(pictures), "--detector", "autoencoder"])
    said = _run(work, seconds, _next(said, "search"))
    said = _run(work, seconds, _next(said, "retrain"))
    scored = _next(said, "score")
    scored[scored.index("IMAGES")] = str(pictures)
    _run(work, seconds, scored)
    _run(work, seconds, _next(said, "export"))
    metrics = json.loads(next(work.glob("runs/*/retrain/metrics.json")).read_text())
    rows = list(csv.DictReader((work / "scores.csv").open()))
    baselines = metrics["baselines"]
    return {
        "total_s": sum(seconds.values()),
        **{f"{name}_s": value for name, value in seconds.items()},
        "test_auroc": metrics["test"]["auroc"]["mean"],
        "pca_test_auroc": baselines["pca"]["test"]["auroc"]["mean"],
        "chance": 0.5,
        "pictures_scored": len(rows),
    }


def _run(work: Path, seconds: dict[str, float], arguments: list[str]) -> str:
    """Run a command, its output on the screen; what it said, and how long it took by its name."""
    print(f"$ {shlex.join(['python', *arguments])}", flush=True)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    print(done.stdout + done.stderr, flush=True)
    if done.returncode:
        raise SystemExit(f"the command above ended with exit code {done.returncode}")
    seconds[arguments[1].removeprefix("tuner.")] = time.perf_counter() - start
    return done.stdout + done.stderr


def _side_by_side(work: Path, file: Path) -> None:
    """Two test pictures of each kind, the first by name, above their heat maps."""
    stored = np.load(next(work.glob("runs/*/retrain/scores.npz")))
    names = [str(name) for name in stored["test_name"]]
    kinds = ("good", *KINDS)
    shown = [name for kind in kinds for name in sorted(n for n in names if n.startswith(kind))[:2]]
    sheet = Image.new("RGB", (len(shown) * (SIDE + 6) - 6, 2 * SIDE + 6), "white")
    for column, name in enumerate(shown):
        for row, path in enumerate((work / "plates" / name, work / "maps" / f"{name}.png")):
            sheet.paste(Image.open(path).convert("RGB"), (column * (SIDE + 6), row * (SIDE + 6)))
    sheet.save(file)


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT), "WANDB_MODE": "offline"}


def _next(said: str, command: str) -> list[str]:
    """The command that was printed as the one to type next, else the README's."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace("bottles", "plates")
    for text in (said, readme):
        if found := re.findall(rf"python (-m tuner\.{command} [^\n]*)", text):
            return shlex.split(found[-1])
    raise SystemExit(f"nothing says how to go on with tuner.{command}")


if __name__ == "__main__":
    main()
