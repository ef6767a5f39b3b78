"""Pictures of test that are almost one of fit."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data.config import DataConfig
from models.data.folder.dataset import OpenedFolder, open_folder
from tests.tuner.new.folders import SIDE, pictures
from tuner.new import copies


def folder_with(tmp_path: Path, change: int) -> OpenedFolder:
    """A folder whose test/good/003 is train/good/007, its pixels changed by 0 or `change`."""
    folder = tmp_path / "parts"
    pictures(folder / "train" / "good", 40)
    pictures(folder / "test" / "good", 10, first=500)
    pictures(folder / "test" / "dent", 10, first=900)
    pixels = np.asarray(Image.open(folder / "train" / "good" / "007.png")).astype(int)
    noise = np.random.default_rng(1).integers(0, 2, pixels.shape) * change
    again = Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))
    again.save(folder / "test" / "good" / "003.png")
    config = DataConfig(dataset="folder", folder=str(folder), size=SIDE, anomalies_per_normal=0)
    return open_folder(config, tmp_path / "cache")


@pytest.mark.parametrize("chunk", [3, 256])
def test_a_copy_that_was_saved_again_would_go_unseen(
    tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_CHUNK", chunk)
    line = copies.copies_line(folder_with(tmp_path, 1))
    said = "1 picture of validation and test is almost equal to one of fit, such as "
    assert f"{said}test/good/003.png and train/good/007.png" in line


def test_another_picture_of_the_same_kind_would_be_called_a_copy(tmp_path: Path) -> None:
    assert copies.copies_line(folder_with(tmp_path, 12)) == ""
