"""A folder of pictures, from the first look to heat maps, by the commands as they are printed."""

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tuner.api import load
from tuner.objectives import LABEL_FREE_OBJECTIVE
from tuner.space import load_space

ROOT = Path(__file__).parents[2]
QUICK = ["--trials=2", "--set=scales={cpu: {width: 8, epochs: 20}}"]


def run(folder: Path, arguments: list[str], *, expected: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TUNER_CACHE": str(folder / "cache")},
    )
    said = done.stdout + done.stderr
    assert done.returncode == expected, said
    assert "Traceback" not in said
    return said


def typed_next(said: str, command: str) -> list[str]:
    """What the output says to type next."""
    found = re.findall(rf"python (-m tuner\.{command} [^\n]*)", said)
    assert found, f"nothing says how to go on with {command}:\n{said}"
    return shlex.split(found[-1])


def draw(folder: Path, good: int, bad: int) -> None:
    """Grey tiles with a dark cross; the defective ones have a bright spot somewhere."""
    generator = np.random.default_rng(0)
    for kind, count in (("good", good), ("spot", bad)):
        (folder / kind).mkdir(parents=True)
        for number in range(count):
            pixels = generator.normal(120, 6, (40, 48)).clip(0, 255).astype(np.uint8)
            picture = Image.fromarray(pixels)
            pen = ImageDraw.Draw(picture)
            pen.line((24, 4, 24, 36), fill=30, width=4)
            pen.line((8, 20, 40, 20), fill=30, width=4)
            if kind == "spot":
                x, y = (int(v) for v in generator.integers(6, 34, 2))
                pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=250)
            picture.save(folder / kind / f"{number:03d}.png")


@pytest.mark.long  # whole commands, a minute and a half
def test_a_command_would_not_take_what_the_one_before_it_printed(tmp_path: Path) -> None:
    pictures = tmp_path / "my tiles"
    draw(pictures, 60, 24)
    said = run(
        tmp_path, ["-m", "tuner.new", str(pictures), "--size", "32", "--detector=autoencoder"]
    )
    assert "good/ and kinds of defects: spot" in said
    search = typed_next(said, "search")
    said = run(tmp_path, [*search, *QUICK])
    said = run(tmp_path, [*typed_next(said, "retrain"), "--seeds=1"])
    assert "pca" in said
    score, export = typed_next(said, "score"), typed_next(said, "export")
    score[score.index("IMAGES")] = str(pictures)
    run(tmp_path, score)
    run(tmp_path, export)
    rows = list(csv.DictReader((tmp_path / "scores.csv").open()))
    assert len(rows) == 84
    assert len(list((tmp_path / "maps").rglob("*.png"))) == 84
    check_scores(tmp_path, pictures, {row["path"]: float(row["score"]) for row in rows})


def check_scores(work: Path, pictures: Path, scored: dict[str, float]) -> None:
    """The test images have the scores of the report, bit for bit, and are told apart."""
    run_folder = next((work / "runs").glob("*/retrain")).parent
    metrics = json.loads((run_folder / "retrain" / "metrics.json").read_text())
    assert metrics["test"]["auroc"]["mean"] > 0.9
    stored = np.load(run_folder / "retrain" / "scores.npz")
    names = [str(name) for name in stored["test_name"]]
    told = dict(zip(names, stored["test_best"][0], strict=True))
    by_name = {Path(path).relative_to(pictures).as_posix(): s for path, s in scored.items()}
    assert {name: by_name[name] for name in told} == told
    detector = load(run_folder)
    one = pictures / names[0]
    assert float(detector.score([one])[0]) == told[names[0]]


@pytest.mark.long
def test_a_folder_of_normals_alone_would_be_refused_or_claim_real_figures(tmp_path: Path) -> None:
    pictures = tmp_path / "parts"
    draw(pictures, 50, 0)
    (pictures / "spot").rmdir()
    said = run(tmp_path, ["-m", "tuner.new", str(pictures), "--size", "32"])
    assert "synthetic" in said
    space = load_space(next(tmp_path.glob("*.yaml")))
    assert space.data.validation == "synthetic"
    assert space.objective == LABEL_FREE_OBJECTIVE
    said = run(tmp_path, [*typed_next(said, "search"), *QUICK])
    assert "synthetic" in said.lower()
    said = run(tmp_path, [*typed_next(said, "retrain"), "--seeds=1"])
    assert "synthetic" in said
    metrics = json.loads(next(tmp_path.glob("runs/*/retrain/metrics.json")).read_text())
    assert metrics["selection"] == "synthetic-val"
    assert metrics["test_anomalies"] == "synthetic"
