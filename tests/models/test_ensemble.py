"""Several detectors as one: against the figures of its members by numpy, and on disk."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from models.data.images import LabelledImages, TrainingData
from models.detector_files import DetectorNotWhole, sum_of
from models.ensemble import Ensemble, load_scoring
from models.fitted import FittedDetector
from models.trainer import Trainer


@pytest.fixture
def members(make_trainer: Callable[..., Trainer]) -> list[FittedDetector]:
    """Three trainings whose scores have other means and deviations."""
    trainer = make_trainer(
        {}, {"learning_rate": 1e-4}, {"learning_rate": 5e-3}, detector="autoencoder"
    )
    trainer.epoch()
    return [trainer.fitted(lane) for lane in range(3)]


@pytest.fixture
def validation(digits: TrainingData) -> LabelledImages:
    return digits.validation


def made(
    members: list[FittedDetector], validation: LabelledImages, *, synthetic: bool = False
) -> Ensemble:
    return Ensemble.of(members, validation.images, validation.anomalous, synthetic=synthetic)


def test_a_member_of_larger_scores_would_count_for_more(
    members: list[FittedDetector], validation: LabelledImages
) -> None:
    ensemble, normal = made(members, validation), ~validation.anomalous.numpy()
    each = np.stack([member.score(validation.images).numpy() for member in members])
    of_normals = each[:, normal]
    standard = (each - of_normals.mean(1)[:, None]) / of_normals.std(1)[:, None]
    score = ensemble.score(validation.images).numpy()
    assert np.abs(score - standard.mean(0)).max() < 1e-12
    assert abs(score[normal].mean()) < 1e-12
    assert ensemble.score_spread == pytest.approx(score[normal].std())
    assert len({tuple(row) for row in each.round(9).tolist()}) == 3


def test_the_threshold_would_be_a_members(
    members: list[FittedDetector], validation: LabelledImages
) -> None:
    ensemble, labels = made(members, validation), validation.anomalous.numpy()
    score = ensemble.score(validation.images).numpy()
    standard = (score - score.mean()) / score.std()
    fit = LogisticRegression(solver="newton-cholesky").fit(standard[:, None], labels)
    half = score.mean() - score.std() * fit.intercept_[0] / fit.coef_[0, 0]
    assert ensemble.threshold == pytest.approx(half, abs=1e-3)
    without_labels = made(members, validation, synthetic=True)
    assert without_labels.threshold == pytest.approx(np.quantile(score[~labels], 0.95))


def test_maps_would_have_a_members_scale(
    members: list[FittedDetector], validation: LabelledImages
) -> None:
    ensemble, few = made(members, validation), validation.images[:5]
    maps = ensemble.anomaly_maps(validation.images[~validation.anomalous])
    assert maps is not None
    assert float((maps < 1).float().mean()) == pytest.approx(0.999, abs=5e-4)
    of_members = torch.stack([_there(member.anomaly_maps(few)) for member in members])
    drawn = _there(ensemble.anomaly_maps(few))
    ratio = drawn / of_members.mean(0)
    assert ratio.std() < 1e-4 * ratio.mean()
    remade = torch.stack([_there(member.reconstruct(few)) for member in members])
    assert torch.allclose(_there(ensemble.reconstruct(few)), remade.mean(0), atol=1e-6)


def _there(made: torch.Tensor | None) -> torch.Tensor:
    assert made is not None
    return made


def test_an_image_would_be_scored_otherwise_in_other_company(
    members: list[FittedDetector], validation: LabelledImages
) -> None:
    ensemble = made(members, validation)
    whole = ensemble.score(validation.images[:9])
    alone = torch.cat([ensemble.score(validation.images[row : row + 1]) for row in range(9)])
    assert torch.equal(whole, alone)
    scaled = ensemble.scaled_score(
        torch.tensor([ensemble.threshold, 1e9, -1e9], dtype=torch.float64)
    )
    assert scaled.tolist() == [0.5, 1.0, 0.0]


def test_what_was_saved_would_score_otherwise(
    members: list[FittedDetector], validation: LabelledImages, tmp_path: Path
) -> None:
    ensemble = made(members, validation)
    ensemble.save(tmp_path / "several")
    members[0].save(tmp_path / "one")
    loaded = load_scoring(tmp_path / "several")
    assert isinstance(loaded, Ensemble) and len(loaded.members) == 3
    loaded.check_networks(tmp_path / "several")
    assert torch.equal(loaded.score(validation.images), ensemble.score(validation.images))
    assert (loaded.threshold, loaded.map_scale) == (ensemble.threshold, ensemble.map_scale)
    assert isinstance(load_scoring(tmp_path / "one"), FittedDetector)


def _swap(folder: Path) -> None:
    """Each whole, in the other's place."""
    first, second, aside = folder / "members/0", folder / "members/1", folder / "aside"
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def _written(change: Callable[[dict[str, object]], object]) -> Callable[[Path], object]:
    """Another ensemble.json, with a sum of its own."""

    def damage(folder: Path) -> None:
        config = json.loads((folder / "ensemble.json").read_text())
        change(config)
        data = json.dumps(config).encode()
        (folder / "ensemble.json").write_bytes(data)
        (folder / "sums.json").write_text(json.dumps({"ensemble.json": sum_of(data)}))

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        _swap,
        lambda folder: (folder / "ensemble.json").unlink(),
        lambda folder: (folder / "sums.json").unlink(),
        lambda folder: (folder / "members/2/config.json").write_text("{}"),
        lambda folder: (folder / "ensemble.json").write_text("{}"),
        lambda folder: shutil.rmtree(folder / "members/1"),
        lambda folder: shutil.rmtree(folder / "members"),
        _written(lambda config: config.pop("centres")),
        _written(lambda config: config.update(centres=[0.0])),
        _written(lambda config: config.update(spreads=[1.0, 0.0, 1.0])),
        _written(lambda config: config.update(threshold="high")),
        _written(lambda config: config.update(members=[])),
        _written(lambda config: config.update(more=1)),
    ],
)
def test_an_ensemble_that_is_not_whole_would_be_used_or_end_in_a_traceback(
    members: list[FittedDetector],
    validation: LabelledImages,
    tmp_path: Path,
    damage: Callable[[Path], object],
) -> None:
    made(members, validation).save(tmp_path)
    damage(tmp_path)
    with pytest.raises(DetectorNotWhole):
        load_scoring(tmp_path)
