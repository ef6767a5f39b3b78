"""A whole search over a space with a condition: no place has a value for what is inactive."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml

from models import detectors
from models.hyperparameters import Value
from tests.tuner.simulated import Simulation, small_space
from tuner.api.run import Run
from tuner.console.lines import best_lines
from tuner.record.events import TrialAsked, decode, encode
from tuner.record.history import History
from tuner.record.journal import read_journal, read_lines
from tuner.record.provenance import Provenance
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.replay.comparison import replay
from tuner.report.material import Material, read_material
from tuner.report.writing import sections_of, write_report
from tuner.results.leaderboard import best
from tuner.retrain.plan import make_plan
from tuner.search.tracked import searched
from tuner.search.warm_start import begin, earlier_runs, warm_starts
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate
from tuner.space import Space, load_space
from tuner.study import on_disk
from tuner.tracking.told import trial_name

NAME = "abc_weight"
SEARCH: Mapping[str, Any] = {
    NAME: {"log": [0.1, 5], "when": {"activation": "tanh"}},
    "activation": {"choice": ["leaky", "tanh"]},
    "generator_lr": {"log": [2e-5, 1e-3]},
}
CURVES = Formula(best={NAME: detectors.resolve("two-discriminator-gan", {})[NAME]})  # type: ignore[dict-item]


def conditional(**changes: Any) -> Space:
    """Its best trial has the default of what is inactive in it."""
    return small_space(**{"search": SEARCH, "trials": 30, "wandb": "off", **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("conditional")
    space = conditional(trials=40, sampler={"name": "random"})
    simulate(space, folder, CURVES, workers=3)
    return RunFolder(folder)


@pytest.fixture(scope="module")
def trials(run: RunFolder) -> Sequence[TrialView]:
    return History(read_journal(run.journal)).by_number


@pytest.fixture(scope="module")
def material(run: RunFolder) -> Material:
    return read_material(run)


def without(trials: Sequence[TrialView]) -> set[int]:
    """The trials in which it is inactive: some, and not all."""
    found = {one.number for one in trials if one.hyperparameters["activation"] == "leaky"}
    assert 3 < len(found) < len(trials) - 3
    return found


def test_an_inactive_setting_would_be_trained_with_another_value_than_its_default(
    trials: Sequence[TrialView],
) -> None:
    default = detectors.resolve("two-discriminator-gan", {})[NAME]
    off = without(trials)
    for one in trials:
        assert one.inactive == ((NAME,) if one.number in off else ())
        assert (NAME in one.settings) is (one.number not in off)
        if one.number in off and not one.published:
            assert one.hyperparameters[NAME] == default


def test_optuna_would_be_told_of_an_inactive_setting(
    run: RunFolder, trials: Sequence[TrialView]
) -> None:
    """Of a published set as well."""
    address = on_disk.study_url(run.study)
    study = optuna.load_study(study_name=None, storage=address)
    off = without(trials)
    assert {one.number for one in study.get_trials() if NAME not in one.params} == off
    assert any(trials[number].published for number in off)


def test_the_record_would_be_written_otherwise_or_not_be_replayed(run: RunFolder) -> None:
    assert replay(run.journal).difference is None
    asked = [one for one in read_journal(run.journal) if isinstance(one, TrialAsked)]
    lines = [each for each in read_lines(run.journal) if each["event"] == "asked"]
    assert [decode(encode(one)) for one in asked] == asked
    assert [line.get("inactive") for line in lines] == [
        [NAME] if each["hyperparameters"]["activation"] == "leaky" else None for each in lines
    ]


def test_a_table_would_have_a_value_of_an_inactive_setting(
    run: RunFolder, trials: Sequence[TrialView]
) -> None:
    off = without(trials)
    with run.table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {int(row["number"]) for row in rows if row[NAME] == ""} == off
    frame = Run(run.path).trials
    assert set(frame[frame[NAME].isna()]["number"]) == off
    told = searched(trials, "best_auroc", run, finished=True, failure="")
    place, number = told.columns.index(NAME), told.columns.index("number")
    assert {row[number] for row in told.rows if row[place] is None} == off
    assert NAME not in told.best


def test_the_best_would_be_shown_with_a_value_that_nobody_drew(
    run: RunFolder, trials: Sequence[TrialView]
) -> None:
    found = best(trials, "best_auroc")
    assert found is not None
    assert NAME in found.trial.inactive
    lines = best_lines(trials, "best_auroc")
    assert [line.split() for line in lines if NAME in line] == [[NAME, "-"]]
    names = [trial_name(one, list(SEARCH)) for one in trials if not one.published]
    drawn = [NAME in name for name in names]
    assert drawn == [NAME in one.settings for one in trials if not one.published]
    assert f"Inactive in it: {NAME}." in run.best.read_text(encoding="utf-8")


def test_a_retrain_of_the_best_would_not_have_the_default_of_an_inactive_setting(
    run: RunFolder,
) -> None:
    space = load_space(run.best)
    default = detectors.resolve(space.detector, {})[NAME]
    assert yaml.safe_load(run.best.read_text(encoding="utf-8"))["fixed"][NAME] == default
    plan = make_plan(run, space, seeds=1, epochs=None, baselines=False, published=None)
    assert plan.best.hyperparameters[NAME] == default


def test_a_report_would_draw_an_inactive_setting(
    material: Material, trials: Sequence[TrialView]
) -> None:
    off = without(trials)
    found = {one.key: one for one in sections_of(material)}
    rows = {row["number"]: row for row in found["leaderboard"].context["rows"]}
    column = material.searched.index(NAME)
    assert {n for n, row in rows.items() if row["settings"][column] == ("", "-")} == off
    details = found["leaderboard"].data["trials"]
    assert {int(n) for n, each in details.items() if each["settings"][NAME] == "-"} == off
    texts = [text for dots in found["slices"].figures["slices"]["data"] for text in dots["text"]]
    of_it = {int(t.split(":")[0].split()[1]) for t in texts if f": {NAME} " in t}
    assert of_it == {one.trial.number for one in material.ranking} - off
    assert dict(found["verdict"].context)["settings"]
    assert (NAME, "-") in [each[:2] for each in found["verdict"].context["settings"]]


def test_a_contour_would_have_a_point_for_an_inactive_setting(material: Material) -> None:
    found = {one.key: one for one in sections_of(material)}["slices"].data["contours"]
    (pair,) = [each for name, each in found.items() if NAME in name]
    active = [one for one, _ in material.compared.trials if NAME in one.settings]
    assert 0 < len(active) < len(material.compared.trials)
    assert len(pair["data"][1]["x"]) == len(active)


def test_a_line_across_all_settings_would_pass_through_a_value_that_it_has_not(
    material: Material, trials: Sequence[TrialView]
) -> None:
    """It passes below the axis, at a mark of its own; no trial is left out for it."""
    section = {one.key: one for one in sections_of(material)}["parallel"]
    (axis,) = [
        each
        for each in section.figures["parallel"]["data"][0]["dimensions"]
        if each["label"] == NAME
    ]
    below = axis["tickvals"][axis["ticktext"].index("-")]
    low = math.log10(0.1)
    assert below == pytest.approx(axis["range"][0])
    assert below < low
    lines = dict(zip(section.data["brushed"], axis["values"], strict=True))
    off = without(trials)
    assert {n for n, at in lines.items() if at < low} == {n for n in lines if n in off}
    assert any(n in off for n in lines)
    assert section.context["left_out"] == ""


def test_a_setting_of_some_trials_would_be_compared_with_those_of_all(
    run: RunFolder, material: Material
) -> None:
    """The report says that it is not."""
    assert material.importance is not None
    assert set(material.importance.mean) == {"activation", "generator_lr"}
    section = {one.key: one for one in sections_of(material)}["importance"]
    assert section.context["left_out"] == NAME
    page = write_report(run).read_text(encoding="utf-8")
    assert f"Left out: {NAME}, which only some trials have." in page


def test_a_warm_start_would_tell_of_what_is_inactive(run: RunFolder, tmp_path: Path) -> None:
    """Nor is it suggested: the best of the earlier run is tried as it was."""
    space = conditional(trials=8)
    runs = earlier_runs([run.path], space.detector)
    simulation = Simulation(space, tmp_path, curve=lambda _values, epoch: 0.5 + 0.01 * epoch)
    begin(simulation.engine, runs, space, Provenance())
    simulation.run().close()
    warm = next(each for each in read_lines(tmp_path / "events.jsonl") if "best" in each)
    assert warm["best"].keys() == {"activation", "generator_lr"}
    drawn = {NAME in each["searched"] for each in warm["trials"]}
    assert drawn == {True, False}
    asked = [one for one in read_journal(tmp_path / "events.jsonl") if isinstance(one, TrialAsked)]
    (taken,) = [one for one in asked if one.taken_from]
    assert taken.searched == warm["best"]
    assert taken.inactive == (NAME,)
    assert replay(tmp_path / "events.jsonl").difference is None


def test_a_trial_that_a_condition_forbids_would_be_taken_over(tmp_path: Path) -> None:
    """One with another value than the default for what is inactive here."""
    search = {**SEARCH, NAME: {"log": [0.1, 5]}}
    Simulation(
        conditional(search=search),
        tmp_path,
        curve=lambda values, _: 0.5 + 0.01 * float(values[NAME]),
    ).run().close()
    space = conditional()
    (made,) = warm_starts(earlier_runs([tmp_path], space.detector), space, Provenance())
    default = detectors.resolve(space.detector, {})[NAME]
    there = [
        one.hyperparameters for one in History(read_journal(tmp_path / "events.jsonl")).by_number
    ]
    could = [one for one in there if one["activation"] == "tanh" or one[NAME] == default]
    assert 3 < len(made.trials) == len(could) < len(there) - 3
    assert any(f"outside this space: {NAME} of " in line for line in made.left_out)


def test_a_requirement_would_be_broken_or_hinder_where_a_setting_is_inactive(
    tmp_path: Path,
) -> None:
    """With the default of what is inactive, nothing would meet it."""
    default = detectors.resolve("two-discriminator-gan", {})[NAME]
    space = conditional(require=[f"{NAME} > {default}", "generator_lr < 0.0005"])
    simulate(space, tmp_path, CURVES, workers=2)
    asked = [one for one in read_journal(tmp_path / "events.jsonl") if isinstance(one, TrialAsked)]
    drawn: list[Mapping[str, Value]] = [one.searched for one in asked if one.suggested]
    assert {each["activation"] for each in drawn} == {"leaky", "tanh"}
    for each in drawn:
        assert float(each["generator_lr"]) < 0.0005
        assert float(each.get(NAME, math.inf)) > float(default)
    assert replay(tmp_path / "events.jsonl").difference is None


def test_tpe_would_draw_a_setting_of_some_trials_at_random(tmp_path: Path) -> None:
    """It nears the best value by the trials that have one."""
    search = {**SEARCH, "activation": {"choice": ["tanh", "leaky"]}}
    curves = Formula(best={NAME: 3.0, "generator_lr": 4e-5})
    space = conditional(search=search, trials=60, sampler={"name": "tpe"})
    simulate(space, tmp_path, curves, workers=1)
    asked = [one for one in read_journal(tmp_path / "events.jsonl") if isinstance(one, TrialAsked)]
    drawn = [
        abs(math.log(float(one.searched[NAME]) / 3.0))
        for one in asked
        if one.suggested and NAME in one.searched
    ]
    assert sum(drawn[-8:]) < 0.5 * sum(drawn[:8])
