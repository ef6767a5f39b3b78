"""A detector's functions that return what they must not: the message names where."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.model import Model, Tensors
from models.detectors.stage import Batch, Loss
from models.fitted import FittedDetector
from models.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
Patch = pytest.MonkeyPatch
Change = Callable[[Loss], Any]
FIRST = "the loss of phase first of stage pretraining"


def _unused(loss: Loss) -> Loss:
    return replace(loss, total=loss.total.detach())


def _each(loss: Loss) -> Loss:
    return replace(loss, total=loss.total.expand(3))


def _bare(loss: Loss) -> Tensor:
    return loss.total


def _term(loss: Loss) -> Loss:
    return replace(loss, terms={"total": loss.total.expand(2)})


def _float(loss: Loss) -> Loss:
    return replace(loss, terms={"denoised": 0.5})  # type: ignore[dict-item]


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_unused, f"{FIRST} does not depend on what the phase trains: first"),
        (_bare, f"{FIRST} returns a Tensor, no Loss"),
        (_each, rf"{FIRST}: total is \[3\], no scalar"),
        (_term, rf"{FIRST}: total is \[2\], no scalar"),
        (_float, f"{FIRST}: denoised is a float, no scalar"),
    ],
)
def test_a_wrong_loss_would_be_told_in_torchs_words(
    make_trainer: MakeTrainer,
    staged: str,
    monkeypatch: Patch,
    change: Change,
    said: str,
    lanes: int,
) -> None:
    toy: Any = detectors.load(staged)
    made = toy.denoising
    monkeypatch.setattr(toy, "denoising", lambda *given: change(made(*given)))
    trainer = make_trainer(*[{}] * lanes, detector=staged, epochs=2)
    with pytest.raises(ValueError, match=f"^{said}"):
        trainer.epoch()


def test_one_network_of_two_that_no_loss_uses_would_not_be_named(
    make_trainer: MakeTrainer, monkeypatch: Patch
) -> None:
    toy: Any = detectors.load("autoencoder")

    def loss(model: Model, batch: Batch, shared: Tensors) -> Loss:
        total = model("encoder", batch.images)[-1].square().mean()
        return Loss(total, {"code": total})

    (stage,) = toy({"width": 4, "latent": 8}, 1, 16).stages()
    (phase,) = stage.phases
    changed = replace(stage, phases=(replace(phase, loss=loss),))
    monkeypatch.setattr(toy, "stages", lambda self: (changed,))
    with pytest.raises(ValueError, match=r"of phase autoencoder of stage training .*: decoder$"):
        make_trainer(detector="autoencoder").epoch()


def test_a_forward_that_returns_no_dict_would_be_told_by_a_riddle(
    make_trainer: MakeTrainer, staged: str, monkeypatch: Patch
) -> None:
    toy: Any = detectors.load(staged)
    made = toy.forward
    monkeypatch.setattr(toy, "forward", lambda *given: made(*given)["remade"].mean())
    trainer = make_trainer(detector=staged, epochs=2)
    trainer.epoch()
    with pytest.raises(ValueError, match=r"^forward of stage training returns \[\], no dict"):
        trainer.epoch()


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_part_that_is_no_number_an_image_would_not_be_named(
    make_trainer: MakeTrainer, staged: str, monkeypatch: Patch, lanes: int
) -> None:
    toy: Any = detectors.load(staged)
    made = toy.score_parts_of_the_first

    def parts(*given: Any) -> Tensors:
        return {**made(*given), "wide": made(*given)["error"][:, None]}

    monkeypatch.setattr(toy, "score_parts_of_the_first", parts)
    trainer = make_trainer(*[{}] * lanes, detector=staged, epochs=2)
    with pytest.raises(ValueError, match=r"^the score part wide is \[\d+, 1\], not \[\d+\], a num"):
        trainer.epoch()


def test_what_fit_returns_could_not_be_saved(
    make_trainer: MakeTrainer,
    digits: TrainingData,
    staged: str,
    monkeypatch: Patch,
    tmp_path: Path,
) -> None:
    """A transposed tensor is not contiguous, and two names of one tensor share its memory."""
    toy: Any = detectors.load(staged)
    made = toy.fit

    def fit(*given: Any) -> Tensors:
        table = torch.arange(6.0).view(2, 3).T
        return {**made(*given), "table": table, "again": table}

    monkeypatch.setattr(toy, "fit", fit)
    trainer = make_trainer(detector=staged, epochs=2)
    for _ in range(2):
        trainer.epoch()
    trainer.fitted(0).save(tmp_path)
    loaded = FittedDetector.load(tmp_path)
    assert torch.equal(loaded.weights["fitted.table"], torch.arange(6.0).view(2, 3).T)
    images = digits.validation.images
    assert torch.equal(loaded.score(images), trainer.fitted(0).score(images))


def test_what_fit_returns_that_is_no_tensor_would_end_in_a_riddle(
    make_trainer: MakeTrainer, staged: str, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(detectors.load(staged), "fit", lambda *_: {"level": 0.5})
    trainer = make_trainer(detector=staged, epochs=2)
    trainer.epoch()
    error = trainer.epoch()[0].error
    assert str(error) == "fit returns level, which is a float, no tensor"
    with pytest.raises(ValueError, match=r"lane 0 has no usable validation: .*fit returns level"):
        trainer.fitted(0)
