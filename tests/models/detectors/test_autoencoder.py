import pytest
import torch

from models.detectors.stage import Batch
from models.losses.similarity import ssim
from tests.models.detectors.single_model import SingleModel, some_images


@pytest.mark.parametrize("loss", ["l1", "mse", "ssim"])
def test_training_would_minimise_another_error(loss: str) -> None:
    single, images = SingleModel("autoencoder", {"width": 4, "loss": loss}), some_images(6)
    (phase,) = single.detector.stages()[0].phases
    assert phase.trains == ("encoder", "decoder")
    found = phase.loss(single.model, Batch(images=images, normal_count=6), {})
    remade = single.networks["decoder"](single.networks["encoder"](images))
    expected = {
        "l1": (images - remade).abs().mean(),
        "mse": (images - remade).square().mean(),
        "ssim": 1 - ssim((images + 1) / 2, (remade + 1) / 2).mean(),
    }
    torch.testing.assert_close(found.total, expected[loss])


def test_training_would_minimise_another_error_where_none_is_named() -> None:
    named, unnamed = (
        SingleModel("autoencoder", {"width": 4, **values}) for values in ({"loss": "l1"}, {})
    )
    images = some_images(3)
    losses = [
        single.detector.stages()[0]
        .phases[0]
        .loss(single.model, Batch(images=images, normal_count=3), {})
        for single in (named, unnamed)
    ]
    assert torch.equal(losses[0].total, losses[1].total)
