"""An ensemble of a retrain: which trainings it is of, when it is kept, and what becomes of it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from models.data.config import DataConfig
from models.data.loading import load_training
from models.data.protocol import make_split
from models.data.sources import Source, find
from models.data.split import Split
from models.ensemble import Ensemble, load_scoring
from tests.tuner.retrain.choosing.scripted import WithoutLosses
from tests.tuner.retrain.conftest import EPOCHS, WIDTH, make_run
from tests.tuner.retrain.test_divergences import training
from tuner.durability.restore import keep_retrained
from tuner.errors import TunerError
from tuner.export.card import model_card
from tuner.figures.advice import advice
from tuner.figures.metrics import model_decisions, model_test
from tuner.record.run_folder import RunFolder
from tuner.report.decided import decisions
from tuner.report.material import read_material
from tuner.report.writing import sections_of
from tuner.retrain.__main__ import main
from tuner.retrain.choosing.candidates import Asked
from tuner.retrain.ensemble import Member, in_turns
from tuner.retrain.flow import RetrainSummary, retrain
from tuner.retrain.model_folder import open_model
from tuner.retrain.report import flat_metrics
from tuner.score.__main__ import main as score
from tuner.simulation.search import simulate
from tuner.space import Machine, Space, load_space
from tuner.storage import open_storage

Quick = Callable[..., RetrainSummary]


def test_those_of_one_trial_would_crowd_the_others_out() -> None:
    def pool(label: str, *diverged: bool) -> list[Member]:
        return [
            Member(trained=training(0, 0.9, 1 if each else None), label=label, seed=number)
            for number, each in enumerate(diverged)
        ]

    pools = [pool("a", False, False, True, False), pool("b", True, False), pool("c", False)]
    dealt = [f"{one.label}{one.seed}" for one in in_turns(pools, 9)]
    assert dealt == ["a0", "b1", "c0", "a1", "a3"]
    assert [one.seed for one in in_turns(pools[:1], 2)] == [0, 1]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A retrain whose ensemble is better on validation than the best training alone."""

    folder: Path
    summary: RetrainSummary

    def data(self) -> tuple[DataConfig, Source, Split]:
        """What it is trained and judged on."""
        config = load_space(self.folder / "best.yaml").data
        source = find(config)
        return config, source, make_split(config, source)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Of a simulated search, whose two best cannot be told apart in so few trainings."""
    folder = tmp_path_factory.mktemp("runs") / "digits-1"
    space = Space.model_validate(
        {
            "detector": "deep-svdd",
            "data": {"dataset": "digits", "normal": ["7"]},
            "fixed": {"width": WIDTH},
            "search": {"learning_rate": {"log": [4e-4, 8e-4]}},
            "epochs": EPOCHS,
            "trials": 4,
        }
    )
    simulate(space, folder, WithoutLosses(best={"learning_rate": 6e-4}), workers=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tuner.retrain.jobs.find_machine", lambda: Machine(cpus=1, gpus=0))
        summary = retrain(
            folder,
            seeds=2,
            baselines=False,
            among=Asked(top=2, until=0.999, most=4),
            ensemble=3,
            say=lambda text: None,
        )
    return Kept(folder=folder, summary=summary)


def test_a_figure_of_the_ensemble_would_be_of_something_else(kept: Kept) -> None:
    metrics, block = kept.summary.metrics, kept.summary.metrics["ensemble"]
    with np.load(RunFolder(kept.folder).scores) as scores:
        arrays = dict(scores)
    labels = arrays["validation_label"]
    members = open_model(kept.folder).detector
    assert isinstance(members, Ensemble)
    validation = load_training(*kept.data()).validation
    singles = [roc_auc_score(labels, one.score(validation.images)) for one in members.members]
    assert block["single"] == pytest.approx(max(singles))
    together = roc_auc_score(labels, arrays["validation_ensemble"][0])
    assert block["validation"] == pytest.approx(together)
    assert block["kept"] and together > max(singles)
    tested, of_test = arrays["test_ensemble"][0], arrays["test_label"]
    assert block["test"]["auroc"]["mean"] == pytest.approx(roc_auc_score(of_test, tested))
    assert block["test"]["auprc"]["mean"] == pytest.approx(average_precision_score(of_test, tested))
    gain = block["test"]["auroc"]["mean"] - metrics["test"]["auroc"]["mean"]
    assert block["ahead"]["best"]["auroc"] == pytest.approx(gain)
    low, high = block["ahead"]["best"]["ci95"]
    assert low < gain < high < low + 0.5
    flagged = tested > open_model(kept.folder).detector.threshold
    assert model_decisions(metrics)["true_positives"] == (of_test & flagged).sum()
    assert model_test(metrics) is block["test"]
    first, other, second = block["members"]
    choice = metrics["chosen_among"]
    assert first["label"] == second["label"] == f"trial {choice['chosen']}"
    assert [first["seed"], second["seed"]] == metrics["configuration"]["seeds"]
    assert [other["label"]] == [f"trial {trial}" for trial in choice["may_be_best"]]
    assert flat_metrics(metrics)["test/ensemble/auroc"] == block["test"]["auroc"]["mean"]


def test_the_model_would_not_be_the_ensemble(kept: Kept, tmp_path: Path) -> None:
    model = open_model(kept.folder)
    assert isinstance(model.detector, Ensemble) and len(model.detector.members) == 3
    block = kept.summary.metrics["ensemble"]
    assert model.card["figures"]["test_auroc"]["mean"] == block["test"]["auroc"]["mean"]
    settings = [one["hyperparameters"] for one in model.card["ensemble"]["members"]]
    assert settings == [one.hyperparameters for one in model.detector.members]
    assert settings[0] == settings[2] != settings[1]
    pictures = kept.folder / "retrain"
    out = tmp_path / "scores.csv"
    assert score(["--model", str(kept.folder), str(pictures), "--out", str(out)]) == 0
    assert "normal" in out.read_text() or "anomaly" in out.read_text()
    text = model_card(model, "detector.onnx")
    assert "| trainings whose standardised scores are averaged | 3 |" in text
    assert "the ensemble is the model" in text


def test_a_reader_would_not_be_told_of_the_ensemble(kept: Kept) -> None:
    lines, block = "\n".join(kept.summary.lines()), kept.summary.metrics["ensemble"]
    assert any(line.startswith("ensemble of 3 ") for line in lines.splitlines())
    assert f"2 of trial {kept.summary.metrics['chosen_among']['chosen']}, 1 of trial" in lines
    assert "The model that is kept, the ensemble of 3:" in lines
    assert "Each image is scored 3 times." in lines.replace("\n", " ")
    assert "the ensemble: " in lines
    found = decisions(read_material(RunFolder(kept.folder)), kept.summary.metrics)
    assert found is not None
    assert len(found.missed) == block["test"]["confusion"]["seeds"][0]["false_negatives"]


def test_the_report_would_not_show_the_ensemble(kept: Kept) -> None:
    material = read_material(RunFolder(kept.folder))
    sections = {one.key: one for one in sections_of(material)}
    chosen = kept.summary.metrics["chosen_among"]["chosen"]
    assert material.chosen == f"trial {chosen}", "not the first of the search"
    assert sections["verdict"].sentence.startswith(f"Trial {chosen}, chosen among the best of 4")
    assert "tuner.score" in sections["verdict"].context["next"][0], "the model is there to be used"
    assert [row["label"] for row in sections["test"].context["contenders"]][1] == "ensemble of 3"
    assert "the ensemble is the model" in sections["test"].context["ensemble"]
    assert json.dumps(sections["images"].context).count("ensemble of 3 trainings") == 1
    cards = {card.title: card.figure for card in sections["verdict"].context["cards"]}
    auroc = kept.summary.metrics["ensemble"]["test"]["auroc"]["mean"]
    assert cards["test AUROC of the model, the ensemble of 3"] == f"{auroc:.4f}"
    assert "the ensemble is the model" in (kept.folder / "report.html").read_text()


def test_the_same_command_would_open_the_test_split_again_or_another_would_not(
    quick_retrain: Quick, tmp_path: Path
) -> None:
    folder = make_run(tmp_path / "runs" / "digits-1")
    options = {"seeds": 3, "epochs": 1, "ensemble": 2}
    assert quick_retrain(folder, **options).trained
    assert not quick_retrain(folder, **options).trained
    without = quick_retrain(folder, seeds=3)
    assert without.trained and "ensemble" not in without.metrics
    assert quick_retrain(folder, **options | {"ensemble": 3}).trained


def test_an_ensemble_that_is_no_better_would_be_kept(quick_retrain: Quick, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "runs" / "pca", detector="pca", fixed={"components": 8})
    summary = quick_retrain(folder, seeds=3, ensemble=3)
    block = summary.metrics["ensemble"]
    assert (block["kept"], block["validation"]) == (False, block["single"])
    assert "test" not in block
    assert not isinstance(open_model(folder).detector, Ensemble)
    with np.load(RunFolder(folder).scores) as scores:
        assert "test_ensemble" not in scores
    assert "no ensemble is kept" in " ".join(summary.lines())


def test_a_mixture_would_be_judged_on_the_labels_that_it_was_fitted_to(
    quick_retrain: Quick, tmp_path: Path
) -> None:
    folder = make_run(
        tmp_path / "runs" / "mixed",
        fixed={"width": WIDTH, "patch_n": 2, "score": "mixture"},
    )
    block = quick_retrain(folder, seeds=2, epochs=2, ensemble=2).metrics["ensemble"]
    with np.load(RunFolder(folder).scores) as scores:
        held_out, labels = scores["validation_best"], scores["validation_label"]
    singles = [roc_auc_score(labels, one) for one in held_out]
    assert block["single"] == pytest.approx(max(singles))
    normal = held_out[:, ~labels]
    standard = (held_out - normal.mean(1)[:, None]) / normal.std(1)[:, None]
    assert block["validation"] == pytest.approx(roc_auc_score(labels, standard.mean(0)))


def test_an_ensemble_without_labels_would_have_a_threshold_by_labels(
    quick_retrain: Quick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.retrain.ensemble.Weighed.is_kept", True)
    data = {"dataset": "digits", "normal": ["3"], "validation": "synthetic"}
    folder = make_run(tmp_path / "runs" / "synthetic", data=data)
    quick_retrain(folder, seeds=2, epochs=2, ensemble=2)
    with np.load(RunFolder(folder).scores) as scores:
        normal = scores["validation_ensemble"][0][~scores["validation_label"]]
    threshold = open_model(folder).detector.threshold
    assert threshold == pytest.approx(np.quantile(normal, 0.95), abs=1e-6)


def test_advice_would_be_on_single_trainings_where_the_ensemble_is_the_model(kept: Kept) -> None:
    lead = {"auroc": -0.1, "ci95": [-0.2, -0.05]}
    other = {**kept.summary.metrics, "label": "PCA", "detector": "pca"}
    metrics = {**kept.summary.metrics, "baselines": {"pca": other}, "ahead": {"pca": lead}}
    better = {"auroc": 0.2, "ci95": [0.1, 0.3]}
    metrics["ensemble"] = {**metrics["ensemble"], "ahead": {"best": lead, "pca": better}}
    assert advice(metrics).instead == ""
    metrics["ensemble"]["ahead"]["pca"] = lead
    assert advice(metrics).instead == "pca"


def test_a_storage_would_hold_parts_of_a_replaced_ensemble(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    storage = open_storage(str(tmp_path / "kept"))
    folder = tmp_path / "runs" / "digits-1"
    shutil.copytree(kept.folder, folder)
    keep_retrained(storage, RunFolder(folder))
    copy = tmp_path / "kept" / "digits-1" / "model"
    assert isinstance(open_model(copy).detector, Ensemble)
    members = folder / "model" / "members"
    single = tmp_path / "single"
    shutil.copytree(members / "1", single)
    shutil.rmtree(folder / "model")
    single.rename(folder / "model")
    shutil.copytree(folder / "model", copy, dirs_exist_ok=True)
    assert not isinstance(load_scoring(copy), Ensemble), "old files beside it change nothing"
    keep_retrained(storage, RunFolder(folder))
    assert not (copy / "ensemble.json").exists()
    assert not list(copy.rglob("members/*/config.json"))


def test_a_longer_choice_of_other_members_would_keep_the_old_ensemble(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runs" / "digits-1"
    shutil.copytree(kept.folder, folder)
    monkeypatch.setattr("tuner.retrain.jobs.find_machine", lambda: Machine(cpus=1, gpus=0))
    monkeypatch.setattr("tuner.retrain.final_test._draw", lambda tested, folder: None)

    def chosen(until: float) -> RetrainSummary:
        asked = Asked(top=2, until=until, most=4)
        return retrain(
            folder, seeds=2, baselines=False, among=asked, ensemble=3, say=lambda text: None
        )

    assert chosen(0.998).metrics["ensemble"] == kept.summary.metrics["ensemble"]
    alone = chosen(0.501)
    assert alone.metrics["chosen_among"]["may_be_best"] == []
    assert {each["label"] for each in alone.metrics["ensemble"]["members"]} == {
        f"trial {alone.metrics['chosen_among']['chosen']}"
    }
    assert len(RunFolder(folder).test_openings.read_text().splitlines()) == 1


def test_what_cannot_be_averaged_would_be_trained(
    quick_retrain: Quick, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run(tmp_path / "runs" / "one")
    with pytest.raises(TunerError, match="averages 3 trainings, and there are --seeds 1"):
        quick_retrain(folder, ensemble=3)
    by_noise = make_run(tmp_path / "runs" / "two", objective="best_npd")
    with pytest.raises(TunerError, match="the objective best_npd needs none"):
        quick_retrain(by_noise, seeds=2, ensemble=2)
    each = make_run(tmp_path / "runs" / "each", data={"dataset": "digits", "normal": "each"})
    assert main(["--run", str(each), "--ensemble", "2"]) == 2
    assert "--ensemble 2 averages trainings of one class" in capsys.readouterr().err
    assert main(["--run", str(folder), "--ensemble", "1"]) == 2
    assert "1 leaves nothing to average" in capsys.readouterr().err
    assert not RunFolder(folder).metrics.exists()
