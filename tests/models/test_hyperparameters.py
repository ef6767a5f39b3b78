import pytest

from models import detectors
from models.hyperparameters import Hyperparameter

GAN = "two-discriminator-gan"


def test_unknown_name_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="nearest: patch_weight"):
        detectors.resolve(GAN, {"patch_wieght": 1.0})


def test_every_mistake_is_reported_at_once() -> None:
    with pytest.raises(ValueError) as raised:
        detectors.resolve(GAN, {"patch_n": 0, "width": "wide", "nonsense": 1})
    text = str(raised.value)
    assert "patch_n is 0" in text and "'wide'" in text and "nonsense" in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("patch_n", 2.5),
        ("patch_n", True),
        ("patch_weight", float("nan")),
        ("patch_weight", -0.1),
        ("generator_lr", "1e-4"),
        ("activation", "relu"),
    ],
)
def test_value_outside_what_is_allowed_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        detectors.resolve(GAN, {name: value})


def test_numbers_take_the_type_of_the_default() -> None:
    resolved = detectors.resolve(GAN, {"patch_n": 4.0, "patch_weight": 2})
    assert type(resolved["patch_n"]) is int
    assert type(resolved["patch_weight"]) is float


def test_log_range_through_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="low above 0"):
        Hyperparameter(
            name="x", default=1.0, low=0.0, high=2.0, log=True, meaning="none", source="test"
        )


def test_detectors_are_found_by_their_folders() -> None:
    assert {"autoencoder", "random", GAN} <= set(detectors.names())
    with pytest.raises(ValueError, match="nearest: autoencoder"):
        detectors.hyperparameters("autoencodr")


@pytest.mark.parametrize("detector", detectors.names())
def test_published_sets_and_defaults_are_allowed(detector: str) -> None:
    detectors.resolve(detector, {})
    for values in detectors.published(detector).values():
        assert detectors.resolve(detector, values).items() >= values.items()


def test_both_published_sets_of_the_gan_exist_and_w1_is_the_default() -> None:
    published = detectors.published(GAN)
    assert set(published) == {"W1", "W2"}
    assert detectors.resolve(GAN, published["W1"]) == detectors.resolve(GAN, {})
