"""What every detector must keep, whoever adds one."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models import detectors
from models.data.images import LabelledImages, TrainingData
from models.data.preprocessing import Preprocessing
from models.fitted import FittedDetector
from models.lanes.lane import Lane
from models.lanes.scoring import score_lanes
from models.trainer import Trainer

MakeTrainer = Callable[..., Trainer]


@pytest.fixture(params=detectors.names())
def fitted(request: pytest.FixtureRequest, make_trainer: MakeTrainer) -> FittedDetector:
    trainer = make_trainer(detector=request.param)
    trainer.epoch()
    return trainer.fitted(0)


def test_score_does_not_depend_on_the_batch(fitted: FittedDetector, digits: TrainingData) -> None:
    images = digits.validation.images[18:82]  # normals, then anomalies
    whole = fitted.score_parts(images)
    shuffled = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    ways = {
        "one by one": [torch.tensor([row]) for row in range(64)],
        "by label": [torch.arange(32), torch.arange(32, 64)],
        "shuffled": [shuffled],
    }
    for way, batches in ways.items():
        for rows in batches:
            for name, score in fitted.score_parts(images[rows]).items():
                torch.testing.assert_close(
                    score, whole[name][rows], rtol=1e-5, atol=1e-5, msg=f"{name}, {way}"
                )


def test_saved_and_loaded_scores_the_same(
    fitted: FittedDetector, digits: TrainingData, tmp_path: Path
) -> None:
    fitted.save(tmp_path)
    loaded = FittedDetector.load(tmp_path)
    images = digits.validation.images
    assert torch.equal(loaded.score(images), fitted.score(images))
    assert loaded.threshold == fitted.threshold
    assert loaded.error_threshold == fitted.error_threshold
    first, second = fitted.reconstruct(images[:3]), loaded.reconstruct(images[:3])
    assert (first is None and second is None) or torch.equal(first, second)  # type: ignore[arg-type]


def test_fitted_detector_scores_as_validation_did(
    make_trainer: MakeTrainer, digits: TrainingData, fitted: FittedDetector
) -> None:
    trainer = make_trainer(detector=fitted.detector)
    trainer.epoch()
    group, images = trainer.whole(), digits.validation.images
    parts = score_lanes(group._detector, group.stacks, images, group.settings)
    for name, score in fitted.score_parts(images).items():
        torch.testing.assert_close(score.double(), parts[name][0], rtol=1e-5, atol=1e-6)


def test_reconstructions_are_images(fitted: FittedDetector, digits: TrainingData) -> None:
    images = digits.validation.images[:5]
    remade = fitted.reconstruct(images)
    assert remade is None or (remade.shape == images.shape and remade.abs().max() <= 1)


def test_maps_would_be_of_other_shape_or_depend_on_the_batch(
    fitted: FittedDetector, digits: TrainingData
) -> None:
    images = digits.validation.images[45:55]
    maps = fitted.anomaly_maps(images)
    if maps is None:
        assert fitted.map_scale is None
        return
    assert maps.shape == (10, 16, 16) and maps.isfinite().all() and maps.min() >= 0
    for row in range(10):
        alone = fitted.anomaly_maps(images[row : row + 1])
        torch.testing.assert_close(alone, maps[row : row + 1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("detector", detectors.names())
def test_hyperparameters_are_read_without_torch(detector: str) -> None:
    code = (
        "import sys\nfrom models import detectors\n"
        f"detectors.resolve({detector!r}, {{}}); detectors.published({detector!r})\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("detector", detectors.names())
def test_every_hyperparameter_says_what_it_is_and_where_it_comes_from(detector: str) -> None:
    assert all(each.meaning and each.source for each in detectors.hyperparameters(detector))


@pytest.mark.parametrize("detector", detectors.names())
def test_phases_name_networks_and_hyperparameters_that_exist(detector: str) -> None:
    model = detectors.load(detector)
    values = detectors.resolve(detector, {})
    networks = model.networks(detectors.structure(detector, values), 1, 32)
    for phase in model.phases:
        assert set(phase.trains) <= set(networks)
        assert {phase.learning_rate, phase.beta1} <= set(values)


@pytest.mark.parametrize("detector", detectors.names())
def test_images_would_be_refused_that_it_takes_or_taken_that_it_refuses(
    detector: str, digits: TrainingData
) -> None:
    sizes = detectors.requirements(detector).sizes
    for size in (8, 16, 30, 32):
        lane = Lane(hyperparameters=detectors.resolve(detector, _narrow(detector)), seed=0)
        data = replace(
            digits,
            fit=_sized(digits.fit, size),
            validation=_sized(digits.validation, size),
            preprocessing=Preprocessing(size=size, channels=1),
        )
        if not sizes or size in sizes:
            Trainer(detector, data, [lane], device="cpu", precision="float32").epoch()
        else:
            with pytest.raises(ValueError, match=f"images are {size} x {size}, this"):
                Trainer(detector, data, [lane], device="cpu")


@pytest.mark.parametrize("detector", detectors.names())
def test_normals_alone_would_be_refused_or_crash_it(detector: str, digits: TrainingData) -> None:
    normals = replace(digits, fit=_rows(digits.fit, ~digits.fit.anomalous))
    lane = Lane(hyperparameters=detectors.resolve(detector, _narrow(detector)), seed=0)
    if detectors.requirements(detector).known_anomalies:
        with pytest.raises(ValueError, match="needs known anomalies among the fit images"):
            Trainer(detector, normals, [lane], device="cpu")
    else:
        Trainer(detector, normals, [lane], device="cpu", precision="float32").epoch()


def _narrow(detector: str) -> dict[str, object]:
    known = {each.name for each in detectors.hyperparameters(detector)}
    return {"width": 4} if "width" in known else {}


def _sized(images: LabelledImages, size: int) -> LabelledImages:
    sized = torch.nn.functional.interpolate(images.images.float(), size, mode="nearest")
    return replace(images, images=sized.to(torch.uint8))


def _rows(images: LabelledImages, rows: torch.Tensor) -> LabelledImages:
    return LabelledImages(
        images=images.images[rows], anomalous=images.anomalous[rows], classes=images.classes[rows]
    )
