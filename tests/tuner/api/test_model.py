"""A run's model from Python, held against `python -m tuner.score` on the same pictures."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from models.data.decoding import Unreadable
from tests.tuner.small_model import trained, write_pictures
from tuner.api import load
from tuner.api.model import Model
from tuner.errors import TunerError
from tuner.score.__main__ import main


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("run")
    trained().save(folder / "model")
    return load(folder)


@pytest.fixture
def scored(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What the command writes of the pictures in `images`, of which there is more than a batch."""
    monkeypatch.chdir(tmp_path)
    write_pictures(Path("images"), 70)
    assert main(["--model", str(model.folder), "images", "--out", "scores.csv"]) == 0
    with Path("scores.csv").open(newline="") as file:
        return {row["path"]: float(row["score"]) for row in csv.DictReader(file)}


def test_a_score_would_be_another_than_the_commands(model: Model, scored: dict[str, float]) -> None:
    paths, wanted = list(scored), torch.tensor(list(scored.values()), dtype=torch.float64)
    arrays = [np.asarray(Image.open(path)) for path in paths]
    stacked = np.stack(arrays)
    tensor = torch.from_numpy(stacked)
    for pictures in ("images", Path("images"), paths, arrays, stacked, tensor, list(tensor)):
        assert torch.equal(model.score(pictures), wanted)
    assert torch.equal(model.score(tensor.permute(0, 3, 1, 2)), wanted)
    for one in (paths[3], Path(paths[3]), arrays[3], tensor[3]):
        assert torch.equal(model.score(one), wanted[3:4])


def test_a_table_would_be_another_than_the_commands(model: Model, scored: dict[str, float]) -> None:
    Path("images/broken.png").write_bytes(b"x")
    assert main(["--model", str(model.folder), "images", "--out", "all.csv"]) == 0
    found, written = model.table("images"), pd.read_csv("all.csv")
    assert list(found.columns) == list(written.columns)
    assert len(found) == len(scored) + 1
    for name in ("path", "score", "verdict", "reason"):
        assert found[name].replace("", np.nan).equals(written[name]), name
    assert np.allclose(found["scaled"], written["scaled"], atol=1e-6, equal_nan=True)
    assert found["reason"][70] != ""
    with pytest.raises(TunerError, match="there is no file or folder gone"):
        model.table("gone")


def test_a_model_would_only_be_found_by_one_of_its_names(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trained().save(Path("runs/mine/model"))
    for name in ("mine", "runs/mine", "runs/mine/model", Path("runs/mine")):
        assert load(name).threshold == model.threshold
    with pytest.raises(FileNotFoundError, match="there is no folder runs/gone"):
        load("gone")


def test_a_name_that_no_file_can_have_would_be_a_system_error(model: Model) -> None:
    with pytest.raises(Unreadable, match="File name too long"):
        model.score(5000 * "x")
    with pytest.raises(TunerError, match="File name too long"):
        model.table(5000 * "x")


def test_a_model_would_flood_a_notebook(model: Model) -> None:
    said = repr(model)
    assert said.startswith(f"<Model {model.folder}: autoencoder, 16 x 16, threshold ")
    assert len(said) < 200
