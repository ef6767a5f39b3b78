"""Each test of the contract passes a sound detector, and fails one that breaks what it names."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models import detectors
from models.detectors.base import Detector
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.stage import Draw, Stage
from models.networks.mapped import in_lanes
from models.testing import trainings
from models.testing.contract import DetectorContract

Patch = pytest.MonkeyPatch
Toy = Any
"""The toy's class, on which a mistake is made."""


class OfTheToy(DetectorContract):
    """The contract of the toy that has everything that a stage can say."""

    detector = "staged"


ALL = [name for name in dir(OfTheToy) if name.startswith("test_")]
IN_A_PROCESS_OF_ITS_OWN = "test_its_settings_would_need_torch"


@pytest.fixture
def toy(staged: str) -> Iterator[Toy]:
    """Its class, trained anew by each test."""
    caches = (trainings.trained, trainings.ranges)
    for cache in caches:
        cache.cache_clear()
    yield detectors.load(staged)
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize("name", [name for name in ALL if name != IN_A_PROCESS_OF_ITS_OWN])
def test_a_sound_detector_would_break_the_contract(name: str, toy: Toy) -> None:
    getattr(OfTheToy(), name)()


def _unused_layer(toy: Toy, patch: Patch) -> None:
    class Wider(nn.Sequential):
        def forward(self, images: Tensor) -> Tensor:
            verdict: Tensor = self[1](self[0](images))
            return verdict

    def networks(self: Detector) -> dict[str, nn.Module]:
        judge = Wider(nn.Flatten(), nn.Linear(self.size**2 * self.channels, 1), nn.Linear(2, 2))
        return {**made(self), "judge": judge}

    made = toy.networks
    patch.setattr(toy, "networks", networks)


def _same_start(toy: Toy, patch: Patch) -> None:
    made = toy.networks

    def networks(self: Detector) -> dict[str, nn.Module]:
        torch.manual_seed(0)
        drawn: dict[str, nn.Module] = made(self)
        return drawn

    patch.setattr(toy, "networks", networks)


def _no_large_images(toy: Toy, patch: Patch) -> None:
    made = toy.networks

    def networks(self: Detector) -> dict[str, nn.Module]:
        if self.size == 64:
            raise ValueError("too large")
        drawn: dict[str, nn.Module] = made(self)
        return drawn

    patch.setattr(toy, "networks", networks)


def _stages(change: Callable[[Stage], Stage]) -> Callable[[Toy, Patch], None]:
    def broken(toy: Toy, patch: Patch) -> None:
        made = toy.stages
        patch.setattr(toy, "stages", lambda self: tuple(map(change, made(self))))

    return broken


def _structure_unread(toy: Toy, patch: Patch) -> None:
    patch.setattr(toy, "number", lambda self, name: 1)


def _scores(change: Callable[[Tensors], Tensors]) -> Callable[[Toy, Patch], None]:
    def broken(toy: Toy, patch: Patch) -> None:
        made = toy.score_parts
        patch.setattr(toy, "score_parts", lambda *given: change(made(*given)))

    return broken


def _begin_by_count(toy: Toy, patch: Patch) -> None:
    """What a trainer remembers that is in no checkpoint."""
    made = toy.begin

    def begin(self: Detector, model: Model, normals: FitView) -> Tensors:
        vars(self)["begun"] = vars(self).get("begun", 0) + 1
        return {} if vars(self)["begun"] > 1 else made(self, model, normals)

    patch.setattr(toy, "begin", begin)


def _score_by_what_is_not_saved(toy: Toy, patch: Patch) -> None:
    fitted, made = toy.fit, toy.score_parts

    def fit(self: Detector, model: Model, normals: FitView) -> Tensors:
        vars(self)["shift"] = 1.0
        return fitted(self, model, normals)  # type: ignore[no-any-return]

    def score_parts(self: Detector, model: Model, images: Tensor) -> Tensors:
        shift = vars(self).get("shift", 0.0)
        return {name: part + shift for name, part in made(self, model, images).items()}

    patch.setattr(toy, "fit", fit)
    patch.setattr(toy, "score_parts", score_parts)


def _other_losses(when: Callable[[Model], Tensor | float]) -> Callable[[Toy, Patch], None]:
    def broken(toy: Toy, patch: Patch) -> None:
        made = toy.denoising

        def denoising(self: Detector, model: Model, *given: Any) -> Any:
            loss = made(self, model, *given)
            factor = when(model)
            terms = {name: factor * term for name, term in loss.terms.items()}
            return replace(loss, total=factor * loss.total, terms=terms)

        patch.setattr(toy, "denoising", denoising)

    return broken


def _nan_when_fast(model: Model) -> Tensor:
    return torch.where(model.settings["learning_rate"] > 9e-2, torch.nan, 1.0)


def _wide_map(toy: Toy, patch: Patch) -> None:
    patch.setattr(toy, "anomaly_map", lambda self, model, images: images.abs())


def _prior_of_nothing(toy: Toy, patch: Patch) -> None:
    patch.setattr(toy, "prior", Draw(name="prior", shape=(3,)))


def _watching_nothing(toy: Toy, patch: Patch) -> None:
    patch.setattr(toy, "watched", "nothing")


def _declared(**values: Any) -> Callable[[Toy, Patch], None]:
    def broken(toy: Toy, patch: Patch) -> None:
        module = detectors._module("staged", "hyperparameters")
        for name, value in values.items():
            patch.setattr(module, name, value(module) if callable(value) else value, raising=False)

    return broken


def _described(**changes: Any) -> Callable[[Any], tuple[Any, ...]]:
    def changed(module: Any) -> tuple[Any, ...]:
        first, *others = module.HYPERPARAMETERS
        return (replace(first, **changes), *others)

    return changed


def _turned(parts: Tensors) -> Tensors:
    return {name: -part for name, part in parts.items()}


def _less_the_mean(parts: Tensors) -> Tensors:
    return {name: part - part.mean() for name, part in parts.items()}


def _at_random(parts: Tensors) -> Tensors:
    return {name: part + torch.rand(1) for name, part in parts.items()}


MISTAKES: Mapping[str, tuple[Callable[[Toy, Patch], None], str]] = {
    "test_a_parameter_would_never_move_or_one_of_another_phase_would": (
        _unused_layer,
        r"no step of phase judging of stage training changes \['judge.2.bias', 'judge.2.weight'\]",
    ),
    "test_another_seed_would_begin_with_the_same_weights": (
        _same_start,
        "first begins with the same weights with any seed",
    ),
    "test_images_that_it_claims_would_fail_or_others_be_taken": (_no_large_images, "too large"),
    "test_a_number_would_change_nothing": (
        _stages(lambda stage: replace(stage, average="")),
        "decay changes nothing",
    ),
    "test_a_structure_would_change_nothing_or_not_train": (
        _structure_unread,
        "every: 1 and 2 train alike",
    ),
    "test_a_planted_anomaly_would_not_be_told_apart": (_scores(_turned), "AUROC of the last"),
    "test_a_score_would_depend_on_the_batch": (_scores(_less_the_mean), "part error of"),
    "test_a_kept_detector_would_score_otherwise_than_its_validation_did": (
        _score_by_what_is_not_saved,
        "part error differs",
    ),
    "test_a_resumed_training_would_go_on_otherwise": (
        _begin_by_count,
        "epoch 3, resumed after 2",
    ),
    "test_a_saved_detector_would_score_otherwise": (_scores(_at_random), "scores differ"),
    "test_lanes_would_not_equal_training_alone": (
        _other_losses(lambda model: 1.5 if in_lanes() else 1.0),
        "denoised of lane 0, epoch 1 is",
    ),
    "test_the_end_of_a_range_would_raise_or_not_be_finite": (
        _other_losses(_nan_when_fast),
        "learning_rate=0.1 in epoch 1: diverged",
    ),
    "test_maps_or_reconstructions_would_be_of_another_shape": (_wide_map, "maps are"),
    "test_what_is_generated_would_be_no_images": (_prior_of_nothing, "a prior without images"),
    "test_a_setting_would_not_say_what_it_is_or_where_it_comes_from": (
        _declared(HYPERPARAMETERS=_described(meaning=" ")),
        r"without meaning or source: \['learning_rate'\]",
    ),
    "test_a_published_set_would_not_be_allowed": (
        _declared(PUBLISHED={"theirs": {"learning_rates": 0.1}}),
        "unknown hyperparameter of staged 'learning_rates'",
    ),
    "test_stages_would_not_be_those_that_are_declared": (
        _declared(STAGES={"training": 1.0}),
        "the detector's stages are",
    ),
    "test_a_score_would_be_of_parts_that_there_are_not": (
        _declared(SCORES={"sum": ({"error": 1.0, "latent": 1.0},)}),
        r"sum is of \['latent'\], there are \['error', 'level'\]",
    ),
    "test_patience_would_wait_for_a_part_that_there_is_not": (
        _watching_nothing,
        "no part is called nothing",
    ),
    "test_normals_alone_would_be_refused_or_anomalies_not_be_asked_for": (
        _other_losses(lambda model: torch.nan),
        "normals alone: diverged",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_would_pass(name: str, toy: Toy, monkeypatch: Patch) -> None:
    breaks, message = MISTAKES[name]
    breaks(toy, monkeypatch)
    with pytest.raises(Exception, match=message) as caught:
        getattr(OfTheToy(), name)()
    assert re.search(message, str(caught.value))


def test_what_has_no_mistake_here_would_be_forgotten() -> None:
    """The toy has no `score`, and cannot be imported elsewhere."""
    without = {
        "test_a_score_would_not_be_the_one_that_was_asked_for",
        "test_a_part_would_not_be_a_number_an_image",
        IN_A_PROCESS_OF_ITS_OWN,
    }
    assert {*MISTAKES, *without} == set(ALL)
