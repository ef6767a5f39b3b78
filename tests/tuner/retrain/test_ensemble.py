"""An ensemble of a retrain: which trainings it is of, when it is kept, and what becomes of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from models.ensemble import Ensemble
from tests.tuner.retrain.choosing.scripted import WithoutLosses
from tests.tuner.retrain.conftest import EPOCHS, WIDTH, make_run
from tests.tuner.retrain.test_divergences import training
from tuner.errors import TunerError
from tuner.export.card import model_card
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
from tuner.space import Machine, Space

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
    singles = [roc_auc_score(labels, one) for one in arrays["validation_best"]]
    assert block["single"] == pytest.approx(max(singles))
    together = roc_auc_score(labels, arrays["validation_ensemble"][0])
    assert block["validation"] == pytest.approx(together)
    assert block["kept"] == (together > max(singles)) and block["kept"]
    tested, of_test = arrays["test_ensemble"][0], arrays["test_label"]
    assert block["test"]["auroc"]["mean"] == pytest.approx(roc_auc_score(of_test, tested))
    assert block["test"]["auprc"]["mean"] == pytest.approx(average_precision_score(of_test, tested))
    gain = block["test"]["auroc"]["mean"] - metrics["test"]["auroc"]["mean"]
    assert block["ahead"]["auroc"] == pytest.approx(gain)
    low, high = block["ahead"]["ci95"]
    assert low < gain < high
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
    assert model.card["ensemble"]["members"] == block["members"]
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
    assert "It takes 3 times as long to score an image." in lines.replace("\n", " ")
    assert "the ensemble: " in lines
    found = decisions(read_material(RunFolder(kept.folder)), kept.summary.metrics)
    assert found is not None
    assert len(found.missed) == block["test"]["confusion"]["seeds"][0]["false_negatives"]


def test_the_report_would_not_show_the_ensemble(kept: Kept) -> None:
    material = read_material(RunFolder(kept.folder))
    vars(material)["other"] = ""  # as if the chosen one were the search's best
    sections = {one.key: one for one in sections_of(material)}
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
    options = {"seeds": 2, "epochs": 1, "ensemble": 2}
    assert quick_retrain(folder, **options).trained
    assert not quick_retrain(folder, **options).trained
    without = quick_retrain(folder, seeds=2)
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
    assert "that one is the model" in " ".join(summary.lines())


def test_what_cannot_be_averaged_would_be_trained(
    quick_retrain: Quick, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run(tmp_path / "runs" / "one")
    with pytest.raises(TunerError, match="--ensemble 3 averages trainings, and --seeds 1 makes"):
        quick_retrain(folder, ensemble=3)
    by_noise = make_run(tmp_path / "runs" / "two", objective="best_npd")
    with pytest.raises(TunerError, match="the objective best_npd needs none"):
        quick_retrain(by_noise, seeds=2, ensemble=2)
    each = make_run(tmp_path / "runs" / "each", data={"dataset": "digits", "normal": "each"})
    assert main(["--run", str(each), "--ensemble", "2"]) == 2
    assert "--ensemble 2 is of one task, and data.normal is each" in capsys.readouterr().err
    assert main(["--run", str(folder), "--ensemble", "1"]) == 2
    assert "1 leaves nothing to average" in capsys.readouterr().err
    assert not RunFolder(folder).metrics.exists()
