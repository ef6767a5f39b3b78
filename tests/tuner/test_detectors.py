"""The list of detectors, and the page that is drawn from them."""

import re
from pathlib import Path

import pytest

from models import detectors
from tuner.detectors import hyperparameters, page
from tuner.detectors.__main__ import main

ROOT = Path(__file__).parents[2]


def test_a_detector_would_be_missing_from_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    for name in detectors.names():
        (line,) = [line for line in said.splitlines() if line.startswith(f"{name} ")]
        known = detectors.requirements(name).known_anomalies
        assert ("normals and known anomalies" in line) == known
        assert line.rstrip().endswith(detectors.paper(name))
    assert "pretraining, one_class" in said


def test_one_detector_would_be_shown_without_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ganomaly"]) == 0
    said = capsys.readouterr().out
    for each in detectors.hyperparameters("ganomaly"):
        assert f"  {each.name} " in said and each.meaning in said
    assert "space file: search_spaces/ganomaly.yaml" in said
    assert "`" not in said


def test_a_wrong_name_would_not_be_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["ganomly"]) == 2
    assert "nearest: ganomaly" in capsys.readouterr().err


def test_the_page_of_diagrams_would_be_out_of_date_or_not_show_what_flows_where() -> None:
    text = page.page()
    assert (ROOT / "docs" / "detectors.md").read_text() == text
    (ganomaly,) = [part for part in text.split("\n## ") if part.startswith("ganomaly\n")]
    for arrow in (
        "images --> encoder",
        "encoder --> decoder",
        "decoder --> second_encoder",
        "decoder --> discriminator",
    ):
        assert f"    {arrow}\n" in ganomaly
    assert "second_encoder --> " not in ganomaly
    assert not re.search(r"^    (\w+) --> \1$", text, re.MULTILINE)
    assert "    random_noise --> generator\n" in text


def test_the_page_of_hyperparameters_would_be_out_of_date(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert hyperparameters.main([]) == 0
    assert (ROOT / "docs" / "hyperparameters.md").read_text() == capsys.readouterr().out


def test_a_folder_that_is_no_detector_would_end_in_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(detectors, "__path__", [*detectors.__path__, str(tmp_path)])
    (tmp_path / "my-own").mkdir()
    (tmp_path / "my-own" / "__init__.py").touch()
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("the folder my-own among the detectors cannot be")
