"""The commands on photographs of bottles, where a folder of MVTec AD is at hand."""

import json
import os
from pathlib import Path

import pytest

from tests.tuner.test_own_images import run, typed_next


@pytest.mark.long
def test_bottles_would_not_be_told_apart(tmp_path: Path) -> None:
    data = os.environ.get("TUNER_DATA")
    if not data:
        pytest.skip("TUNER_DATA names no folder with mvtec/bottle")
    bottle = Path(data).absolute() / "mvtec" / "bottle"
    said = run(tmp_path, ["-m", "tuner.new", str(bottle), "--detector=autoencoder"])
    said = run(tmp_path, [*typed_next(said, "search"), "--trials=2"])
    said = run(tmp_path, [*typed_next(said, "retrain"), "--seeds=1"])
    metrics = json.loads(next(tmp_path.glob("runs/*/retrain/metrics.json")).read_text())
    assert metrics["test"]["auroc"]["mean"] > 0.75
    assert metrics["baselines"]["pca"]["test"]["auroc"]["mean"] > 0.95
    assert metrics["pixels"]["auroc"]["mean"] > 0.7
