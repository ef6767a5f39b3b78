"""What somebody is told who writes a detector and gets something wrong."""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models import detectors
from models.detectors.base import Detector
from models.detectors.checks import check_stages
from models.detectors.stage import Draw, RMSprop, Stage
from models.evaluation.validation import judge
from models.stages import SINGLE, Shares


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trains": ("decodr",)}, "'decodr'; allowed: encoder, decoder; nearest: decoder"),
        ({"learning_rate": "learning"}, "'learning'; allowed: learning_rate, beta1; nearest: "),
        ({"beta1": "beta"}, "'beta'; allowed: learning_rate, beta1; nearest: beta1"),
    ],
)
def test_a_phase_would_name_what_is_not_there_without_a_word(
    change: dict[str, Any], message: str
) -> None:
    (stage,) = _autoencoder().stages()
    (phase,) = stage.phases
    optimizer = replace(phase.optimizer, **{k: v for k, v in change.items() if k != "trains"})
    changed = replace(phase, optimizer=optimizer, trains=change.get("trains", phase.trains))
    with pytest.raises(ValueError, match="of mine, named by its phase autoencoder") as caught:
        _check(replace(stage, phases=(changed,)))
    assert message in str(caught.value)


def _autoencoder() -> Detector:
    return detectors.make("autoencoder", detectors.resolve("autoencoder", {}), 1, 16)


def _check(*stages: Stage, shares: Shares = SINGLE) -> None:
    check_stages("mine", stages, shares, ("encoder", "decoder"), ("learning_rate", "beta1"))


def test_a_rate_that_is_a_number_would_be_looked_up() -> None:
    (stage,) = _autoencoder().stages()
    (phase,) = stage.phases
    _check(replace(stage, phases=(replace(phase, optimizer=RMSprop(learning_rate=1e-3)),)))


def test_stages_would_be_trained_for_the_epochs_of_others() -> None:
    (stage,) = _autoencoder().stages()
    message = r"stages are \['training'\], STAGES beside its hyperparameters says \['one', 'two'\]"
    with pytest.raises(ValueError, match=message):
        _check(stage, shares={"one": 1, "two": 2})
    other = replace(stage, name="two"), replace(stage, name="one")
    with pytest.raises(ValueError, match=r"mine: the detector's stages are \['two', 'one'\]"):
        _check(*other, shares={"one": 1, "two": 2})
    _check(*reversed(other), shares={"one": 1, "two": 2})


@pytest.mark.parametrize("share", [0, -1.0, float("nan"), "half"])
def test_a_stage_would_take_no_share_of_the_epochs(
    share: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stage,) = _autoencoder().stages()
    shares = {"one": share, "two": 1}
    message = f"the share of stage one is {share!r}, allowed is a number above 0"
    with pytest.raises(ValueError, match=f"^mine: {message}"):
        _check(replace(stage, name="one"), replace(stage, name="two"), shares=shares)
    module = detectors._module("ognet", "hyperparameters")
    monkeypatch.setattr(module, "STAGES", shares)
    with pytest.raises(ValueError, match=f"^ognet: {message}"):
        detectors.stages("ognet")


def test_an_average_would_be_by_a_number_that_is_not_there() -> None:
    (stage,) = _autoencoder().stages()
    with pytest.raises(ValueError, match="of mine, named by its stage training: 'decay'; allowed"):
        _check(replace(stage, average="decay"))


def test_two_phases_or_two_draws_would_have_one_name() -> None:
    (stage,) = _autoencoder().stages()
    with pytest.raises(ValueError, match="two phases of stage training have one name"):
        _check(replace(stage, phases=stage.phases * 2))
    with pytest.raises(ValueError, match="two draws of stage training have one name"):
        _check(replace(stage, draws=(Draw(name="noise"), Draw(name="noise", kind="uniform"))))


def test_a_score_that_no_part_has_would_end_in_a_riddle() -> None:
    parts = {name: torch.rand(1, 20) for name in ("error", "latent")}
    anomalous = (torch.arange(20) > 9).numpy()
    with pytest.raises(ValueError, match="unknown score 'err'; allowed: error, latent, mixture"):
        judge(parts, anomalous, [{"score": "err"}])


def test_a_folder_that_is_not_whole_would_end_in_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors, "__path__", [*detectors.__path__, str(tmp_path)])
    mine = tmp_path / "of_mine"
    mine.mkdir()
    with pytest.raises(ValueError, match=r"the folder of_mine has no __init__\.py"):
        detectors.hyperparameters("of-mine")
    (mine / "__init__.py").touch()
    with pytest.raises(ValueError, match=r"^of-mine: its folder .* has no hyperparameters\.py"):
        detectors.hyperparameters("of-mine")
    (mine / "hyperparameters.py").write_text("HYPERPARAMETERS = ()\n")
    importlib.invalidate_caches()
    assert detectors.hyperparameters("of-mine") == ()
    assert detectors.published("of-mine") == {} and detectors.stages("of-mine") == SINGLE
    with pytest.raises(ValueError, match=r"of-mine: hyperparameters\.py .* says no PAPER"):
        detectors.paper("of-mine")
    with pytest.raises(ValueError, match=r"of-mine: hyperparameters\.py .* says no REQUIREMENTS"):
        detectors.requirements("of-mine")
    with pytest.raises(ValueError, match=r"^of-mine: its folder of_mine has no detector\.py"):
        detectors.load("of-mine")
    (mine / "detector.py").write_text("import nothing_of_this_name\n")
    importlib.invalidate_caches()
    with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
        detectors.load("of-mine")


def test_a_folder_with_a_hyphen_would_end_every_command_in_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors, "__path__", [*detectors.__path__, str(tmp_path)])
    (tmp_path / "denoising-aae").mkdir()
    (tmp_path / "denoising-aae" / "__init__.py").touch()
    with pytest.raises(ValueError, match=r"^the folder denoising-aae .*, denoising_aae$"):
        detectors.names()
