"""What a score and an export say of a model is what was written about it."""

import json
from pathlib import Path

import pytest

from tests.tuner.small_model import trained
from tuner.errors import TunerError
from tuner.retrain.card import write_card
from tuner.retrain.model_folder import CARD, open_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    trained().save(folder)
    write_card({"synthetic": True, "figures": {"test_auroc": 0.75}}, folder)
    return folder


def test_the_cards_own_sum_would_spoil_the_model(model: Path) -> None:
    assert open_model(model).synthetic


@pytest.mark.parametrize("content", ['{"figures": {"test_auroc": 0.95}}', "", None])
def test_a_changed_card_would_be_exported(model: Path, content: str | None) -> None:
    card = model / CARD
    before = card.read_text()
    card.unlink() if content is None else card.write_text(content)
    try:
        with pytest.raises(TunerError, match=r"card\.json is (missing|not the one sums\.json)"):
            open_model(model)
    finally:
        card.write_text(before)


@pytest.mark.parametrize("sums", ["[]", "", "{}", None])
def test_sums_that_are_damaged_would_let_anything_pass(model: Path, sums: str | None) -> None:
    path = model / "sums.json"
    before = path.read_text()
    path.unlink() if sums is None else path.write_text(sums)
    try:
        with pytest.raises(TunerError, match="does not hold one whole detector"):
            open_model(model)
    finally:
        path.write_text(before)


def test_a_card_of_an_earlier_version_would_be_refused(model: Path) -> None:
    """Its sum was not written."""
    path = model / "sums.json"
    before = path.read_text()
    path.write_text(json.dumps({k: v for k, v in json.loads(before).items() if k != CARD}))
    try:
        assert open_model(model).synthetic
    finally:
        path.write_text(before)
