"""`python -m tuner.export`: the file against the detector, and the card beside it."""

import json
import os
from dataclasses import replace
from importlib import util
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from models.data.decoding import preprocess
from models.data.preprocessing import Preprocessing, Resize
from models.ensemble import Ensemble, Scoring, load_scoring
from models.evaluation.mixture import Mixture
from models.export import NotExportable, colours, square, write_onnx
from models.fitted import FittedDetector
from models.scoring import Scorer
from tests.tuner.small_model import picture, trained
from tuner.export.__main__ import main
from tuner.export.card import model_card
from tuner.retrain.model_folder import StoredModel, open_model

SHAPES = ((37, 61), (61, 37), (16, 16), (120, 160), (5, 9))


def pictures(shape: tuple[int, int], count: int = 20) -> NDArray[np.uint8]:
    """Half of them noise, half of them shaded with a little noise; [N, H, W, 3]."""
    rng = np.random.default_rng(sum(shape))
    noise = rng.integers(0, 256, (count // 2, *shape, 3), dtype=np.uint8)
    shaded = [picture(number, (*shape, 3)) for number in range(count // 2)]
    return np.concatenate([noise, np.stack(shaded)])


def _native(number: int) -> torch.Tensor:
    """A picture in grey, uint8 [1, H, W]."""
    return torch.from_numpy(picture(number)[..., :1].transpose(2, 0, 1).copy())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of detectors: colour, grey, and one of each other kind."""
    folder = tmp_path_factory.mktemp("models")
    trained("autoencoder", 3).save(folder / "autoencoder")
    grey = trained("autoencoder", 1, resize="pad")
    grey.save(folder / "grey")
    mixture = Mixture(
        weights={"error": 0.7, "worst_patch": -0.2}, offset=0.3, logarithmic=("error",)
    )
    replace(grey, mixture=mixture).save(folder / "mixture")
    trained("two-discriminator-gan", 3, resize="crop", epochs=2).save(folder / "gan")
    trained("pca", 1).save(folder / "pca")
    members = [grey, trained("autoencoder", 1, resize="pad", seed=1)]
    shades = torch.stack([preprocess(_native(number), grey.preprocessing) for number in range(40)])
    labels = torch.arange(40) >= 30
    Ensemble.of(members, shades, labels, synthetic=True).save(folder / "ensemble")
    trained("random", 3).save(folder / "random")
    return folder


def at_middle(folder: Path) -> Scoring:
    """The detector with a threshold close below a picture's score, above the widest gap."""
    detector = load_scoring(folder)
    scores = torch.cat([Scorer(detector).score(pictures(shape)) for shape in SHAPES]).sort().values
    gaps = scores.diff()[20:80]
    widest = 20 + int(gaps.argmax())
    below = min(4e-4, float(gaps.max()) / 2)
    return replace(detector, threshold=float(scores[widest + 1]) - below)


@pytest.mark.parametrize("name", ["autoencoder", "mixture", "gan", "pca", "ensemble"])
def test_the_file_would_score_or_decide_otherwise(models: Path, name: str, tmp_path: Path) -> None:
    detector = at_middle(models / name)
    detector.save(tmp_path / "model")
    out = tmp_path / "detector.onnx"
    assert main(["--model", str(tmp_path / "model"), "--out", str(out)]) == 0
    session = onnxruntime.InferenceSession(str(out))
    scorer, verdicts = Scorer(detector), []
    for shape in SHAPES:
        several = pictures(shape)
        score, anomaly, places = session.run(None, {"picture": several})
        wanted = scorer.score(several)
        assert np.abs(score - wanted.numpy()).max() < 1e-4
        assert np.array_equal(anomaly, scorer.anomalous(several).numpy())
        verdicts += anomaly.tolist()
        images = torch.cat(list(scorer._prepared(several)))
        drawn = detector.anomaly_maps(images)
        assert drawn is not None
        assert np.median(np.abs(places - drawn.numpy()).max(axis=(1, 2))) < 1e-4
    assert 20 <= sum(verdicts) <= 80
    assert len(verdicts) == 100


@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("size", [16, 33, 64])
def test_pictures_would_be_resized_otherwise(resize: Resize, size: int) -> None:
    preprocessing = Preprocessing(size=size, channels=3, resize=resize)
    generator = torch.Generator().manual_seed(0)
    differing = total = 0
    for height, width in ((37, 61), (64, 64), (5, 9), (200, 31), (1, 50), (300, 480)):
        shape = (2, 3, height, width)
        pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        wanted = preprocess(pixels, preprocessing).int()
        gap = (square(pixels.float(), preprocessing).int() - wanted).abs()
        assert gap.max() <= 1
        differing, total = differing + int(gap.sum()), total + gap.numel()
    assert differing <= total / 200  # what lies between two bytes is rounded either way


def test_grey_would_be_another_than_pillows() -> None:
    every = np.random.default_rng(0).integers(0, 256, (1, 256, 256, 3), dtype=np.uint8)
    grey = colours(torch.from_numpy(every), 1)[0, 0].numpy()
    assert np.array_equal(grey, np.asarray(Image.fromarray(every[0]).convert("L")))
    assert np.array_equal(colours(torch.from_numpy(every), 3)[0, 1].numpy(), every[0, ..., 1])


def test_a_file_that_scores_otherwise_would_be_kept(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "random.onnx"
    assert main(["--model", str(models / "random"), "--out", str(out)]) == 2
    assert "this model (random) cannot be exported: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_points_would_be_exported(models: Path, tmp_path: Path) -> None:
    detector = FittedDetector.load(models / "autoencoder")
    points = replace(detector, preprocessing=Preprocessing(size=1, channels=2))
    with pytest.raises(NotExportable, match="takes 2 numbers, not pictures"):
        write_onnx(points, tmp_path / "x.onnx")


@pytest.mark.parametrize(
    ("out", "there", "said"),
    [
        ("x.bin", "", "x.bin must end in .onnx"),
        ("\udcfc.onnx", "", ".onnx is no text in UTF-8: name another file"),
        ("x.onnx", "x.onnx", "x.onnx exists: name another file, or give --overwrite"),
        ("x.onnx", "x.md", "x.md exists: name another file, or give --overwrite"),
    ],
)
def test_a_file_that_exists_would_be_replaced(
    models: Path,
    tmp_path: Path,
    out: str,
    there: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if there:
        (tmp_path / there).write_text("mine")
    assert main(["--model", str(models / "autoencoder"), "--out", str(tmp_path / out)]) == 2
    assert said in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == (["mine"] if there else [])


def test_a_missing_extra_would_end_in_a_traceback(
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = util.find_spec
    monkeypatch.setattr(
        "tuner.export.run.find_spec",
        lambda name: None if name == "onnxscript" else real(name),
    )
    arguments = ["--model", str(models / "autoencoder"), "--out", str(tmp_path / "x.onnx")]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said == (
        "tuner.export needs onnxscript, which the extra `export` brings: "
        "pip install onnx onnxscript onnxruntime\n"
    )


def test_a_folder_that_is_no_model_would_be_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", str(tmp_path), "--out", str(tmp_path / "x.onnx")]) == 2
    assert f"{tmp_path} holds no model" in capsys.readouterr().err


CARD = {
    "dataset": "bolts",
    "normal": ["good", "new|old"],
    "protocol": "one-vs-rest; fit: normal images alone; validation: synthetic anomalies",
    "synthetic": True,
    "test_anomalies": "synthetic",
    "figures": {
        "test_auroc": {"mean": 0.91234, "std": 0.0123, "ci95": [0.88, 0.94]},
        "test_pixel_pro": {"mean": 0.5, "std": None},
        "baselines": {"random": {"test_auroc": {"mean": 0.5, "std": None}}},
    },
    "versions": {"torch": "1.2.3"},
    "date": "2026-01-02",
    "licence": None,
}


def test_the_card_would_not_say_what_the_model_is(models: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    FittedDetector.load(models / "grey").save(run / "model")
    (run / "model/card.json").write_text(json.dumps(CARD))
    assert main(["--model", str(run), "--out", str(tmp_path / "bolts.onnx")]) == 0
    card = (tmp_path / "bolts.md").read_text()
    assert "# bolts.onnx\n" in card
    assert "**It has seen no real anomaly.**" in card
    assert "| data | bolts |" in card
    assert "| normal | good, new\\|old |" in card
    assert "| licence of the data | not known: the pictures are yours |" in card
    assert "| test auroc | 0.9123 | 0.0123 | 0.8800 to 0.9400 |" in card
    assert "| test pixel pro | 0.5000 |  |  |" in card
    assert "The test anomalies are synthetic." in card
    assert "| torch, in training | 1.2.3 |" in card
    assert "turned to grey and fitted into, with black borders, 16 x 16" in card


def test_the_cards_five_lines_would_not_run(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--model", str(models / "autoencoder"), "--out", "one.onnx"]) == 0
    Image.fromarray(pictures((30, 40))[0]).save("picture.png")
    lines = Path("one.md").read_text().split("```python\n")[1].split("```")[0]
    assert len(lines.splitlines()) == 5
    names: dict[str, NDArray[np.float32]] = {}
    exec(lines, names)
    scorer = Scorer(FittedDetector.load(models / "autoencoder"))
    assert names["score"][0] == pytest.approx(scorer.score("picture.png").item(), abs=1e-4)
    assert names["places"].shape == (1, 16, 16)


def test_figures_of_a_model_without_a_card_would_be_lost(models: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    FittedDetector.load(models / "pca").save(run / "model")
    (run / "retrain").mkdir()
    report = {"test": {"auroc": {"mean": 0.75, "std": 0.1, "ci95": [0.7, 0.8]}, "images": 3}}
    (run / "retrain/metrics.json").write_text(json.dumps(report))
    assert main(["--model", str(run / "model"), "--out", str(tmp_path / "x.onnx")]) == 0
    card = (tmp_path / "x.md").read_text()
    assert "| test auroc | 0.7500 | 0.1000 | 0.7000 to 0.8000 |" in card
    assert "synthetic" not in card


@pytest.mark.parametrize(
    "card",
    [
        {"figures": 5, "versions": 5, "dataset": ["x"], "date": [], "licence": {}, "normal": 1},
        {"figures": {"a": {"mean": 1, "std": "x", "ci95": 5}, "b": {"mean": "x"}}},
        {"figures": {"a": {"mean": 1, "ci95": ["x", None]}}, "versions": ["x"]},
    ],
)
def test_a_damaged_card_would_end_in_a_traceback(
    models: Path, tmp_path: Path, card: dict[str, object]
) -> None:
    stored = StoredModel(
        folder=tmp_path / "model", detector=FittedDetector.load(models / "pca"), card=card
    )
    assert model_card(stored, "x.onnx").startswith("# x.onnx")


def test_a_report_that_is_a_pipe_would_be_waited_for(models: Path, tmp_path: Path) -> None:
    (tmp_path / "retrain").mkdir()
    os.mkfifo(tmp_path / "retrain/metrics.json")
    FittedDetector.load(models / "pca").save(tmp_path / "model")
    os.mkfifo(tmp_path / "model/card.json")
    stored = open_model(tmp_path)
    assert stored.card == {}
    assert "no report lies beside this model" in model_card(stored, "x.onnx")


@pytest.mark.parametrize("name", ["x.onnx", "x.md"])
def test_a_link_to_nothing_would_be_replaced(
    models: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).symlink_to("nothing")
    arguments = ["--model", str(models / "pca"), "--out", str(tmp_path / "x.onnx")]
    assert main(arguments) == 2
    assert f"{name} is no ordinary file" in capsys.readouterr().err
    assert (tmp_path / name).is_symlink()
