"""OCR-GAN's bands, channel selection and pseudo-anomalies against slow references."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import functional

from models import detectors
from models.data.images import TrainingData
from models.detectors.ocr_gan.cut_paste import NUMBERS, cut_paste
from models.detectors.ocr_gan.frequencies import bands
from models.detectors.ocr_gan.networks import BandEncoder, ChannelSelection
from models.detectors.skip_ganomaly.detector import SkipGanomaly
from models.detectors.stage import Batch
from models.lanes.lane import Lane
from models.networks.convolutional import leaky_relu
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, phase_losses, some_images

NAME = "ocr-gan"
SMALL: dict[str, Any] = {"width": 4, "latent": 6, "initialisation": "fan-in"}
STILL = torch.tensor(0.0)
"""No jitter."""


def _uniform(count: int, seed: int = 0) -> Tensor:
    return torch.rand(count, NUMBERS, generator=torch.Generator().manual_seed(seed))


def _batch(images: Tensor) -> Batch:
    draws = {"noise": torch.zeros_like(images), "cut_paste": _uniform(len(images))}
    return Batch(images=images, normal_count=len(images), draws=draws)


def _mirrored(place: int, side: int) -> int:
    return -place if place < 0 else 2 * (side - 1) - place if place >= side else place


def _smoothed(image: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """An image [H, W] convolved with the 5 x 5 binomial, its borders mirrored without the edge."""
    taps = np.array([1, 4, 6, 4, 1]) / 16
    side = len(image)
    result = np.zeros_like(image)
    for y in range(side):
        for x in range(side):
            for down in range(-2, 3):
                for right in range(-2, 3):
                    value = image[_mirrored(y + down, side), _mirrored(x + right, side)]
                    result[y, x] += scale * taps[down + 2] * taps[right + 2] * value
    return result


def test_low_frequencies_would_not_be_those_of_the_gaussian_pyramid() -> None:
    images = some_images(2, channels=3)
    low, _ = bands(images)
    for image, made in zip(images.flatten(0, 1), low.flatten(0, 1), strict=True):
        small = _smoothed(image.double().numpy(), 1.0)[::2, ::2]
        spread = np.zeros((16, 16))
        spread[::2, ::2] = small
        expected = torch.from_numpy(_smoothed(spread, 4.0)).float()
        torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5)


def test_bands_would_not_add_up_to_the_image() -> None:
    images = some_images(3)
    low, high = bands(images)
    torch.testing.assert_close(low + high, images)
    assert (high < 0).any() and (high > 0).any()


def test_an_even_image_would_have_high_frequencies() -> None:
    low, high = bands(torch.full((1, 3, 16, 16), 0.3))
    torch.testing.assert_close(low, torch.full_like(low, 0.3))
    assert high.abs().max() < 1e-6


def test_channels_would_not_be_weighed_by_a_softmax_of_the_two_bands() -> None:
    torch.manual_seed(0)
    selection = ChannelSelection(6)
    assert selection.squeeze.out_features == 32
    low, high = torch.randn(3, 6, 4, 4), torch.randn(3, 6, 4, 4)
    code = selection.squeeze((low + high).mean((2, 3)))
    shares = torch.stack([selection.low(code), selection.high(code)]).softmax(0)
    chosen_low, chosen_high = selection(low, high)
    torch.testing.assert_close(chosen_low, low * shares[0, :, :, None, None])
    torch.testing.assert_close(chosen_high, high * shares[1, :, :, None, None])
    assert ChannelSelection(100).squeeze.out_features == 50


def test_bands_would_not_be_encoded_apart_but_for_the_selection() -> None:
    torch.manual_seed(0)
    encoder = BandEncoder(1, (4, 8, 16), leaky_relu).eval()
    images = some_images(3)
    low, high = bands(images)
    made_low, made_high = encoder(images)
    for number, selection in enumerate(encoder.selections):
        low, high = encoder.low.convs[number](low), encoder.high.convs[number](high)
        if number == 1:  # neither the first nor the deepest level has batch statistics
            low, high = encoder.low.norms[0](low), encoder.high.norms[0](high)
        low, high = (leaky_relu(values) for values in selection(low, high))
        torch.testing.assert_close(made_low[number], low)
        torch.testing.assert_close(made_high[number], high)


def _pasted(image: Tensor, numbers: list[float], most_area: float) -> tuple[Tensor, int]:
    """The image [C, H, W] with its piece pasted, as one would write it for one; and its pixels."""
    area, aspect, from_y, from_x, to_y, to_x, *_ = numbers
    side = image.shape[-1]
    pixels = side * side * (0.02 + area * (most_area - 0.02))
    ratio = 0.3 + aspect * (1 / 0.3 - 0.3)
    height = min(max(round(math.sqrt(pixels / ratio)), 1), side)
    width = min(max(round(math.sqrt(pixels * ratio)), 1), side)
    top, left = int(from_y * (side - height + 1)), int(from_x * (side - width + 1))
    down, right = int(to_y * (side - height + 1)), int(to_x * (side - width + 1))
    result = image.clone()
    piece = image[:, top : top + height, left : left + width]
    result[:, down : down + height, right : right + width] = piece
    return result, height * width


@pytest.mark.parametrize("most_area", [0.02, 0.15, 0.5])
def test_a_piece_would_not_be_cut_and_pasted_as_a_loop_over_images_does(most_area: float) -> None:
    images, uniform = some_images(200, channels=3), _uniform(200)
    made = cut_paste(images, uniform, torch.tensor(most_area), STILL)
    sizes = []
    for image, numbers, got in zip(images, uniform.tolist(), made, strict=True):
        expected, size = _pasted(image, numbers, most_area)
        torch.testing.assert_close(got, expected)
        sizes.append(size)
    assert max(sizes) <= 1.2 * max(most_area, 0.03) * 256  # sides are rounded


def test_a_piece_would_leave_the_image_at_the_largest_random_numbers() -> None:
    images = some_images(20)
    largest = torch.full((20, NUMBERS), 1 - 2**-24)
    made = cut_paste(images, largest, torch.tensor(0.3), torch.tensor(0.5))
    assert made.isfinite().all() and made.abs().max() <= 1
    assert cut_paste(images, torch.zeros(20, NUMBERS), torch.tensor(0.3), STILL).equal(images)


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (6, functional.adjust_brightness),
        (7, functional.adjust_contrast),
        (8, functional.adjust_saturation),
    ],
)
def test_a_piece_would_be_recoloured_otherwise_than_by_torchvision(place: int, change: Any) -> None:
    image = some_images(1, channels=3)
    numbers = torch.full((1, NUMBERS), 0.5)
    numbers[0, place] = 0.9  # of -0.2 to 0.2: 0.16
    plain = cut_paste(image, torch.full((1, NUMBERS), 0.5), torch.tensor(0.15), STILL)
    made = cut_paste(image, numbers, torch.tensor(0.15), torch.tensor(0.2))
    rows, columns = (made != plain)[0].any(0).nonzero().unbind(1)
    box = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    piece = (plain[0, :, box[0], box[1]] + 1) / 2
    expected = 2 * change(piece, 1.16) - 1
    torch.testing.assert_close(made[0, :, box[0], box[1]], expected, rtol=1e-3, atol=1e-3)


def test_a_third_of_the_hues_circle_would_not_take_red_to_green() -> None:
    image = some_images(1, channels=3)
    numbers = torch.full((1, NUMBERS), 0.5)
    plain = cut_paste(image, numbers, torch.tensor(0.15), STILL)
    numbers[0, 9] = 1.0
    made = cut_paste(image, numbers, torch.tensor(0.15), torch.tensor(1 / 3))
    changed = (made != plain).any(1, keepdim=True)
    torch.testing.assert_close(made, torch.where(changed, plain.roll(1, 1), plain))
    assert changed.any()


def test_lanes_would_have_other_pieces_than_each_alone() -> None:
    images = torch.stack([some_images(6, channels=3, seed=seed) for seed in (0, 1)])
    uniform = torch.stack([_uniform(6, seed) for seed in (0, 1)])
    area, jitter = torch.tensor([0.1, 0.4]), torch.tensor([0.0, 0.3])
    together = torch.vmap(cut_paste)(images, uniform, area, jitter)
    for lane in (0, 1):
        alone = cut_paste(images[lane], uniform[lane], area[lane], jitter[lane])
        torch.testing.assert_close(together[lane], alone)


def test_the_discriminator_would_take_pseudo_anomalies_for_real() -> None:
    values = {**SMALL, "latent_weight": 5.0, "pseudo_anomaly_weight": 3.0}
    single = SingleModel(NAME, values, channels=3)
    images = some_images(5, channels=3)
    batch = _batch(images)
    made, losses = phase_losses(single, batch)
    remade = made["remade"]
    pasted = cut_paste(images, _uniform(5), torch.tensor(0.15), torch.tensor(0.1))
    with torch.no_grad():
        seen = [single.networks["discriminator"](shown) for shown in (images, remade, pasted)]
    (features, _), (remade_features, _), _ = seen
    real, fake, pseudo = (logits.double().sigmoid().numpy() for _, logits in seen)
    latent = ((features - remade_features).numpy() ** 2).mean()
    verdicts = -np.log(real).mean() - np.log(1 - fake).mean()
    rejected = -np.log(1 - pseudo).mean()
    loss = losses["discriminator"]
    assert loss.terms["pseudo_anomaly"].item() == pytest.approx(float(rejected), rel=1e-4)
    assert loss.total.item() == pytest.approx(float(verdicts + 5 * latent + 3 * rejected), rel=1e-4)
    assert abs(rejected + np.log(pseudo).mean()) > 1e-3  # the other target gives another loss


def test_the_generator_would_see_pseudo_anomalies() -> None:
    single = SingleModel(NAME, SMALL)
    batch = _batch(some_images(5))
    _, losses = phase_losses(single, batch)
    assert set(losses["generator"].terms) == {"adversarial", "contextual", "latent"}
    draws = {**batch.draws, "cut_paste": _uniform(5, seed=9)}
    other = Batch(images=batch.images, normal_count=5, draws=draws)
    _, other_losses = phase_losses(single, other)
    assert torch.equal(losses["generator"].total, other_losses["generator"].total)
    before, after = (each["discriminator"].terms for each in (losses, other_losses))
    assert not torch.equal(before["pseudo_anomaly"], after["pseudo_anomaly"])


def test_the_generators_networks_would_not_be_those_that_remake() -> None:
    single = SingleModel(NAME, SMALL)
    generator, discriminator = single.detector.stages()[0].phases
    assert generator.trains == ("encoder", "low_decoder", "high_decoder")
    assert discriminator.trains == ("discriminator",)
    made, losses = phase_losses(single, _batch(some_images(5)))
    remade = made["remade"]
    low, high = single.networks["encoder"](some_images(5))
    expected = single.networks["low_decoder"](low) + single.networks["high_decoder"](high)
    torch.testing.assert_close(remade, expected)
    parameters = [p for name in generator.trains for p in single.networks[name].parameters()]
    gradients = torch.autograd.grad(losses["generator"].total, parameters, retain_graph=True)
    assert all(gradient.isfinite().all() for gradient in gradients)
    gradients = torch.autograd.grad(losses["discriminator"].total, parameters, allow_unused=True)
    assert all(gradient is None for gradient in gradients)


def test_reconstructions_would_leave_the_range_of_images() -> None:
    single = SingleModel(NAME, SMALL)
    assert isinstance(single.detector, SkipGanomaly)
    with torch.no_grad():
        for name in ("low_decoder", "high_decoder"):
            for parameter in single.networks[name].parameters():
                parameter.mul_(20)
        remade = single.detector.reconstruct(single.model, some_images(5))
        unbound = single.detector._remade(single.model, some_images(5))
    assert unbound.abs().max() > 1 and remade.abs().max() <= 1


def test_it_would_not_tell_zeros_from_other_digits(digits: TrainingData) -> None:
    values = {"width": 8, "latent": 16, "batch_normals": 16, "learning_rate": 3e-3}
    lane = Lane(hyperparameters=detectors.resolve(NAME, values), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=8)
    results = [trainer.epoch()[0] for _ in range(8)]
    assert results[-1].metrics["auroc"] > 0.95
