"""Which criterion without labels ranks configurations as the true validation AUROC does.

    TUNER_DATA=/data python benchmarks/label_free.py
    TUNER_DATA=/data python benchmarks/label_free.py --only bottle

Of each data set, random configurations of the autoencoder are trained, the defaults first. After
its last epoch each has, on the same held-out images: the AUROC with their true labels, the criteria
that need no anomaly, and the AUROC against synthetic anomalies made of the held-out normals. The
true labels choose nothing but the yardstick. What is recorded is kept in --work and gone on with.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _running import ROOT, extra_images, finish
from scipy.stats import spearmanr

from models import detectors
from models.data.config import DataConfig
from models.data.images import LabelledImages, TrainingData
from models.data.loading import load_test, load_training
from models.data.protocol import make_split
from models.data.sources import find
from models.data.synthetic import synthesise
from models.evaluation.criteria_names import CRITERIA
from models.evaluation.metrics import auroc
from models.lanes.lane import Lane
from models.trainer import Trainer

DETECTOR = "autoencoder"
CONFIGURATIONS = 36
STEPS = 240
"""Of gradient: the epochs of a configuration are as many as that takes."""
FIT, HELD_OUT = 600, 300
"""Most images of fit and of each kind in validation: published data take no longer than folders."""
RESAMPLES = 2000
SYNTHETIC = "synthetic_auroc"
RANKERS = (*CRITERIA, SYNTHETIC)

Row = dict[str, Any]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--only", choices=tuple(_data_sets()))
    options.add_argument("--work", type=Path, default=ROOT / "runs" / "label-free")
    given = options.parse_args()
    torch.set_num_threads(1)
    given.work.mkdir(parents=True, exist_ok=True)
    figures: dict[str, float] = {}
    gains: dict[str, list[float]] = {name: [] for name in RANKERS}
    ranks: dict[str, list[float]] = {name: [] for name in RANKERS}
    for name in [given.only] if given.only else _data_sets():
        rows = recorded(name, _data_sets()[name], given.work / f"{name}.jsonl")
        figures |= {f"{name}_{key}": value for key, value in summary(rows).items()}
        for ranker in RANKERS:
            ranks[ranker].append(figures[f"{name}_{ranker}_spearman"])
            gains[ranker].append(figures[f"{name}_{ranker}_test"] - figures[f"{name}_best_test"])
    for ranker in RANKERS:
        figures[f"mean_{ranker}_spearman"] = float(np.mean(ranks[ranker]))
        figures[f"mean_{ranker}_lost"] = -float(np.mean(gains[ranker]))
    figures["configurations"] = CONFIGURATIONS
    finish("label_free", figures, standard=not given.only, extra=True)


def _data_sets() -> dict[str, DataConfig]:
    def folder(category: str) -> DataConfig:
        return DataConfig(
            dataset="folder",
            folder=str(extra_images(f"mvtec/{category}")),
            size=64,
            anomalies_per_normal=0,
        )

    def published(dataset: str, normal: str) -> DataConfig:
        return DataConfig(
            dataset=dataset,
            normal=(normal,),
            anomalies_per_normal=0,
            fit_normals=FIT,
            validation_normals=HELD_OUT,
            validation_anomalies=HELD_OUT,
        )

    return {
        "bottle": folder("bottle"),
        "transistor": folder("transistor"),
        "toothbrush": folder("toothbrush"),
        "tshirt": published("fashion-mnist", "T-shirt/top"),
        "mnist_8": published("mnist", "8"),
    }


def configurations(seed: int = 0) -> Iterator[dict[str, Any]]:
    """The defaults at width 16, then random ones."""
    yield {"width": 16, "batch_normals": 32}
    generator = np.random.default_rng(seed)
    for _ in range(CONFIGURATIONS - 1):
        yield {
            "learning_rate": float(10 ** generator.uniform(-4, -2)),
            "beta1": float(generator.uniform(0, 0.95)),
            "width": int(generator.choice([2, 4, 8, 16, 32])),
            "batch_normals": int(generator.choice([8, 16, 32])),
            "activation": str(generator.choice(["leaky", "tanh"])),
        }


def recorded(name: str, config: DataConfig, file: Path) -> list[Row]:
    """The rows of a data set, those that are missing measured now."""
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    if len(rows) < CONFIGURATIONS:
        source = find(config)
        data = load_training(config, source, make_split(config, source), noise=True)
        test = load_test(config, source)
        for number, values in list(enumerate(configurations()))[len(rows) :]:
            row = measured(data, test, values, number)
            rows.append(row)
            with file.open("a") as out:
                out.write(json.dumps(row) + "\n")
            shown = "  ".join(f"{key} {row[key]:.3f}" for key in ("auroc", *RANKERS, "test"))
            print(f"{name} {number + 1}/{CONFIGURATIONS}  {shown}", flush=True)
    return rows


def measured(data: TrainingData, test: LabelledImages, values: Row, seed: int) -> Row:
    """Train one configuration and judge it in every way."""
    resolved = detectors.resolve(DETECTOR, values)
    lane = Lane(hyperparameters=resolved, seed=seed)
    trainer = Trainer(DETECTOR, data, [lane], device="cpu", precision="float32")
    steps = max(1, int((~data.fit.anomalous).sum()) // int(values["batch_normals"]))
    for _ in range(max(1, round(STEPS / steps))):
        result = trainer.epoch()[0]
        if result.diverged:
            return {**values, "diverged": True, **dict.fromkeys(("auroc", *RANKERS, "test"), 0.0)}
    fitted = trainer.fitted(0)
    normals = data.validation.images[~data.validation.anomalous]
    made = synthesise(normals, len(normals), seed=1).images
    scores = np.concatenate([fitted.score(images).numpy() for images in (normals, made)])
    return {
        **values,
        "diverged": False,
        "auroc": result.metrics["auroc"],
        **{name: result.metrics[name] for name in CRITERIA},
        SYNTHETIC: auroc(np.arange(len(scores)) >= len(normals), scores),
        "test": auroc(test.anomalous.numpy(), fitted.score(test.images).numpy()),
    }


def summary(rows: list[Row]) -> dict[str, float]:
    """Rank correlations with 95% intervals over configurations, and what each ranker picks."""
    usable = [row for row in rows if not row["diverged"]]
    truth = np.array([row["auroc"] for row in usable])
    figures = {
        "best_test": usable[int(truth.argmax())]["test"],
        "defaults_test": rows[0]["test"],
        "median_test": float(np.median([row["test"] for row in usable])),
    }
    for name in RANKERS:
        values = np.array([row[name] for row in usable])
        low, high = _interval(values, truth)
        figures[f"{name}_spearman"] = float(spearmanr(values, truth).statistic)
        figures[f"{name}_spearman_low"], figures[f"{name}_spearman_high"] = low, high
        figures[f"{name}_test"] = usable[int(values.argmax())]["test"]
    return figures


def _interval(values: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    generator = np.random.default_rng(0)
    found = []
    for _ in range(RESAMPLES):
        rows = generator.integers(0, len(values), len(values))
        found.append(spearmanr(values[rows], truth[rows]).statistic)
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
