"""`normal: each` from the command to the table: one configuration for all classes of a folder."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from models.data.config import DataConfig
from models.data.sources import find
from models.data.split import Split, load_splits, save_splits
from models.data.tasks import make_splits
from models.lanes.lane import EpochResult
from models.trainer import Trainer
from tests.tuner.retrain.conftest import quick_retrain
from tests.tuner.test_own_images import run
from tuner.doctor import node_facts
from tuner.durability.restore import keep_retrained
from tuner.durability.size_forecast import trial_bytes
from tuner.errors import TunerError
from tuner.figures.metrics import keyed_blocks
from tuner.planning.data_summary import split_text, warnings
from tuner.planning.dry_run import found_splits, images_text
from tuner.planning.epoch_timing import epoch_seconds
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.report.retrained import other_than_best
from tuner.retrain import __main__ as command
from tuner.retrain import flow, jobs
from tuner.retrain.each_class import class_folders, retrain_each
from tuner.retrain.tracked import retrained
from tuner.space import Machine, Space, dump_space
from tuner.storage import local_storage

__all__ = ["quick_retrain"]

SPACE = """\
detector: autoencoder
data: {{dataset: folder, folder: {folder}, size: 16, normal: each, anomalies_per_normal: 0}}
search: {{learning_rate: {{log: [1.0e-4, 1.0e-2]}}}}
fixed: {{width: 4, batch_normals: 16}}
trials: 2
epochs: 2
wandb: off
"""
CLASSES = ("left right", "middle", "top")
QUICK: dict[str, Any] = {"seeds": 1, "epochs": 1, "baselines": False}


def draw(folder: Path) -> Path:
    """Bars at three places, one brighter than the other."""
    generator = np.random.default_rng(0)
    for place, name in enumerate(CLASSES):
        for part in ("train", "test"):
            (folder / part / name).mkdir(parents=True)
        for number in range(40):
            pixels = generator.normal(90, 8, (16, 16))
            pixels[3 + 4 * place : 6 + 4 * place] += 40 * (1 + place)
            picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            part = "train" if number < 26 else "test"
            picture.save(folder / part / name / f"{number:02d}.png")
    return folder


@pytest.mark.long
def test_a_search_over_each_class_would_not_reach_its_table(tmp_path: Path) -> None:
    bars = draw(tmp_path / "bars")
    (tmp_path / "bars.yaml").write_text(SPACE.format(folder=bars))
    said = run(tmp_path, ["-m", "tuner.search", "--space", "bars.yaml"])
    assert "normal each class in turn" in said
    assert "Equal, bit for bit." in run(tmp_path, ["-m", "tuner.replay", "runs/bars-1"])
    folder = RunFolder(tmp_path / "runs/bars-1")
    record = History(read_journal(folder.journal))
    row = record.trials[0].rows[0]
    assert row.metrics["worst_auroc"] < row.metrics["auroc"] < 1
    said = run(tmp_path, ["-m", "tuner.retrain", "--search", "runs/bars-1", "--seeds=1"])
    assert re.search(r"normal +autoencoder, best found +.*pca", said)
    for name in (*CLASSES, "mean"):
        assert re.search(rf"^{name} +[01]\.\d{{4}} ", said, re.MULTILINE)
    assert (folder.classes / "left-right/model/config.json").exists()


def left_by_a_search(folder: RunFolder, pictures: Path) -> Space:
    """Fill a folder as far as a retrain reads it; returns the best configuration."""
    written = yaml.safe_load(SPACE.format(folder=pictures))
    space = Space.model_validate(written | {"search": {}, "trials": 1, "wandb": "off"})
    for path in (folder.best, folder.space):
        dump_space(space, path)
    save_splits(folder.split, make_splits(space.data, find(space.data)))
    return space


@pytest.fixture
def searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_retrain: object
) -> Iterator[tuple[RunFolder, Space]]:
    del quick_retrain  # for what it does to every retrain
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setenv("TUNER_CACHE", str(tmp_path / "cache"))
    folder = RunFolder(tmp_path / "runs/bars-1")
    yield folder, left_by_a_search(folder, draw(tmp_path / "bars"))
    torch.set_num_threads(threads)


def test_the_mean_would_be_of_other_figures_than_the_classes_reports(
    searched: tuple[RunFolder, Space],
) -> None:
    folder, space = searched
    tracked: list[dict[str, Any]] = []
    options = {**QUICK, "seeds": 2, "baselines": True}
    summary = retrain_each(
        folder.path, space=space, say=lambda text: None, track=tracked.append, **options
    )
    assert summary.trained
    metrics = json.loads(folder.metrics.read_text())
    assert len(metrics.pop("sha256")) == 64
    assert metrics == summary.metrics
    best = TrialView(number=0, published=None, hyperparameters={})
    assert other_than_best(metrics, space, [best]) == ""
    assert other_than_best(metrics, space.model_copy(update={"detector": "pca"}), [best])
    reports = {
        name: json.loads((folder.path / of["folder"] / "retrain/metrics.json").read_text())
        for name, of in metrics["classes"].items()
    }
    assert [report["normal"] for report in reports.values()] == [[name] for name in CLASSES]
    for key in ("best", "pca"):
        blocks = [keyed_blocks(report)[key] for report in reports.values()]
        figures = [block["test"]["auroc"] for block in blocks]
        assert [of["auroc"][key] for of in metrics["classes"].values()] == figures
        seeds = [sum(values) / 3 for values in zip(*(of["seeds"] for of in figures), strict=True)]
        assert metrics["mean"][key]["seeds"] == seeds
        assert metrics["mean"][key]["mean"] == pytest.approx(np.mean(seeds))
        assert metrics["mean"][key]["std"] == pytest.approx(np.std(seeds, ddof=1))
    for name, of in metrics["classes"].items():
        for figure in ("miss_rate_at_1", "miss_rate_at_5", "balanced_accuracy"):
            assert of["best"][figure] == reports[name]["test"][figure]
    (told,) = tracked
    assert retrained(told, folder).figures["test/auroc"] == metrics["mean"]["best"]["mean"]
    assert repr(summary).startswith(f"<EachSummary of {folder.path}: mean test AUROC 0.")
    splits = load_splits(folder.split)
    assert [report["split_digest"] for report in reports.values()] == [s.digest for s in splits]
    check_openings(folder, openings=3)
    check_copied(folder)


def check_openings(folder: RunFolder, openings: int) -> None:
    """They are counted beside the search's folder, each class's for itself."""
    entries = folder.test_openings.read_text().splitlines()
    assert folder.test_openings.parent == folder.path.parent
    assert [json.loads(line)["normal"] for line in entries] == [[name] for name in CLASSES]
    assert json.loads(entries[2])["search"] == "bars-1/classes/top"
    assert len(entries) == openings
    assert not list(folder.path.rglob("test-openings.jsonl"))


def check_copied(folder: RunFolder) -> None:
    """What was trained goes to the storage with the run."""
    storage = local_storage(folder.path.parent.parent)
    keep_retrained(storage, folder)
    keys = storage.sizes("bars-1/")
    assert {"bars-1/retrain/metrics.json", "bars-1/classes/top/model/config.json"} <= set(keys)


def test_a_retrain_that_was_broken_off_would_train_its_classes_again(
    searched: tuple[RunFolder, Space], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, space = searched
    train_all = jobs.train_all

    def failing(setting: object, say: object, **options: object) -> object:
        if setting.plan.data.normal == ("top",):  # type: ignore[attr-defined]
            raise TunerError("the machine is on fire")
        return train_all(setting, say, **options)  # type: ignore[arg-type]

    said: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(flow, "train_all", failing)
        with pytest.raises(TunerError, match="normal top: the machine is on fire"):
            retrain_each(folder.path, space=space, say=said.append, **QUICK)
    assert not folder.metrics.exists()
    said.clear()
    assert retrain_each(folder.path, space=space, say=said.append, **QUICK).trained
    assert sum("Nothing to train" in line for line in said) == 2
    check_openings(folder, openings=3)
    said.clear()
    assert not retrain_each(folder.path, space=space, say=said.append, **QUICK).trained
    assert sum("Nothing to train" in line for line in said) == 3


def test_other_images_than_the_searchs_would_be_divided_by_its_splits(
    searched: tuple[RunFolder, Space], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = searched
    typed = ["--search", str(folder.path), "--seeds=1", "--epochs=1", "--no-baselines"]
    assert command.main([*typed, "--set=data.seed=5", "--set=wandb=off"]) == 0
    assert "mean" in capsys.readouterr().out
    report = json.loads((folder.classes / "top/retrain/metrics.json").read_text())
    assert report["split_digest"] != load_splits(folder.split)[2].digest
    assert not (folder.classes / "top/split.npz").exists()
    assert command.main([*typed, "--set=data.normal=[top]", "--set=wandb=off"]) == 0
    alone = json.loads(folder.metrics.read_text())
    assert alone["normal"] == ["top"]
    assert alone["split_digest"] == load_splits(folder.split)[2].digest


@pytest.mark.parametrize(
    ("names", "folders"),
    [
        (("T-shirt/top", "Ankle boot"), ["T-shirt-top", "Ankle-boot"]),
        (("a b", "a/b"), ["0-a-b", "1-a-b"]),
        (("Cat", "cat"), ["0-Cat", "1-cat"]),
        (("..", "größe"), ["0-", "1-größe"]),
    ],
)
def test_two_classes_would_share_a_folder_or_leave_it(
    names: tuple[str, ...], folders: list[str]
) -> None:
    run_folder = RunFolder(Path("runs/one"))
    found = class_folders(run_folder, names)
    assert list(found) == list(names)
    assert [place.path for place in found.values()] == [run_folder.classes / own for own in folders]


def digits(normal: str) -> Space:
    data = {"dataset": "digits", "normal": normal if normal == "each" else [normal]}
    fixed = {"width": 4, "batch_normals": 32}
    return Space.model_validate(
        {"detector": "autoencoder", "data": data, "fixed": fixed, "epochs": 1, "trials": 1}
    )


def test_what_is_forecast_would_be_of_a_single_class() -> None:
    alone, each = trial_bytes(digits("0")), trial_bytes(digits("each"))
    assert (each.state, each.best) == (10 * alone.state, 10 * alone.best)


def test_a_dry_run_would_describe_the_images_of_a_single_class() -> None:
    space = digits("each")
    assert images_text(space, found_splits(space)) == (
        "Images: 10 classes, each normal in turn: fit 111 to 117 normal and 11 to 12 anomalous, "
        "validation 28 to 29 normal and 258 to 259 anomalous."
    )


def test_doctor_would_look_at_a_single_class() -> None:
    found = node_facts._data(DataConfig(dataset="digits", normal=("each",)))
    assert "10 classes, each normal in turn: fit 111 to 117 normal" in found.text
    assert not found.error


def test_the_time_of_a_single_class_would_be_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    result = EpochResult(
        epoch=1, losses={}, metrics={}, seconds=2.0, images_per_second=100.0, diverged=False
    )
    monkeypatch.setattr(Trainer, "epoch", lambda trainer: {0: result})
    alone, each = (epoch_seconds(digits(normal), Machine(cpus=1)) for normal in ("0", "each"))
    assert each == 10 * alone


def test_the_smallest_class_would_not_be_warned_of() -> None:
    config = DataConfig(dataset="digits", normal=("each",), validation_anomalies=19)
    splits: tuple[Split, ...] = make_splits(config, find(config))
    assert "validation 28 to 29 normal and 19 anomalous" in split_text(config, splits)
    assert list(warnings(config, splits)) == list(warnings(config, splits[3:4]))
    assert len(list(warnings(config, splits))) == 1
