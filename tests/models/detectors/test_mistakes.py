"""What somebody is told who writes a detector and gets something wrong."""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models import detectors
from models.detectors.checks import check_phases
from models.evaluation.validation import judge


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trains": ("decodr",)}, "'decodr'; allowed: encoder, decoder; nearest: decoder"),
        ({"learning_rate": "learning"}, "'learning'; allowed: learning_rate, beta1; nearest: "),
        ({"beta1": "beta"}, "'beta'; allowed: learning_rate, beta1; nearest: beta1"),
    ],
)
def test_a_phase_would_name_what_is_not_there_without_a_word(
    change: dict[str, object], message: str
) -> None:
    model = detectors.load("autoencoder")

    class Changed:
        phases = tuple(replace(phase, **change) for phase in model.phases)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="of mine, named by its phase autoencoder") as caught:
        check_phases("mine", Changed(), ("encoder", "decoder"), ("learning_rate", "beta1"))  # type: ignore[arg-type]
    assert message in str(caught.value)


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
    (mine / "hyperparameters.py").write_text("HYPERPARAMETERS = ()\n")
    importlib.invalidate_caches()
    assert detectors.hyperparameters("of-mine") == ()
    with pytest.raises(ValueError, match=r"of-mine: hyperparameters\.py .* says no PUBLISHED"):
        detectors.published("of-mine")
