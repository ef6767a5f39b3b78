"""What is said of a name that a detector's code gets wrong: which are there, and the nearest."""

from dataclasses import replace

import pytest
import torch

from models import detectors
from models.detectors.stage import Batch
from models.names import Named
from tests.models.detectors.single_model import SingleModel, some_images


@pytest.fixture
def single() -> SingleModel:
    """Networks encoder, decoder and more, and hyperparameters such as learning_rate."""
    return SingleModel("vae", {"width": 4})


def test_a_network_that_is_not_there_would_be_a_bare_key(single: SingleModel) -> None:
    with pytest.raises(ValueError, match=r"unknown network 'decodr'; .*; nearest: decoder"):
        single.model("decodr", some_images(2))
    with pytest.raises(ValueError, match=r"unknown network 'decodr'; .*; nearest: decoder"):
        single.model.tensors("decodr")


def test_a_number_that_is_not_there_would_be_a_bare_key(single: SingleModel) -> None:
    with pytest.raises(ValueError, match=r"a number 'learning'; .*; nearest: learning_rate"):
        single.model.settings["learning"]
    assert "learning" not in single.model.settings


def test_what_was_not_fitted_would_be_a_bare_key() -> None:
    pca = SingleModel("pca", {})
    with pytest.raises(ValueError, match=r"unknown value of Detector\.fit 'mean'; allowed: none"):
        pca.model.fitted["mean"]


def test_a_draw_that_is_not_there_would_be_a_bare_key() -> None:
    batch = Batch(images=some_images(2), normal_count=2, draws={"prior": torch.zeros(2)})
    for each in (batch, replace(batch, normal_count=1)):
        assert torch.equal(each.draws["prior"], torch.zeros(2))
        with pytest.raises(ValueError, match=r"unknown draw of the stage 'piror'; .*: prior$"):
            each.draws["piror"]


def test_a_number_would_be_asked_for_as_a_structural_one_without_a_word() -> None:
    detector = detectors.make("vae", detectors.resolve("vae", {"width": 4}), 1, 16)
    assert detector.number("width") == 4
    said = r"^learning_rate is not structural: use model\.settings\['learning_rate'\]$"
    with pytest.raises(ValueError, match=said):
        detector.number("learning_rate")
    with pytest.raises(ValueError, match=r"^score is not structural: a detector is not told"):
        detector.word("score")
    with pytest.raises(ValueError, match=r"structural hyperparameter of vae 'widht'; .*: width$"):
        detector.number("widht")


def test_names_would_not_be_a_dict_in_all_else() -> None:
    named = Named("thing", {"one": 1, "two": 2})
    assert named == {"one": 1, "two": 2} and {**named} == {"one": 1, "two": 2}
    assert named.get("three") is None and "three" not in named
