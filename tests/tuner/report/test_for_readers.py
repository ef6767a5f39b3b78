"""What somebody needs who reads the report alone: what to do, by how sure figures, at what cost."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tests.tuner.report.conftest import Runs
from tests.tuner.report.test_retrained import changed as changed_run
from tests.tuner.simulated import small_space
from tuner.figures.metrics import Metrics, model_decisions
from tuner.figures.small_samples import drop_sentence, few_normals
from tuner.record.events import DriverStarted
from tuner.record.run_folder import RunFolder
from tuner.record.trials import EndReason, TrialView
from tuner.report.axes import Axis
from tuner.report.beside import _still_rising, _tie
from tuner.report.commands import _data_of, more_trials, trials_lacking
from tuner.report.decided import decisions
from tuner.report.glossary import Explaining
from tuner.report.importance import LEAST
from tuner.report.log_lines import compared_text, logs
from tuner.report.material import Material, read_material
from tuner.report.rungs import final_places, place_text
from tuner.report.section import Section, good_range, outside_text
from tuner.report.sections import cost, images, on_test, origin, slices
from tuner.report.writing import sections_of
from tuner.results.leaderboard import Standing
from tuner.search.__main__ import parser
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate
from tuner.space import load_space
from tuner.space.domains import Log
from tuner.space.scales import at_scale

SPACES = Path(__file__).parents[3] / "search_spaces"


def of(material: Material) -> dict[str, Section]:
    return {one.key: one for one in sections_of(material)}


def changed(runs: Runs, folder: Path, change: Callable[[Metrics], None]) -> Material:
    """The retrained run with other figures."""
    return read_material(changed_run(runs, folder, change))


def beaten(by: str) -> Callable[[Metrics], None]:
    def change(metrics: Metrics) -> None:
        metrics["ahead"][by] = {"auroc": -0.1, "ci95": [-0.2, -0.05]}

    return change


def test_a_model_that_a_baseline_beats_would_come_with_commands_to_use_it(
    runs: Runs, tmp_path: Path
) -> None:
    verdict = of(changed(runs, tmp_path, beaten("autoencoder")))["verdict"]
    assert verdict.context["advice"].startswith("Do not use this model: autoencoder")
    search, retrain = (line.split()[2] for line in verdict.context["next"])
    assert (search, retrain) == ("tuner.search", "tuner.retrain")


def test_a_model_that_its_own_defaults_beat_would_not_be_searched_further(
    runs: Runs, tmp_path: Path
) -> None:
    verdict = of(changed(runs, tmp_path, beaten("pca")))["verdict"]  # it is PCA
    assert "own defaults do better" in verdict.context["advice"]
    (command,) = verdict.context["next"]
    assert "tuner.search --resume" in command and "--trials +14" in command


def test_the_search_that_is_advised_instead_would_be_refused(runs: Runs) -> None:
    data = replace(read_material(runs["retrained"]).space.data, known_classes=())
    text = _data_of(data, "pca")
    given = parser().parse_args(["--space", str(SPACES / "pca.yaml"), "--set", f"data={text}"])
    space = load_space(SPACES / "pca.yaml", overrides=given.overrides)
    assert space.data == replace(data, anomalies_per_normal=0)


def test_the_search_that_is_advised_instead_would_want_more_images_than_there_are(
    runs: Runs,
) -> None:
    """Each scale of a space says how many of its own data it takes."""
    few = replace(read_material(runs["retrained"]).space.data, fit_normals=50)
    for given in (few, replace(few, fit_normals=None)):
        override = f"data={_data_of(given, 'autoencoder')}"
        space = load_space(SPACES / "autoencoder.yaml", overrides=[override])
        assert space.scales
        for name in space.scales:
            assert at_scale(space, name).data.fit_normals == given.fit_normals


def test_a_detector_without_published_settings_would_leave_open_why_there_is_no_gain(
    runs: Runs,
) -> None:
    said = " ".join(of(read_material(runs["retrained"]))["verdict"].context["sentences"])
    assert "Nobody has published settings of the detector pca" in said
    assert "nothing was searched" not in said
    known = " ".join(of(read_material(runs["finished"]))["verdict"].context["sentences"])
    assert "are sets of settings that others have published" in known and "yardstick" in known


def test_a_tie_and_what_broke_it_would_not_be_told(runs: Runs) -> None:
    first, second, *_ = read_material(runs["finished"]).ranking
    assert _tie([first, second]) == ""
    level = replace(second, value=first.value)
    assert "is called the best because it has the lower number" in _tie([first, level])
    longer = replace(level.trial, rows=(*first.trial.rows, first.trial.rows[-1]))
    assert "because it trained fewer epochs" in _tie([first, replace(level, trial=longer)])


def test_one_of_several_bests_would_be_taken_for_a_reason_to_widen_a_range(runs: Runs) -> None:
    material = read_material(runs["finished"])
    first, second, *_ = material.ranking
    domain = Log(low=0.01, high=1.0)

    def sentence(*values: float) -> str:
        axis = Axis(name="weight", domain=domain, values=list(values))
        places = [
            replace(one, value=0.9, trial=replace(one.trial, hyperparameters={"weight": value}))
            for one, value in zip((first, second), values, strict=True)
        ]
        return slices._sentence(cast(Material, SimpleNamespace(ranking=places)), [axis])

    assert "2 trials tie as the best" in sentence(0.99, 0.1)
    assert "near no end" in sentence(0.99, 0.1)
    assert "all of them near an end of the range of weight" in sentence(0.99, 0.98)


def test_a_best_that_was_still_rising_would_seem_to_be_trained_to_its_end(runs: Runs) -> None:
    material = read_material(runs["finished"])
    first = material.ranking[0]

    def with_values(*values: float) -> Standing:
        rows = tuple(
            replace(first.trial.rows[0], epoch=epoch, metrics={material.metric: value})
            for epoch, value in enumerate(values, start=1)
        )
        return replace(first, trial=replace(first.trial, rows=rows), epoch=len(rows), since=1)

    whole = [0.9] * (material.space.epochs - 1)
    assert "longer may give more" in _still_rising(material, with_values(*whole, 0.95))
    assert _still_rising(material, with_values(*whole, 0.9)) == ""
    assert _still_rising(material, with_values(*whole, 0.8)) == ""
    assert _still_rising(material, with_values(*whole[:-1], 0.95)) == ""


def test_times_of_the_costs_would_not_add_up(runs: Runs) -> None:
    for name in ("finished", "interrupted", "retrained"):
        rows = of(read_material(runs[name]))["cost"].context["rows"]
        parts = [float(row["time"].replace(",", "")) for row in rows if not row["total"]]
        totals = [float(row["time"].replace(",", "")) for row in rows if row["total"]]
        retrain = len(totals) == 2
        assert totals[0] == pytest.approx(sum(parts[: len(parts) - retrain]), abs=1e-6)
        assert totals[-1] == pytest.approx(sum(parts), abs=1e-6)
    assert rows[-1]["name"] == "search and retrain"
    trained = json.loads(runs["retrained"].metrics.read_text())["configuration"]
    assert rows[-2]["trials"] == len(trained["seeds"]) * len(trained["contenders"])


def test_the_kind_of_device_would_not_be_told(runs: Runs) -> None:
    material = read_material(runs["finished"])
    assert " of device time " in of(material)["cost"].sentence  # an earlier version's record
    first, *later = material.events
    assert isinstance(first, DriverStarted)
    told = replace(material, events=[replace(first, device="gpu"), *later])
    assert " of GPU time " in of(told)["cost"].sentence


def test_a_published_value_off_the_searched_range_would_not_be_drawn() -> None:
    domain = Log(low=0.01, high=2)
    axis = Axis(name="weight", domain=domain, values=[0.5, 16.0])
    assert axis.ends == (pytest.approx(-2), pytest.approx(np.log10(16)))
    assert axis.ticks[-1][1] == "16"
    assert Axis(name="weight", domain=domain, values=[0.5]).ends == axis.searched


def test_the_end_of_an_axis_would_have_no_number() -> None:
    axis = Axis(name="rate", domain=Log(low=3e-4, high=1e-2))
    assert {"0.0003", "0.0005", "0.01"} < {text for _, text in axis.ticks}


def test_points_below_the_axis_would_be_missing_without_a_word() -> None:
    near = [*np.linspace(0.9, 1, 39), 0.75]
    assert good_range(near)[0] < 0.75 and outside_text(near) == ""
    far = [*np.linspace(0.9, 1, 39), 0.1]
    assert good_range(far)[0] > 0.8
    assert outside_text(far).startswith("1 of 40 points lies below what is shown")


def test_scores_beyond_the_histogram_would_be_missing_without_a_word() -> None:
    scores = np.array([*np.linspace(0, 1, 300), 50.0])
    shown = on_test._view(scores, 0.5)
    assert shown["range"][1] < 2 and shown["bins"]["end"] > 50
    assert shown["outside"] == "1 image scores higher than what is shown, up to 50."
    whole = on_test._view(scores[:-1], 0.5)
    assert whole["outside"] == "" and whole["range"][1] > 1


def test_a_log_would_name_early_stopping_by_the_word_of_the_record(runs: Runs) -> None:
    material = read_material(runs["finished"])
    lines = logs(material)
    for trial in material.trials:
        if trial.end is EndReason.EARLY_STOPPING:
            assert lines[trial.number][-1].endswith("  ended by early stopping")


def value_at(trial: TrialView, epoch: int) -> float:
    return max(row.metrics["auroc"] for row in trial.rows[:epoch])


def test_a_rank_of_an_early_moment_would_be_the_only_one_that_is_told(runs: Runs) -> None:
    material = read_material(runs["finished"])
    places = final_places(material)
    assert {of for (_, rung), (_, of) in places.items() if rung == 1} == {len(material.trials)}
    states = {row["number"]: row["state"] for row in of(material)["leaderboard"].context["rows"]}
    for trial in material.trials:
        if trial.end is EndReason.EARLY_STOPPING:
            assert states[trial.number] == f"stopped early: {place_text(places, trial)}"
            rung = cast(int, trial.decision and trial.decision.rung)
            rank, of_all = places[trial.number, rung]
            there = [t for t in material.trials if (t.number, rung) in places]
            ahead = [value_at(t, rung) > value_at(trial, rung) for t in there]
            assert (rank, of_all) == (1 + sum(ahead), len(there))


def test_a_published_set_that_ranks_low_would_seem_to_have_passed(runs: Runs) -> None:
    material = read_material(runs["finished"])
    said = [
        compared_text(one.decision)
        for trial in material.trials
        if trial.published
        for one in trial.decisions
        if one.decision.reason
    ]
    assert said and all(text.endswith("goes on as every published set does") for text in said)
    assert "Published sets are never stopped" in of(material)["curves"].context["about"]


def scored(folder: Path, names: list[str]) -> tuple[Material, Metrics]:
    """Six images of a folder or of published data, two of which are decided wrongly."""
    arrays: dict[str, Any] = {
        "test_label": np.array([False, False, True, True, True, True]),
        "test_best": np.array([[0.1, 0.9, 0.8, 0.2, 0.7, 0.3]]),
        "test_class": np.array([0, 0, 1, 1, 2, 2]),
        "test_index": np.arange(6),
    }
    if names:
        arrays["test_name"] = np.array(names)
    np.savez(folder / "scores.npz", **arrays)
    metrics = {
        "classes": ["good", "crack", "hole"],
        "configuration": {"seeds": [7]},
        "test": {"threshold": {"seeds": [0.5]}},
    }
    run = SimpleNamespace(folder=SimpleNamespace(scores=folder / "scores.npz"))
    return cast(Material, run), metrics


def test_the_images_that_are_wrong_would_have_no_names(tmp_path: Path) -> None:
    found = decisions(*scored(tmp_path, []))
    assert found is not None
    assert [(one.name, one.kind) for one in found.missed] == [
        ("test image 3", "crack"),
        ("test image 5", "hole"),
    ]
    assert [one.name for one in found.false_alarms] == ["test image 1"]
    files = [f"test/{n}.png" for n in range(6)]
    named = decisions(*scored(tmp_path, files))
    assert named is not None and [one.name for one in named.missed] == files[3::2]


def test_the_sentence_on_missed_images_would_not_say_of_which_kinds(tmp_path: Path) -> None:
    found = decisions(*scored(tmp_path, []))
    assert images._mostly(found) == ", mostly crack (1) and hole (1),"
    assert images._mostly(None) == ""


def test_scores_of_an_earlier_version_would_cost_the_report(tmp_path: Path) -> None:
    material, metrics = scored(tmp_path, [])
    del metrics["classes"]
    assert decisions(material, metrics) is None


def test_decisions_would_be_others_than_the_retrain_counted(runs: Runs) -> None:
    material = read_material(runs["retrained"])
    assert material.metrics is not None
    found, counts = decisions(material, material.metrics), model_decisions(material.metrics)
    assert found is not None
    assert len(found.missed) == counts["false_negatives"]
    assert len(found.false_alarms) == counts["false_positives"]


def test_too_few_trials_would_come_without_the_number_that_it_takes(tmp_path: Path) -> None:
    simulate(small_space(trials=9, wandb="off"), tmp_path / "run", Formula(best={}), workers=1)
    material = read_material(RunFolder(tmp_path / "run"))
    there = len(material.compared.trials)
    assert there < LEAST
    section = of(material)["importance"]
    assert f"{there} of 9 trials have a value after epoch" in section.sentence
    lacking = trials_lacking(material)
    assert (there / 9) * (9 + lacking) >= LEAST
    assert section.context["more"] == more_trials(material, lacking)
    assert section.context["more"].endswith(f"--trials +{lacking}")


def test_more_trials_would_be_advised_where_there_are_no_more(tmp_path: Path) -> None:
    grid = small_space(
        trials=6, wandb="off", sampler={"name": "grid"}, search={"patch_n": {"int": [2, 5]}}
    )
    simulate(grid, tmp_path / "run", Formula(best={}), workers=1)
    assert trials_lacking(read_material(RunFolder(tmp_path / "run"))) == 0


def test_what_candidates_cost_that_were_not_chosen_would_be_left_out() -> None:
    def one(trial: int, values: int) -> dict[str, Any]:
        return {
            "trial": trial,
            "values": [0.9] * values,
            "epochs": 8.0,
            "training_seconds": 20.0,
        }

    choice = {"chosen": 3, "candidates": [one(3, 5), one(4, 3), one(7, 2)]}
    others = cost._others({"chosen_among": choice})
    assert (others.trials, others.epochs, others.seconds) == (5, 40, 100.0)
    assert cost._others({}).trials == 0


def test_a_map_of_pairs_would_be_drawn_from_trials_too_few_to_tell(tmp_path: Path) -> None:
    simulate(small_space(trials=9, wandb="off"), tmp_path / "run", Formula(best={}), workers=1)
    section = of(read_material(RunFolder(tmp_path / "run")))["slices"]
    assert section.context["pairs"] == []
    assert "in the order of the space file" in section.context["about"]


def test_the_best_would_hide_a_trial_of_the_same_value(runs: Runs) -> None:
    (*_, best) = slices._groups(read_material(runs["finished"]))
    assert best.marker["symbol"] == "circle-open"


def test_a_word_would_be_explained_again_and_again_or_break_the_page() -> None:
    explain = Explaining({"AUROC": 'a "rank"', "ROC": "a curve"})
    first = str(explain("the <AUROC> of ROC"))
    assert first == (
        'the &lt;<abbr title="a &#34;rank&#34;">AUROC</abbr>&gt; of '
        '<abbr title="a curve">ROC</abbr>'
    )
    assert str(explain("AUROC & ROC")) == "AUROC &amp; ROC"


def test_a_fall_from_validation_to_test_would_go_without_a_word() -> None:
    def metrics(test: float) -> Metrics:
        ends = [test - 0.02, test + 0.02]
        return {
            "test": {"auroc": {"mean": test, "ci95": ends}},
            "validation": {"auroc": {"mean": 0.98}},
            "selection": "labelled-val",
        }

    assert "falls from 0.9800 to 0.9000" in drop_sentence(metrics(0.9))
    assert drop_sentence(metrics(0.97)) == ""


@pytest.mark.parametrize(
    ("normals", "said"), [(14, "1% and 5% of them are"), (50, "1% of them is")]
)
def test_a_percent_of_a_few_images_would_pass_for_a_rate(normals: int, said: str) -> None:
    assert said in few_normals({"test": {"images": normals + 5, "anomalous": 5}})
    assert few_normals({"test": {"images": 105, "anomalous": 5}}) == ""


def test_a_repeated_search_would_be_promised_the_same_result(tmp_path: Path) -> None:
    for workers, said in ((1, "the same result"), (3, "similar, not the same")):
        run = tmp_path / str(workers)
        simulate(small_space(trials=4, wandb="off"), run, Formula(best={}), workers=workers)
        assert said in origin._same_again(read_material(RunFolder(run)))


def test_the_code_of_the_retrain_could_not_be_held_against_the_searchs(
    runs: Runs, tmp_path: Path
) -> None:
    def facts(code: str) -> str:
        material = changed(runs, tmp_path / code, lambda m: m["versions"].update(code=code))
        of_search = replace(material.history.provenance, code={"tuner": "abc"})
        material.history.provenance = of_search
        return dict(origin._versions(material, material.metrics or {}))["versions of the retrain"]

    assert "tuner code abc (the same as the search's)" in facts("abc")
    assert "tuner code def (not the search's)" in facts("def")
