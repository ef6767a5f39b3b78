"""Retrains on folders of pictures: what their figures are of, and that they say so."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from models.data.loading import load_test
from models.data.protocol import make_split
from models.data.sources import find
from models.data.synthetic import KINDS as MADE
from models.evaluation.pixels import pro
from models.fitted import FittedDetector
from tests.tuner.retrain.own_pictures import good_alone, space_of, with_defects
from tuner.errors import TunerError
from tuner.retrain.flow import RetrainSummary
from tuner.retrain.report import flat_metrics
from tuner.retrain.test_images import open_images

Quick = Callable[..., RetrainSummary]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "own-1"
    folder.mkdir(parents=True)
    return folder


def test_pixels_of_an_anomaly_without_a_mask_would_count_as_normal(
    tmp_path: Path, run: Path, quick_retrain: Quick
) -> None:
    space = space_of(with_defects(tmp_path / "parts", unmasked=2))
    metrics = quick_retrain(run, space=space).metrics
    test = load_test(space.data, find(space.data))
    assert test.masks is not None and test.masked is not None
    masked = test.masked
    maps = FittedDetector.load(run / "model").anomaly_maps(test.images[masked])
    assert maps is not None
    masks = test.masks[masked].numpy()
    found = metrics["pixels"]
    assert 0 < found["images"] == int(masked.sum()) < len(masked)
    expected = roc_auc_score(masks.ravel(), maps.numpy().ravel())
    assert found["auroc"]["mean"] == pytest.approx(expected, abs=1e-4)
    assert found["pro"]["mean"] == pytest.approx(pro(maps.numpy(), masks), abs=1e-4)
    flat = flat_metrics(metrics)
    assert flat["test/pixel_auroc"] == found["auroc"]["mean"]
    assert flat["test/pro"] == found["pro"]["mean"]
    assert flat["test/miss_rate_at_5"] == metrics["test"]["miss_rate_at_5"]["mean"]


def test_a_kind_that_is_not_found_would_be_lost_in_the_mean(
    tmp_path: Path, run: Path, quick_retrain: Quick
) -> None:
    space = space_of(with_defects(tmp_path / "parts"), normal=["good"], known_classes=["hole"])
    summary = quick_retrain(run, space=space)
    with np.load(run / "retrain" / "scores.npz") as stored:
        scores, classes = stored["test_best"][0], stored["test_class"]
        names = [str(name).split("/")[1] for name in stored["test_name"]]
    kinds = summary.metrics["by_kind"]
    assert summary.metrics["classes"] == ["good", "hole", "scratch"]
    assert [summary.metrics["classes"][each] for each in classes] == names
    for kind, unseen in (("hole", "seen"), ("scratch", "unseen")):
        chosen = np.isin(names, ["good", kind])
        expected = roc_auc_score(np.array(names)[chosen] == kind, scores[chosen])
        assert kinds[kind]["auroc"]["mean"] == pytest.approx(expected)
        assert kinds[kind]["images"] == names.count(kind) > 0
        assert summary.metrics[unseen] == kinds[kind]
    lines = summary.lines()
    assert any(line.startswith("scratch ") for line in lines)
    assert any("unseen until test" in line for line in lines)
    assert "on parts, normal: good," in lines[0]


def test_figures_on_made_anomalies_would_pass_for_real_ones(
    tmp_path: Path, run: Path, quick_retrain: Quick
) -> None:
    space = space_of(good_alone(tmp_path / "parts"), validation="synthetic")
    said: list[str] = []
    summary = quick_retrain(run, space=space, say=said.append)
    metrics = summary.metrics
    assert (metrics["selection"], metrics["test_anomalies"]) == ("synthetic-val", "synthetic")
    epochs = [line for line in said if "epoch 1/1" in line]
    assert epochs and all("on synthetic anomalies" in line for line in epochs)
    text = " ".join(summary.lines())
    assert "every test figure below is on synthetic anomalies" in text
    assert "normal: good; on synthetic anomalies," in text
    assert metrics["splits"]["test"]["anomaly_rate"] == 0.5
    assert set(metrics["by_kind"]) <= set(MADE) and len(metrics["by_kind"]) > 1
    assert "regression" not in metrics["error_decisions"]  # nothing is fitted on labels
    card = json.loads((run / "model" / "card.json").read_text())
    assert card["synthetic"] is True and card["test_anomalies"] == "synthetic"
    with np.load(run / "retrain" / "scores.npz") as stored:
        for split in ("validation", "test"):
            assert ((stored[f"{split}_index"] == -1) == stored[f"{split}_label"]).all()


def test_made_test_anomalies_would_change_from_look_to_look(tmp_path: Path) -> None:
    data = space_of(good_alone(tmp_path / "parts"), validation="synthetic").data
    source = find(data)
    split = make_split(data, source)
    one, two = (open_images(data, source, split) for _ in range(2))
    assert torch.equal(one.images.images, two.images.images)
    normals = ~one.images.anomalous
    assert one.images.masks is not None and not one.images.masks[normals].any()
    assert one.images.masks[~normals].any((1, 2)).all()
    named = [one.class_names[each] for each in one.images.classes[~normals]]
    assert set(named) <= set(MADE)


def test_the_report_of_one_folder_would_stand_for_another(
    tmp_path: Path, run: Path, quick_retrain: Quick
) -> None:
    first = space_of(with_defects(tmp_path / "parts"))
    assert quick_retrain(run, space=first).trained
    assert not quick_retrain(run, space=first).trained
    (tmp_path / "parts").rename(tmp_path / "moved")
    moved = space_of(tmp_path / "moved")
    assert not quick_retrain(run, space=moved).trained
    other = space_of(with_defects(tmp_path / "other", each=12))
    again = quick_retrain(run, space=other)
    assert again.trained
    assert again.metrics["openings"] == {"of_configuration": 1, "of_task": 1}


def test_a_folder_that_changed_since_its_search_would_be_found_out_late(
    tmp_path: Path, run: Path, quick_retrain: Quick
) -> None:
    space = space_of(with_defects(tmp_path / "parts"))
    split = make_split(space.data, find(space.data))
    split.save(run / "split.npz")
    from tuner.retrain import flow

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "recorded_space", lambda _: space)
        (tmp_path / "parts" / "train" / "good" / "3.png").unlink()
        said: list[str] = []
        with pytest.raises(TunerError, match="no longer those that the split was made of"):
            quick_retrain(run, space=space, say=said.append)
    assert not any("epoch" in line for line in said)


def test_the_next_commands_could_not_be_pasted(tmp_path: Path) -> None:
    lines = RetrainSummary(run_folder=tmp_path / "my parts", metrics=_OLD, trained=False).lines()
    model = f"'{tmp_path}/my parts/model'"
    assert lines[-2].strip().startswith(f"python -m tuner.score --model {model} IMAGES --out ")
    assert lines[-1].strip() == f"python -m tuner.export --model {model} --out detector.onnx"


def test_the_scores_of_a_class_would_be_put_into_a_new_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("scores.csv").touch()
    run = Path("runs/each/classes/0")
    run.mkdir(parents=True)
    Path("runs/each/best.yaml").touch()
    lines = RetrainSummary(run_folder=run, metrics=_OLD, trained=False).lines()
    end = "IMAGES --out each-0-scores.csv --heatmaps each-0-maps/"
    assert lines[-2].strip() == f"python -m tuner.score --model {run}/model {end}"


_FIGURE = {"mean": 0.5, "std": None, "n": 1, "seeds": [0.5], "ci95": [0.4, 0.6]}
_COUNTS = {"true_negatives": 1, "false_positives": 1, "false_negatives": 1, "true_positives": 1}
_SPLIT = dict.fromkeys(("auroc", "auprc", "f1", "accuracy", "threshold"), _FIGURE)
_OLD = {
    "label": "random",
    "detector": "random",
    "test": _SPLIT | {"confusion": {"seeds": [_COUNTS]}},
    "validation_minus_test": {"auroc": _FIGURE},
    "error_decisions": {},
    "trainings": [],
    "baselines": {},
    "splits": {
        "test": {"images": 4, "anomalous": 2, "anomaly_rate": 0.5, "flag_everything_f1": 0.6}
    },
    "selection": "labelled-val",
    "openings": {"of_configuration": 1, "of_task": 1},
    "configuration": {
        "data": {
            "dataset": "digits",
            "normal": [3],
            "anomalies_per_normal": 0.1,
            "clusters": 3,
        },
        "metric": "auroc",
        "epochs": 1,
        "seeds": [1],
        "contenders": {"best": {"detector": "random", "hyperparameters": {}}},
    },
}
"""As an earlier version wrote it, but for what is not shown."""
