"""The detectors that docs/new-detector.md and the README build, from their own words."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import detectors
from models.lanes.lane import Lane
from models.testing.planted import planted_data
from models.trainer import Trainer
from tuner.space import load_space

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "new-detector.md"
NAME = "two-step"
_FILE = "# models/detectors/"


def _blocks(kind: str, page: Path = PAGE) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folders that the pages describe, found as any other detector is."""
    codes = [*_blocks("python"), *_blocks("python", ROOT / "README.md")]
    for code in codes:
        head = code.split("\n", maxsplit=1)[0]
        if head.startswith(_FILE):
            file = tmp_path / head.removeprefix(_FILE)
            file.parent.mkdir(exist_ok=True)
            file.write_text(code)
            (file.parent / "__init__.py").write_text('"""An example."""\n')
    monkeypatch.setattr(detectors, "__path__", [*detectors.__path__, str(tmp_path)])
    yield


@pytest.mark.usefixtures("added")
def test_the_page_would_build_a_detector_that_does_not_train() -> None:
    assert NAME in detectors.names()
    values = detectors.resolve(NAME, {"width": 4, "batch_normals": 8, "latent": 8})
    data = planted_data(normals=64)
    lanes = [Lane(hyperparameters=values, seed=seed) for seed in range(2)]
    trainer = Trainer(NAME, data, lanes, device="cpu", precision="float32", epochs=20)
    results = [trainer.epoch()[0] for _ in range(20)]
    assert [result.stage for result in results] == ["reconstruction"] * 12 + ["verdict"] * 8
    assert {"auroc/error", "auroc/tuned", "auroc/verdict"} <= set(results[-1].metrics)
    assert "auroc/verdict" not in results[0].metrics
    assert results[-1].metrics["auroc/error"] > 0.9
    assert trainer.fitted(0).score(data.validation.images).isfinite().all()


@pytest.mark.usefixtures("added")
def test_the_pages_space_file_would_be_refused(tmp_path: Path) -> None:
    (text,) = _blocks("yaml")
    file = tmp_path / "two-step.yaml"
    file.write_text(text)
    space = load_space(file)
    assert (space.detector, space.grace_epochs) == (NAME, 3)


@pytest.mark.usefixtures("added")
def test_the_readme_would_build_a_detector_that_does_not_train() -> None:
    values = detectors.resolve("tiny-ae", {"batch_normals": 8})
    data = planted_data(normals=64)
    lanes = [Lane(hyperparameters=values, seed=seed) for seed in range(2)]
    trainer = Trainer("tiny-ae", data, lanes, device="cpu", precision="float32", epochs=10)
    results = [trainer.epoch()[0] for _ in range(10)]
    assert results[-1].metrics["auroc/error"] > 0.9
    assert trainer.fitted(0).score(data.validation.images).isfinite().all()
