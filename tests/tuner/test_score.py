"""`python -m tuner.score` as a person types it, on pictures that the test makes."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.decoding import decode, preprocess
from models.data.preprocessing import Preprocessing, Resize
from models.fitted import FittedDetector
from tests.tuner.small_model import picture, trained, write_pictures
from tuner.api import load
from tuner.errors import TunerError
from tuner.score import stream
from tuner.score.__main__ import main
from tuner.score.heatmap import in_size, map_on_picture, overlay
from tuner.score.inputs import Named, named_pictures

Rows = list[dict[str, str]]

PROCESS = f"{sys.executable} -m tuner.score"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "model"
    trained().save(folder)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with 70 good pictures, three others and one that is broken."""
    monkeypatch.chdir(tmp_path)
    write_pictures(Path("images/good"), 70)
    for place, mode in (("grey.jpg", "L"), ("See Through.PNG", "RGBA"), ("ünï.bmp", "RGB")):
        Path("images/other kinds").mkdir(exist_ok=True)
        Image.fromarray(picture(1)).convert(mode).save(Path("images/other kinds") / place)
    Path("images/other kinds/broken.tif").write_bytes(b"II*\0")
    return tmp_path


def typed(model: Path, *arguments: str) -> int:
    return main(["--model", str(model), *arguments])


def rows_of(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def left_over(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_picture_would_be_missing_or_scored_as_another(
    model: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(model, "images", "--out", "scores.csv") == 0
    rows = rows_of(here / "scores.csv")
    assert [row["path"] for row in rows] == [
        str(one.path) for one in named_pictures([Path("images")])
    ]
    readable = [row for row in rows if not row["reason"]]
    assert (len(rows), len(readable)) == (74, 73)
    detector = FittedDetector.load(model)
    images = torch.stack(
        [torch.from_numpy(decode(Path(row["path"]), detector.preprocessing)) for row in readable]
    )
    scores = detector.score(images.flip(0)).flip(0)
    assert [float(row["score"]) for row in readable] == scores.tolist()
    scaled = detector.scaled_score(scores)
    assert np.allclose([float(row["scaled"]) for row in readable], scaled, atol=1e-6)
    verdicts = ["anomaly" if flag else "normal" for flag in scores > detector.threshold]
    assert [row["verdict"] for row in readable] == verdicts
    [broken] = [row for row in rows if row["reason"]]
    assert broken["path"].endswith("broken.tif")
    assert broken["score"] == broken["scaled"] == broken["verdict"] == ""
    said = capsys.readouterr().out
    assert "74 pictures: " in said
    assert "1 unreadable" in said
    assert "First of the unreadable: images/other kinds/broken.tif: " in said
    assert said.endswith("Scores: scores.csv\n")


def test_verdicts_would_not_follow_the_threshold(model: Path, here: Path, tmp_path: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    scores = [load(model).score(f"images/good/{number:03}.png").item() for number in range(70)]
    moved = tmp_path / "moved"
    stored = FittedDetector.load(model)
    middle = sorted(scores)[35]
    assert config["threshold"] == stored.threshold
    replace(stored, threshold=middle).save(moved)
    assert typed(moved, "images/good", "--out", "scores.csv") == 0
    verdicts = [row["verdict"] for row in rows_of(here / "scores.csv")]
    assert verdicts == ["anomaly" if score > middle else "normal" for score in scores]
    assert verdicts.count("anomaly") == 34


def test_the_table_on_standard_output_would_be_mixed_with_words(
    model: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(model, "images/good") == 0
    said = capsys.readouterr()
    rows = list(csv.DictReader(said.out.splitlines()))
    assert len(rows) == 70
    assert all(row["score"] for row in rows)
    assert said.err.startswith("70 pictures: ")


def test_heat_maps_would_not_lie_under_the_pictures_names(model: Path, here: Path) -> None:
    assert typed(model, "images", "--out", "scores.csv", "--heatmaps", "maps") == 0
    drawn = sorted(str(path.relative_to("maps")) for path in Path("maps").rglob("*.*"))
    others = ["See Through.PNG.png", "grey.jpg.png", "ünï.bmp.png"]
    good = [f"good/{number:03}.png" for number in range(70)]
    assert drawn == good + [f"other kinds/{name}" for name in others]
    with Image.open("maps/good/003.png") as one:
        assert (one.size, one.mode, one.format) == ((32, 24), "RGB", "PNG")
    assert left_over(here) == ["images", "maps", "scores.csv"]


def test_a_large_picture_would_make_a_heat_map_as_large(model: Path, here: Path) -> None:
    Image.fromarray(picture(0, (300, 2000, 3))).save("large.png")
    assert typed(model, "large.png", "--out", "scores.csv", "--heatmaps", "maps") == 0
    with Image.open("maps/large.png") as one:
        assert one.size == (1024, 154)


@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("shape", [(64, 200), (200, 64), (90, 90), (33, 50)])
def test_a_map_would_be_drawn_beside_what_it_marks(resize: Resize, shape: tuple[int, int]) -> None:
    preprocessing = Preprocessing(size=32, channels=1, resize=resize)

    def back(seen: torch.Tensor) -> torch.Tensor:
        placed = map_on_picture(seen, *shape, preprocessing)
        return torch.nn.functional.interpolate(placed[None, None], shape, mode="bilinear")[0, 0]

    known = back(torch.ones(32, 32)) > 0.999
    assert known.float().mean() > (0.25 if resize == "crop" else 0.99)
    rows, columns = (torch.linspace(0, 250, length) for length in shape)
    for native in (rows[:, None].expand(shape), columns[None, :].expand(shape)):
        seen = preprocess(native[None].contiguous(), preprocessing)[0].float()
        inner = known & (native > 20) & (native < 230)
        assert (back(seen) - native)[inner].abs().max() < 10


def test_a_mark_would_fall_out_of_the_map_of_a_picture_smaller_than_it() -> None:
    single = torch.zeros(32, 32)
    single[12, 16] = 64.0
    assert in_size(single, 8, 8).max() > 1  # bilinear without antialiasing: 0
    larger = torch.nn.functional.interpolate(single[None, None], (70, 90), mode="bilinear")
    assert torch.equal(in_size(single, 70, 90), larger[0, 0])


def test_a_normal_picture_would_be_red_all_over() -> None:
    plain = np.full((4, 4, 3), 100, np.uint8)
    usual, high = np.full((4, 4), 0.5, np.float32), np.full((4, 4), 5.0, np.float32)
    assert np.array_equal(overlay(plain, usual), plain)
    red, green, blue = overlay(plain, high)[0, 0]
    assert (red, green, blue) == (208, 30, 30)
    faint = overlay(plain, np.full((4, 4), 1.0, np.float32)).astype(int)
    assert 0 < np.abs(faint - 100).max() < 50


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no file or folder nowhere"),
        (["empty", "nowhere"], "there is no file or folder nowhere"),
        (["empty"], "empty has no pictures (.bmp .jpeg"),
        (["images", "--out", "there.csv"], "--out: there.csv exists: name another file, or give"),
        (["images", "--out", "empty"], "--out: empty is a folder: name a file"),
        (["images/other kinds/broken.tif"], "images/other kinds/broken.tif: "),
        (["images/other kinds/broken.tif", "fake.png"], "none of the 2 pictures can be read; the"),
        (["images", "--heatmaps", "there.csv"], "--heatmaps: there.csv is a file: name a folder"),
        (["images", "--heatmaps", "images"], "lies in images: name another folder"),
        (["images", "--heatmaps", "maps"], "--heatmaps: maps/good/003.png exists: name another"),
        (["images", "--heatmaps", "."], "images/good/000.png lies in .: name another folder"),
        (["images", "--heatmaps", "bad", "--overwrite"], "bad/good is no folder: name another"),
        (["images", "--heatmaps", "odd", "--overwrite"], "odd/good/000.png is a folder: name"),
        (["images", "--heatmaps", "loop/x"], "loop/x"),
        (["images", "--heatmaps", "dangling"], "dangling is a link to nothing: name a folder"),
        (["images", "--out", "dangling"], "--out: dangling is no ordinary file: name a file"),
        (["images", "--out", "loop"], "--out: loop is no ordinary file: name a file"),
        (["images", "--out", "y" * 300], "File name too long"),
        (["y" * 300], "y': File name too long"),
        (["a.jpg", "b/a.jpg", "--heatmaps", "m"], "a.jpg and b/a.jpg would have the same heat map"),
    ],
)
def test_bad_input_would_be_taken_or_leave_something(
    model: Path,
    here: Path,
    arguments: Sequence[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for folder in ("empty", "maps/good", "b", "odd/good/000.png", "bad"):
        Path(folder).mkdir(parents=True)
    Path("bad/good").touch()
    Path("dangling").symlink_to("nothing")
    Path("loop").symlink_to("loop")
    for file in ("there.csv", "fake.png", "maps/good/003.png", "a.jpg", "b/a.jpg"):
        Path(file).write_text("mine")
    before = left_over(here)
    assert typed(model, *arguments) == 2
    assert said in capsys.readouterr().err
    assert left_over(here) == before
    assert Path("there.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("gone", "there is no folder runs/gone: give that of a model, runs/<name>/model"),
        (
            "images",
            "images holds no model. Give a run, or its folder model, that was retrained: "
            "python -m tuner.retrain --run runs/<name>\n",
        ),
        ("runs/x", "that was retrained: python -m tuner.retrain --run runs/x\n"),
        ("file.txt", "file.txt is a file: give the folder of a model"),
        ("runs/x/model", "has not been retrained: python -m tuner.retrain --run runs/x"),
        ("half", "half does not hold one whole detector"),
    ],
)
def test_a_folder_that_is_no_model_would_end_in_a_traceback(
    here: Path, model: Path, place: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file.txt").write_text("x")
    Path("runs/x").mkdir(parents=True)
    Path("runs/x/space.yaml").write_text("")
    Path("half").mkdir()
    Path("half/config.json").write_bytes((model / "config.json").read_bytes())
    assert typed(Path(place), "images", "--out", "scores.csv") == 2
    assert said in capsys.readouterr().err
    assert not Path("scores.csv").exists()


@pytest.mark.parametrize("named", ["runs/each", "runs/each/model", "runs/each/classes"])
def test_the_models_of_each_class_would_be_called_none(
    here: Path, model: Path, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("2", "10"):
        place = Path("runs/each/classes") / name / "model"
        place.mkdir(parents=True, exist_ok=True)
        (place / "config.json").touch()
    assert typed(Path(named), "images", "--out", "scores.csv") == 2
    assert capsys.readouterr().err == (
        f"{named} has a model for each of its classes: give that of one, "
        "runs/each/classes/2/model, runs/each/classes/10/model\n"
    )


def test_a_detector_without_maps_would_draw_some(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained("random").save(tmp_path / "random")
    assert typed(tmp_path / "random", "images", "--out", "s.csv", "--heatmaps", "maps") == 2
    assert "this model (random) makes no anomaly maps" in capsys.readouterr().err
    assert not Path("s.csv").exists()


def test_overwrite_would_not_replace_or_would_take_more(model: Path, here: Path) -> None:
    Path("maps/good").mkdir(parents=True)
    Path("maps/good/003.png").write_text("old")
    Path("maps/mine.txt").write_text("mine")
    Path("scores.csv").write_text("old")
    options = ["--out", "scores.csv", "--heatmaps", "maps", "--overwrite"]
    assert typed(model, "images", *options) == 0
    assert len(rows_of(Path("scores.csv"))) == 74
    with Image.open("maps/good/003.png") as drawn:
        assert drawn.size == (32, 24)
    assert Path("maps/mine.txt").read_text() == "mine"
    assert left_over(here) == ["images", "maps", "scores.csv"]


def test_synthetic_validation_would_not_be_told(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained().save(tmp_path / "run/model")
    assert typed(tmp_path / "run", "images", "--out", "1.csv") == 0
    assert "synthetic" not in capsys.readouterr().out
    (tmp_path / "run/model/card.json").write_text('{"synthetic": true}')
    assert typed(tmp_path / "run", "images", "--out", "2.csv") == 0
    assert "has seen no real anomaly" in capsys.readouterr().out


def test_a_model_of_an_earlier_version_would_not_score(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace(trained(), score_spread=None, map_scale=None).save(tmp_path / "old")
    assert typed(tmp_path / "old", "images/good", "--out", "s.csv") == 0
    rows = rows_of(Path("s.csv"))
    assert {row["scaled"] for row in rows} == {""}
    assert all(row["score"] for row in rows)
    assert "The column scaled is empty" in capsys.readouterr().out


def test_a_picture_named_twice_would_have_two_rows(here: Path) -> None:
    named = named_pictures([Path("images/good"), Path("images/good/003.png"), Path("images")])
    assert len(named) == 74
    assert named[0].name == Path("good/000.png")
    assert named[-1].name == Path("images/other kinds/ünï.bmp")


def test_large_images_would_be_scored_otherwise_than_small_ones(
    model: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["images", "--heatmaps", "maps", "--overwrite"]
    assert typed(model, *options, "--out", "small.csv") == 0
    maps = [path.read_bytes() for path in sorted(Path("maps").rglob("*.png"))]
    monkeypatch.setattr(stream, "_SHARED_ABOVE", 0)
    assert typed(model, *options, "--out", "large.csv") == 0
    assert Path("small.csv").read_text() == Path("large.csv").read_text()
    assert [path.read_bytes() for path in sorted(Path("maps").rglob("*.png"))] == maps


def test_a_reader_that_leaves_would_see_a_traceback(model: Path, here: Path) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{PROCESS} --model {model} images --out s.csv | true"],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    assert done.returncode == 2
    assert done.stderr == "standard output: it was closed before all was written\n"
    assert len(rows_of(Path("s.csv"))) == 74


def test_a_full_disk_would_leave_a_traceback(model: Path, here: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROCESS.split(), "--model", str(model), "images/good"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=ENVIRONMENT,
        )
    assert done.returncode == 2
    assert done.stderr == "standard output: No space left on device\n"


def test_an_interrupt_would_leave_half_a_table(
    model: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., object] = stream.decode

    def interrupting(path: Path, preprocessing: Preprocessing) -> object:
        if path.name == "065.png":
            signal.raise_signal(signal.SIGINT)
        return real(path, preprocessing)

    monkeypatch.setattr(stream, "decode", interrupting)
    before = left_over(here)
    assert typed(model, "images", "--out", "scores.csv", "--heatmaps", "maps") == 130
    assert left_over(here) == before


def test_all_pictures_would_be_decoded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = 0
    lock = threading.Lock()

    def counting(path: Path, preprocessing: Preprocessing) -> object:
        nonlocal decoded
        with lock:
            decoded += 1
        return np.zeros((3, 16, 16), np.uint8)

    monkeypatch.setattr(stream, "decode", counting)
    pictures = [Named(path=Path(f"{n}.png"), name=Path(f"{n}.png")) for n in range(10_000)]
    batches = stream.scored_batches(trained(), pictures, maps=False)
    assert len(next(batches)) == stream.BATCH
    batches.close()
    assert stream.BATCH <= decoded <= stream.BATCH * (stream.workers() + 1)


def test_a_model_by_its_own_folder_would_be_another_than_by_its_run(model: Path) -> None:
    arrays = [picture(number) for number in range(3)]
    assert torch.equal(load(model).score(arrays), load(model.parent).score(arrays))
    with pytest.raises(TunerError, match="there is no folder"):
        load(model / "gone")


def test_a_folder_named_by_dots_would_have_no_name(
    model: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("work").mkdir()
    monkeypatch.chdir("work")
    assert typed(model, "../images/good", "--out", "s.csv", "--heatmaps", ".") == 0
    assert left_over(Path()) == [f"{number:03}.png" for number in range(70)] + ["s.csv"]
    assert typed(model, "../images/good", "--out", "t.csv", "--heatmaps", "../maps") == 0
    assert len(left_over(Path("../maps"))) == 70


def run(
    *arguments: str, before: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Let a shell run the command, with `before` behind it: where output goes."""
    return subprocess.run(
        ["bash", "-c", f"{PROCESS} {' '.join(arguments)} {before}"],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT | (environment or {}),
    )


@pytest.mark.parametrize(
    ("place", "options"),
    [(">&-", "--out s.csv"), (">/dev/full", "--heatmaps maps")],
)
def test_bad_standard_output_would_leave_a_traceback(
    model: Path, here: Path, place: str, options: str
) -> None:
    done = run(f"--model {model} images/good", options, before=place)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("standard output")
    assert not Path("maps").exists()


def test_letters_that_a_terminal_lacks_would_leave_a_traceback(model: Path, here: Path) -> None:
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for arguments in (["images", "--out", "ü.csv"], ["ünï", "--out", "s.csv"]):
        done = run(f"--model {model}", *arguments, environment=ascii_alone)
        assert "Traceback" not in done.stderr
        assert done.returncode == (2 if "ünï" in arguments else 0)
    assert "other kinds/ünï.bmp" in [row["path"][7:] for row in rows_of(Path("ü.csv"))]


def test_being_told_to_end_would_leave_half_a_table(
    model: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., object] = stream.decode

    def ending(path: Path, preprocessing: Preprocessing) -> object:
        if path.name == "065.png":
            signal.raise_signal(signal.SIGTERM)
        return real(path, preprocessing)

    monkeypatch.setattr(stream, "decode", ending)
    before, handler = left_over(here), signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert typed(model, "images", "--out", "scores.csv", "--heatmaps", "maps") == 143
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert left_over(here) == before


def test_a_model_of_damaged_parts_would_end_in_a_traceback(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = replace(trained(), preprocessing=Preprocessing(size=17, channels=3))
    wrong.save(Path("wrong"))
    Path("pipe").mkdir()
    os.mkfifo("pipe/config.json")
    for place in ("wrong", "pipe"):
        assert typed(Path(place), "images") == 2
        assert f"{place} " in capsys.readouterr().err


@pytest.mark.parametrize("card", ['"x"', '{"figures": 5, "synthetic": "x"}', "[" * 100_000])
def test_a_damaged_card_would_end_in_a_traceback(here: Path, card: str) -> None:
    trained().save(Path("own"))
    Path("own/card.json").write_text(card)
    assert typed(Path("own"), "images/good", "--out", "s.csv") == 0


def test_scores_would_stand_beside_other_pictures_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """More batches than threads, each of one, the first of them the slowest."""
    monkeypatch.setattr(stream, "BATCH", 1)
    monkeypatch.setattr(stream, "workers", lambda: 2)
    pictures = [Named(path=Path(str(nth)), name=Path(str(nth))) for nth in range(9)]

    def work(some: Sequence[Named], ended: threading.Event) -> str:
        time.sleep(0.05 if str(some[0].path) == "0" else 0)
        return str(some[0].path)

    assert list(stream._ahead(pictures, work)) == [str(each.path) for each in pictures]
