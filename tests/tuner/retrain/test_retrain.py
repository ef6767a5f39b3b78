"""A whole retrain on digits: its files, its figures by scikit-learn, its look at the test."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    roc_auc_score,
)

from models import detectors
from models.data import digits
from models.data.loading import load_test
from models.data.protocol import make_split
from models.data.sources import DataNotFound, find
from models.fitted import FittedDetector
from tests.tuner.retrain.conftest import EPOCHS, SEEDS, WIDTH, make_run, make_search
from tuner.cli import output
from tuner.errors import TunerError
from tuner.figures.metrics import keyed_blocks, write_metrics
from tuner.figures.words import spread_text
from tuner.record.lock import sole_driver
from tuner.record.run_folder import RunFolder
from tuner.retrain import final_test, flow, jobs
from tuner.retrain.flow import RetrainSummary, retrain
from tuner.retrain.report import flat_metrics
from tuner.retrain.scores import SeedScores, seed_scores
from tuner.retrain.tracked import retrained
from tuner.space import load_space

Quick = Callable[..., RetrainSummary]
CURVES = ("roc.png", "pr.png", "confusion.png")
PICTURES = (*CURVES, "examples-fit.png", "examples-test.png", "maps-test.png")


def scores_of(summary: RetrainSummary) -> dict[str, np.ndarray]:
    with np.load(summary.run_folder / "retrain" / "scores.npz") as stored:
        return dict(stored)


def test_a_file_of_the_report_would_be_missing_or_half_done(summary: RetrainSummary) -> None:
    folder = summary.run_folder
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    arrays = ("scores.npz", "telling-images.npz")
    expected = {f"retrain/{name}" for name in (*PICTURES, *arrays, "metrics.json")}
    model = {
        f"model/{name}" for name in ("card.json", "config.json", "model.safetensors", "sums.json")
    }
    assert names == expected | {"best.yaml", "test-openings.jsonl"} | model
    for name in PICTURES:
        content = (folder / "retrain" / name).read_bytes()
        assert content.startswith(b"\x89PNG") and content.endswith(b"IEND\xaeB`\x82")
    written = json.loads((folder / "retrain" / "metrics.json").read_text())
    assert len(written.pop("sha256")) == 64
    assert written == summary.metrics


def test_minutes_of_scoring_would_pass_without_a_word(
    quick_retrain: Quick,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def slow(*given: Any, **options: Any) -> SeedScores:
        time.sleep(0.2)
        return seed_scores(*given, **options)

    monkeypatch.setattr(output, "_REMIND_S", 0.05)
    monkeypatch.setattr(final_test, "seed_scores", slow)
    quick_retrain(make_run(tmp_path / "digits-1"), seeds=2)
    said = capsys.readouterr().out
    for seed in (1, 2):
        assert f"Scoring with two-discriminator-gan seed {seed}/2: 0 s so far" in said


@pytest.mark.parametrize("key", ["best", "defaults", "autoencoder", "pca", "random"])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_figure_would_differ_from_scikit_learn(
    summary: RetrainSummary, key: str, split: str
) -> None:
    stored = scores_of(summary)
    labels, scores = stored[f"{split}_label"], stored[f"{split}_{key}"]
    figures = keyed_blocks(summary.metrics)[key][split]
    flagged = scores > np.array(figures["threshold"]["seeds"])[:, None]
    assert len(scores) == SEEDS
    expected = {
        "auroc": [roc_auc_score(labels, score) for score in scores],
        "auprc": [average_precision_score(labels, score) for score in scores],
        "f1": [f1_score(labels, one, zero_division=0.0) for one in flagged],
        "accuracy": [accuracy_score(labels, one) for one in flagged],
        "balanced_accuracy": [balanced_accuracy_score(labels, one) for one in flagged],
    }
    for name, seeds in expected.items():
        assert figures[name]["seeds"] == pytest.approx(seeds)
        assert figures[name]["mean"] == pytest.approx(np.mean(seeds))
        assert figures[name]["std"] == pytest.approx(np.std(seeds, ddof=1))
        assert figures[name]["n"] == SEEDS
    for one, counts in zip(flagged, figures["confusion"]["seeds"], strict=True):
        assert confusion_matrix(labels, one).ravel().tolist() == list(counts.values())


def test_the_gap_between_validation_and_test_would_be_wrong(summary: RetrainSummary) -> None:
    for block in keyed_blocks(summary.metrics).values():
        gap = block["validation"]["auroc"]["mean"] - block["test"]["auroc"]["mean"]
        assert block["validation_minus_test"]["auroc"]["mean"] == pytest.approx(gap)


def test_a_threshold_on_the_error_would_come_from_elsewhere(summary: RetrainSummary) -> None:
    stored = scores_of(summary)
    decisions = keyed_blocks(summary.metrics)["autoencoder"]["error_decisions"]
    normal = ~stored["validation_label"]
    quantiles = [np.quantile(e[normal], 0.95) for e in stored["validation_error_autoencoder"]]
    assert decisions["quantile_0.95"]["test"]["threshold"]["seeds"] == pytest.approx(quantiles)
    for name in ("regression", "training_loss", "quantile_0.95"):
        figures = decisions[name]["test"]
        f1 = [
            f1_score(stored["test_label"], error > threshold)
            for error, threshold in zip(
                stored["test_error_autoencoder"], figures["threshold"]["seeds"], strict=True
            )
        ]
        assert figures["f1"]["seeds"] == pytest.approx(f1)
    assert set(summary.metrics["error_decisions"]) == {"regression"}


def test_the_model_would_score_otherwise_than_the_report_says(summary: RetrainSummary) -> None:
    data = load_space(summary.run_folder / "best.yaml").data
    test = load_test(data, find(data))
    fitted = FittedDetector.load(summary.run_folder / "model")
    stored, metrics = scores_of(summary), summary.metrics
    place = metrics["configuration"]["seeds"].index(metrics["model_seed"])
    np.testing.assert_allclose(fitted.score(test.images), stored["test_best"][place], atol=1e-6)
    assert fitted.threshold == metrics["test"]["threshold"]["seeds"][place]
    kept = [max(one["validation_auroc"]) for one in metrics["trainings"]]
    assert kept[place] == max(kept)


def test_the_card_of_the_model_would_say_something_else(summary: RetrainSummary) -> None:
    card = json.loads((summary.run_folder / "model" / "card.json").read_text())
    metrics, fitted = summary.metrics, FittedDetector.load(summary.run_folder / "model")
    assert (card["dataset"], card["normal"]) == ("digits", ["3"])
    assert card["classes"] == list("0123456789")
    assert (card["detector"], card["hyperparameters"]) == (fitted.detector, fitted.hyperparameters)
    assert card["threshold"] == fitted.threshold
    figure = metrics["test"]["auroc"]
    assert card["figures"]["test_auroc"] == {key: figure[key] for key in ("mean", "std", "ci95")}
    baselines = card["figures"]["baselines"]
    assert set(baselines) == {"autoencoder", "pca", "random"}
    expected = metrics["baselines"]["pca"]["test"]["auroc"]["mean"]
    assert baselines["pca"]["test_auroc"]["mean"] == expected
    assert card["synthetic"] is False and card["licence"] is None


def test_the_lead_over_a_baseline_would_have_another_sign_or_no_interval(
    summary: RetrainSummary,
) -> None:
    metrics, blocks = summary.metrics, keyed_blocks(summary.metrics)
    assert set(metrics["ahead"]) == set(blocks) - {"best"}
    for key, ahead in metrics["ahead"].items():
        mean = blocks["best"]["test"]["auroc"]["mean"] - blocks[key]["test"]["auroc"]["mean"]
        assert ahead["auroc"] == pytest.approx(mean)
        low, high = ahead["ci95"]
        assert low <= ahead["auroc"] <= high and low < high


def test_the_gap_to_validation_would_compare_shares_of_anomalies(summary: RetrainSummary) -> None:
    """AUPRC, F1 and accuracy depend on that share, which the two splits do not have in common."""
    for block in keyed_blocks(summary.metrics).values():
        assert set(block["validation_minus_test"]) == {"auroc"}


def test_a_mixture_would_hide_what_the_error_alone_is_worth(
    tmp_path: Path, quick_retrain: Quick
) -> None:
    folder = make_run(tmp_path / "run", fixed={"width": WIDTH, "score": "mixture"})
    summary = quick_retrain(folder)
    stored = scores_of(summary)
    expected = roc_auc_score(stored["test_label"], stored["test_error_best"][0])
    assert summary.metrics["error_auroc"]["mean"] == pytest.approx(expected)
    assert summary.metrics["test"]["auroc"]["mean"] != pytest.approx(expected)
    assert any("by its reconstruction error alone" in line for line in summary.lines())
    assert summary.metrics["score"] == "mixture"
    assert "a supervised one" in summary.metrics["supervision"]


def test_a_figure_would_not_say_which_score_it_is_by(summary: RetrainSummary) -> None:
    blocks = keyed_blocks(summary.metrics)
    names = {key: block.get("score") for key, block in blocks.items()}
    assert names["pca"] == "squared_error" and names["autoencoder"] == names["best"] == "error"
    assert not any("supervision" in block for block in blocks.values())
    text = " ".join(summary.lines())
    assert "judged by: two-discriminator-gan error," in text and "pca squared_error" in text


def test_a_seed_that_diverged_would_pass_for_whole_or_become_the_model(
    tmp_path: Path, quick_retrain: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_here = jobs._train_here

    def first_diverges(*given: Any) -> list[Any]:
        return [
            replace(one, diverged_epoch=None if one.number else 2) for one in train_here(*given)
        ]

    monkeypatch.setattr(jobs, "_train_here", first_diverges)
    summary = quick_retrain(make_run(tmp_path / "run"), seeds=2)
    metrics = summary.metrics
    assert metrics["diverged_seeds"] == [1]
    assert metrics["model_seed"] == metrics["configuration"]["seeds"][1]
    assert "seed 1/2 diverged at epoch 2: it is no whole" in " ".join(summary.lines())


def test_wandb_would_lack_epochs_or_pictures_of_a_retrain(summary: RetrainSummary) -> None:
    metrics, folder = summary.metrics, RunFolder(summary.run_folder)
    told = retrained(metrics, folder)
    configured = metrics["configuration"]
    assert told.config["epochs"] == configured["epochs"]
    assert configured["contenders"]["best"]["hyperparameters"].items() <= told.config.items()
    assert told.figures == flat_metrics(metrics)
    assert {"roc", "pr", "confusion", "examples-test"} <= set(told.pictures)
    for key, block in keyed_blocks(metrics).items():
        for number, training in enumerate(block["trainings"], start=1):
            name = f"validation/{key}/seed-{number}/auroc"
            told_of = [row[name] for row in told.rows if name in row]
            assert told_of == training["validation_auroc"]
    assert len(told.rows) == configured["epochs"]


def test_a_score_would_belong_to_another_image(summary: RetrainSummary) -> None:
    data = load_space(summary.run_folder / "best.yaml").data
    stored, classes = scores_of(summary), digits.training_part(data, find(data)).index.classes
    assert (classes[stored["validation_index"]] == stored["validation_class"]).all()
    assert ((stored["validation_class"] != 3) == stored["validation_label"]).all()
    assert summary.metrics["split_digest"] == make_split(data, find(data)).digest


def test_the_defaults_would_not_be_the_published_set_at_the_same_width(
    summary: RetrainSummary,
) -> None:
    contenders = summary.metrics["configuration"]["contenders"]
    expected = detectors.resolve(
        "two-discriminator-gan",
        {"width": WIDTH, **detectors.published("two-discriminator-gan")["W1"]},
    )
    assert contenders["defaults"]["hyperparameters"] == expected
    assert contenders["best"]["hyperparameters"]["generator_lr"] == 5e-4
    assert contenders["autoencoder"]["hyperparameters"]["width"] == WIDTH


def test_an_epoch_would_pass_in_silence(summary: RetrainSummary, said: list[str]) -> None:
    metrics = summary.metrics
    for number, training in enumerate(metrics["trainings"], 1):
        for epoch, auroc in enumerate(training["validation_auroc"], 1):
            line = (
                f"two-discriminator-gan seed {number}/{SEEDS}  epoch {epoch}/{EPOCHS}  "
                f"validation AUROC {auroc:.4f}"
            )
            assert line in said


def test_the_terminal_would_not_show_the_figures(summary: RetrainSummary) -> None:
    text = " ".join(summary.lines())
    for block in keyed_blocks(summary.metrics).values():
        auroc = block["test"]["auroc"]
        row = next(line for line in summary.lines() if line.startswith(f"{block['label']}  "))
        assert spread_text(auroc) in row
        for name in ("miss_rate_at_5", "miss_rate_at_1", "balanced_accuracy"):
            assert f"{block['test'][name]['mean']:.1%}" in row
        assert len(row) <= 100
        gap = f"{block['validation_minus_test']['auroc']['mean']:+.4f}"
        assert f"{block['label']} {gap}" in text
    splits = summary.metrics["splits"]["test"]
    assert f"{splits['anomaly_rate']:.1%} anomalous" in text
    assert f"{splits['flag_everything_f1']:.4f}" in text
    assert "opened once for this configuration" in text
    assert str(summary.run_folder / "retrain") in text


def test_a_finished_report_would_be_trained_and_tested_again(
    summary: RetrainSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "train_all", None)
    monkeypatch.setattr(digits, "test_part", None)
    for published in (True, False):
        again = retrain(summary.run_folder, seeds=SEEDS, published=published, say=lambda text: None)
        assert not again.trained
        assert again.metrics == summary.metrics
    with pytest.raises(TypeError):
        retrain(summary.run_folder, seeds=SEEDS + 1, say=lambda text: None)


def test_a_second_look_at_the_test_would_go_unnoticed(tmp_path: Path, quick_retrain: Quick) -> None:
    folder = make_search(tmp_path / "runs" / "one")
    said: list[str] = []
    assert quick_retrain(folder, say=said.append).metrics["openings"]["of_configuration"] == 1
    assert not any("Warning" in line for line in said)
    second = quick_retrain(folder, again=True, say=said.append)
    assert second.metrics["openings"] == {"of_configuration": 2, "of_task": 2}
    assert any("Warning" in line and "opening 2" in line for line in said)
    elsewhere = make_search(tmp_path / "runs" / "two")
    assert quick_retrain(elsewhere).metrics["openings"]["of_configuration"] == 3
    assert not any("replaces" in line for line in said)
    longer = quick_retrain(elsewhere, epochs=2, say=said.append)
    assert any("this one replaces it" in line for line in said)
    assert longer.metrics["openings"] == {"of_configuration": 4, "of_task": 4}
    record = tmp_path / "runs" / "test-openings.jsonl"
    assert len(record.read_text().splitlines()) == 4


def test_a_copied_best_would_be_tested_for_the_first_time_on_record(
    tmp_path: Path, quick_retrain: Quick
) -> None:
    folder, said = make_run(tmp_path / "cfg", result={"trial": 3, "value": 0.9}), list[str]()
    first = quick_retrain(folder, say=said.append)
    told = " ".join([*said, *first.lines()])
    assert "first time" not in told
    assert "comes from a search, trial 3 of it, whose record is not here: whether its" in told
    assert "opened at least once for this configuration, at least once for these images" in told
    assert first.metrics["openings"] == {"of_configuration": 1, "of_task": 1, "at_least": True}
    quick_retrain(folder, again=True, say=said.append)
    assert any("Warning: this is at least opening 2 of the test split" in line for line in said)


def test_a_retrain_without_baselines_would_take_back_that_pca_is_better(
    tmp_path: Path, quick_retrain: Quick
) -> None:
    folder = make_search(tmp_path / "run")
    beaten = quick_retrain(folder).metrics
    pca = {**beaten, "label": "pca", "detector": "pca"}
    beaten["baselines"]["pca"] = {key: pca[key] for key in ("label", "detector", "test")}
    beaten["ahead"]["pca"] = {"auroc": -0.0756, "ci95": [-0.09, -0.06]}
    write_metrics(beaten, folder / "retrain" / "metrics.json")
    for options in ({"again": True}, {"epochs": 2}):  # of which the second replaces the first
        told = " ".join(quick_retrain(folder, **options).lines())
        assert "Do not use this model: PCA" in told and "better on the test images by" in told
        assert "an earlier retrain of this configuration on the same split" in told
    wider = load_space(folder / "best.yaml", ["fixed.width=4"])
    assert "beaten_before" not in quick_retrain(folder, space=wider).metrics


def test_the_test_would_be_opened_for_a_detector_that_cannot_be_used(
    tmp_path: Path, quick_retrain: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("on the wrong device")

    monkeypatch.setattr("models.fitted.FittedDetector.score", broken)
    with pytest.raises(TunerError, match=r"on the wrong device\. The test split was not opened"):
        quick_retrain(make_search(tmp_path / "runs" / "one"))
    assert (tmp_path / "runs" / "test-openings.jsonl").read_text() == ""


def test_a_configuration_alone_would_leave_files_outside_of_its_folder(
    tmp_path: Path, quick_retrain: Quick
) -> None:
    folder = make_run(tmp_path / "home" / "someone")
    assert quick_retrain(folder).metrics["openings"]["of_task"] == 1
    assert quick_retrain(folder, again=True).metrics["openings"]["of_task"] == 2
    assert list((tmp_path / "home").iterdir()) == [folder]


def test_the_test_would_be_read_before_its_opening_is_written_down(
    tmp_path: Path, quick_retrain: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_search(tmp_path / "run")

    def test_part(config: Any, source: Any) -> Any:
        assert len((tmp_path / "test-openings.jsonl").read_text().splitlines()) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(digits, "test_part", test_part)
    with pytest.raises(KeyboardInterrupt):
        quick_retrain(folder)
    assert {path.name for path in folder.iterdir()} == {"best.yaml", "space.yaml"}


def test_an_opening_would_be_counted_of_a_test_split_that_cannot_be_opened(
    tmp_path: Path, quick_retrain: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_search(tmp_path / "run")
    asked: list[Any] = []

    def check_test(config: Any, source: Any) -> None:
        asked.append(source)
        if len(asked) == 2:  # the files went away while it trained
            raise DataNotFound("no test files")

    monkeypatch.setattr(digits, "check_test", check_test)
    with pytest.raises(DataNotFound, match="no test files"):
        quick_retrain(folder)
    assert (tmp_path / "test-openings.jsonl").read_text() == ""


def test_a_training_would_start_whose_test_files_are_missing(
    tmp_path: Path, quick_retrain: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_test(config: Any, source: Any) -> None:
        raise DataNotFound("no test files")

    monkeypatch.setattr(digits, "check_test", check_test)
    said: list[str] = []
    with pytest.raises(TunerError, match="no test files"):
        quick_retrain(make_run(tmp_path / "run"), say=said.append)
    assert not any("epoch" in line for line in said)


def test_a_failed_training_would_end_in_a_traceback(
    tmp_path: Path, quick_retrain: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run(tmp_path / "run", fixed={"width": WIDTH, "generator_lr": 1e-3})
    monkeypatch.setattr("tuner.retrain.training.Trainer", None)
    with pytest.raises(TunerError, match="two-discriminator-gan: TypeError") as caught:
        quick_retrain(folder)
    failure = RunFolder(folder).retrain_failure
    assert failure.name in str(caught.value)
    assert "Traceback" in failure.read_text()
    assert not (folder / "retrain").exists()
    monkeypatch.undo()


def test_a_space_that_still_searches_would_be_trained(tmp_path: Path) -> None:
    folder = make_run(
        tmp_path / "run", search={"patch_weight": {"uniform": [0, 5]}}, fixed={}, trials=2
    )
    with pytest.raises(TunerError, match="patch_weight under `search`"):
        retrain(folder, say=lambda text: None)
    with pytest.raises(TunerError, match=r"has no best\.yaml"):
        retrain(tmp_path, say=lambda text: None)


def test_a_search_at_work_would_be_called_one_that_was_stopped(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with sole_driver(folder), pytest.raises(TunerError) as caught:
        retrain(folder.path, say=lambda text: None)
    assert str(caught.value).endswith(": wait for its end")
    assert f"process {os.getpid()} on" in str(caught.value)


def test_two_retrains_of_a_run_would_write_over_each_other(
    tmp_path: Path, quick_retrain: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run(tmp_path / "run")

    def second(setting: Any, say: Any, **_: Any) -> Any:
        monkeypatch.undo()
        with pytest.raises(TunerError, match="by another process"):
            retrain(folder, say=say)
        assert setting.work.is_dir()
        raise KeyboardInterrupt

    monkeypatch.setattr(flow, "train_all", second)
    with pytest.raises(KeyboardInterrupt):
        quick_retrain(folder)


def test_a_damaged_split_would_end_in_a_traceback(tmp_path: Path, quick_retrain: Quick) -> None:
    folder = make_run(tmp_path / "run")
    data = load_space(folder / "best.yaml").data
    split = make_split(data, find(data))
    (folder / "split.npz").write_bytes(b"PK torn")
    with pytest.raises(TunerError, match=r"run/split\.npz is not a stored split .* delete it"):
        quick_retrain(folder)
    (folder / "split.npz").unlink()
    assert quick_retrain(folder).metrics["split_digest"] == split.digest


def test_the_split_of_the_search_would_be_replaced_by_another(
    tmp_path: Path, quick_retrain: Quick
) -> None:
    """Overridden data make a new split; the search's own is used as it lies there."""
    folder = make_run(tmp_path / "run")
    space = load_space(folder / "best.yaml")
    data = load_space(folder / "best.yaml", ["data.seed=7"]).data
    other = make_split(data, find(data))
    other.save(folder / "split.npz")
    assert quick_retrain(folder, space=space).metrics["split_digest"] == other.digest
    changed = load_space(folder / "best.yaml", ["data.seed=8"])
    assert quick_retrain(folder, space=changed).metrics["split_digest"] != other.digest
