"""The floor of simple methods, and how sure its figures are."""

import numpy as np
import torch

from models.data.images import LabelledImages, TrainingData
from models.data.preprocessing import Preprocessing
from tuner.new.baselines import floor, floor_lines


def images(values: torch.Tensor, anomalous: torch.Tensor) -> LabelledImages:
    return LabelledImages(images=values, anomalous=anomalous, classes=anomalous.long())


def data(*, synthetic: bool = False) -> TrainingData:
    """Normals are a pattern and a little noise; anomalies have a bright block besides."""
    generator = np.random.default_rng(0)
    base = generator.integers(60, 180, (1, 1, 16, 16))
    normals = (base + generator.integers(-20, 21, (50, 1, 16, 16))).astype(np.uint8)
    anomalies = normals[40:].copy()
    anomalies[:, :, 4:12, 4:12] = 255
    validation = torch.from_numpy(np.concatenate([normals[30:], anomalies]))
    return TrainingData(
        fit=images(torch.from_numpy(normals[:30]), torch.zeros(30, dtype=torch.bool)),
        validation=images(validation, torch.arange(30) >= 20),
        preprocessing=Preprocessing(size=16, channels=1),
        synthetic=synthetic,
    )


def test_what_a_simple_method_sees_would_be_missed() -> None:
    figures = floor(data())
    assert [each.auroc for each in figures] == [1, 1]
    assert {each.method for each in figures} == {
        "PCA's reconstruction error",
        "distance to the nearest neighbour",
    }


def test_a_figure_on_synthetic_anomalies_would_pass_for_one_on_real_ones() -> None:
    made = data(synthetic=True)
    said = "\n".join(floor_lines(floor(made), made))
    assert "20 good pictures and 10 synthetic anomalies" in said
    real = data()
    assert "synthetic" not in "\n".join(floor_lines(floor(real), real))


def test_the_nearest_would_be_looked_for_among_known_anomalies() -> None:
    plain = data()
    shown = plain.validation.images[-10:]
    fit = images(torch.cat([plain.fit.images, shown]), torch.arange(40) >= 30)
    with_known = TrainingData(
        fit=fit, validation=plain.validation, preprocessing=plain.preprocessing
    )
    assert [each.auroc for each in floor(with_known)] == [1, 1]
