from typing import Any

import pytest
import torch
from torch import nn

from models import detectors
from models.data.images import TrainingData
from models.detectors.stage import Batch
from models.lanes.lane import Lane
from models.losses.similarity import ssim
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME = "ni-cae"
SMALL: dict[str, Any] = {"width": 8, "dense": 16}


def _remade(single: SingleModel, shown: torch.Tensor) -> torch.Tensor:
    encoder, bottleneck, decoder = (
        single.networks[name] for name in ("encoder", "bottleneck", "decoder")
    )
    remade: torch.Tensor = decoder(bottleneck(encoder(shown)))
    return remade


def _parameters(networks: dict[str, nn.Module]) -> int:
    return sum(p.numel() for network in networks.values() for p in network.parameters())


def test_the_networks_would_not_have_the_published_number_of_parameters() -> None:
    networks = SingleModel(NAME, {}, size=256).networks
    assert _parameters(networks) == 191_481
    code = networks["encoder"](torch.zeros(1, 1, 256, 256))
    assert code.shape == (1, 4, 8, 8)
    assert networks["bottleneck"](code).shape == (1, 512, 8, 8)


def test_a_flat_bottleneck_would_not_see_the_whole_code() -> None:
    narrow, flat = (
        SingleModel(NAME, {"bottleneck": kind}, size=256).networks for kind in ("1x1", "flat")
    )
    dense = 256 * 512 + 512 + 512 * 256 + 256
    first_of_decoder = 4 * 4 * 9 + 4
    one_by_one, first_of_512 = 4 * 512 + 512, 512 * 4 * 9 + 4
    assert _parameters(flat) - _parameters(narrow) == (
        dense + first_of_decoder - one_by_one - first_of_512
    )
    code = torch.rand(2, 4, 8, 8)
    changed = code.clone()
    changed[0, 0, 0, 0] += 1
    with torch.no_grad():
        far_place = (flat["bottleneck"](changed) - flat["bottleneck"](code))[:, :, 7, 7]
        near_alone = (narrow["bottleneck"](changed) - narrow["bottleneck"](code))[:, :, 7, 7]
    assert far_place[0].abs().max() > 0 and far_place[1].abs().max() == 0
    assert near_alone.abs().max() == 0


@pytest.mark.parametrize("bottleneck", ["1x1", "flat"])
@pytest.mark.parametrize(
    ("size", "code"), [(16, (16, 2)), (32, (16, 4)), (64, (8, 4)), (128, (8, 8)), (256, (4, 8))]
)
def test_codes_would_have_another_size(size: int, code: tuple[int, int], bottleneck: str) -> None:
    single = SingleModel(NAME, {"bottleneck": bottleneck, "dense": 16}, channels=3, size=size)
    images = torch.zeros(1, 3, size, size)
    channels, side = code
    assert single.networks["encoder"](images).shape == (1, channels, side, side)
    assert _remade(single, images).shape == images.shape


@pytest.mark.parametrize("target", ["noisy", "clean"])
def test_noise_would_be_on_other_images_or_the_target_another(target: str) -> None:
    single = SingleModel(
        NAME, {**SMALL, "target": target, "noise_variance": 0.04, "noisy_fraction": 0.3}
    )
    images, noise = some_images(4), some_images(4, seed=1)
    stage = single.detector.stages()[0]
    assert {draw.name: draw.kind for draw in stage.draws} == {
        "chosen": "uniform",
        "noise": "normal",
    }
    (phase,) = stage.phases
    assert phase.trains == ("encoder", "bottleneck", "decoder")
    draws = {"chosen": torch.tensor([0.1, 0.9, 0.29, 0.3]), "noise": noise}
    found = phase.loss(single.model, Batch(images=images, normal_count=4, draws=draws), {})

    shown = (images + 1) / 2
    noisy = shown.clone()
    for row in (0, 2):
        noisy[row] += 0.2 * noise[row]
    wanted = noisy if target == "noisy" else shown
    expected = nn.functional.mse_loss(_remade(single, noisy), wanted)
    torch.testing.assert_close(found.total, expected)


@pytest.mark.parametrize("window", [7, 11])
def test_the_score_would_not_be_how_unlike_the_reconstruction_is(window: int) -> None:
    single, images = SingleModel(NAME, {**SMALL, "ssim_window": window}), some_images(5)
    shown = (images + 1) / 2
    parts = single.detector.score_parts(single.model, images)
    remade = _remade(single, shown)
    torch.testing.assert_close(parts["dissimilarity"], 1 - ssim(shown, remade, window=window))
    error = 2 * (shown - remade).abs().flatten(1).mean(1)
    torch.testing.assert_close(parts["error"], error)


@pytest.mark.parametrize("values", [{}, {"bottleneck": "flat", "target": "clean"}])
def test_digits_would_not_be_told_apart(digits: TrainingData, values: dict[str, Any]) -> None:
    resolved = detectors.resolve(NAME, {"width": 16, **values})
    lane = Lane(hyperparameters=resolved, seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=16)
    for _ in range(16):
        result = trainer.epoch()[0]
    assert result.metrics["auroc"] == result.metrics["auroc/dissimilarity"] > 0.95
