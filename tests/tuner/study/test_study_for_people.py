"""The study's file as optuna-dashboard and Optuna's pictures show it."""

from collections.abc import Mapping
from pathlib import Path

import optuna
import pytest

from models import detectors
from models.hyperparameters import Value
from tests.tuner.simulated import Simulation, small_space
from tests.tuner.study.test_study_file import cut_back
from tuner.engine.attempt import Report
from tuner.record.journal import read_journal
from tuner.study import on_disk

DECLINE = (0.9, 0.95, 0.6, 0.7)


def declining(_hyperparameters: Mapping[str, Value], epoch: int) -> float:
    return DECLINE[epoch - 1]


def opened(folder: Path) -> optuna.Study:
    address = on_disk.study_url(folder / "study.db")
    return optuna.load_study(study_name=None, storage=address)


@pytest.mark.parametrize("tables", [on_disk.REVISION, "of another Optuna"])
def test_a_decline_would_be_invisible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: str
) -> None:
    monkeypatch.setattr(on_disk, "REVISION", tables)
    space = small_space(trials=3, epochs=4, scheduler={"name": "none"})
    simulation = Simulation(space, tmp_path, curve=declining)
    for _ in range(6):  # into the second trial
        simulation.fill()
        simulation.step()
    simulation.engine.close()
    Simulation(space, tmp_path, curve=declining).run().close()
    for trial in opened(tmp_path).get_trials():
        assert trial.intermediate_values == dict(enumerate(DECLINE, start=1))
        assert trial.value == 0.95, "its value is the objective's: the best"


@pytest.mark.parametrize("tables", [on_disk.REVISION, "of another Optuna"])
def test_a_study_would_not_say_what_it_is_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: str
) -> None:
    monkeypatch.setattr(on_disk, "REVISION", tables)
    space = small_space(trials=2, sampler={"seed": 7})
    Simulation(space, tmp_path).engine.close()
    Simulation(space.model_copy(update={"trials": 3}), tmp_path).run().close()
    made = opened(tmp_path)
    assert made.metric_names == ["best_auroc"]
    told = {"detector": space.detector, "data": "digits", "seed": 7, "epochs": 9}
    assert told.items() <= made.user_attrs.items()
    assert made.user_attrs["normal"] == space.data.normal_text


@pytest.mark.parametrize("tables", [on_disk.REVISION, "of another Optuna"])
def test_a_published_value_outside_its_range_would_stretch_every_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: str
) -> None:
    monkeypatch.setattr(on_disk, "REVISION", tables)
    published = detectors.published("two-discriminator-gan")
    name, values = next(iter(published.items()))
    rate = detectors.resolve("two-discriminator-gan", values)["generator_lr"]
    low = float(rate) * 2
    space = small_space(trials=4, search={"generator_lr": {"log": [low, low * 10]}})
    Simulation(space, tmp_path).run().close()
    shown, *others = opened(tmp_path).get_trials()
    assert shown.user_attrs["published"] == name
    assert shown.params["generator_lr"] == low
    assert shown.user_attrs["outside its range, shown at the end"] == {"generator_lr": rate}
    drawn = [trial for trial in others if "published" not in trial.user_attrs]
    assert drawn
    assert not any("outside its range, shown at the end" in trial.user_attrs for trial in drawn)
    assert all(low <= trial.params["generator_lr"] <= low * 10 for trial in (shown, *others))


@pytest.mark.parametrize("name", ["a%20b c", "what?", "{x}#größe;b&c=d"])
def test_a_folders_name_would_lead_the_study_elsewhere(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    Simulation(small_space(), folder, slots=2).run().close()
    assert {path.name for path in tmp_path.iterdir()} == {name}
    cut_back(3)(folder)
    Simulation(small_space(), folder, slots=2).run().close()
    assert {path.name for path in tmp_path.iterdir()} == {name}
    assert {path.name for path in folder.iterdir()} == {"events.jsonl", "study.db"}
    assert len(opened(folder).get_trials()) == 12


@pytest.mark.parametrize("tables", [on_disk.REVISION, "of another Optuna"])
def test_a_paused_trial_would_look_as_if_it_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: str
) -> None:
    monkeypatch.setattr(on_disk, "REVISION", tables)
    space = small_space(scheduler={"type": "promote"}, sampler={"name": "tpe"})
    simulation = Simulation(space, tmp_path, slots=3)
    while not any(view.state == "paused" and view.epochs > 1 for view in simulation.engine.trials):
        simulation.fill()
        simulation.step()
    simulation.engine.close()
    simulation = Simulation(space, tmp_path, slots=3)
    for event in read_journal(tmp_path / "events.jsonl"):
        simulation.engine._recorder.study.apply(event)
    shown = {trial.number: trial.user_attrs for trial in opened(tmp_path).get_trials()}
    for view in simulation.engine.trials:
        pauses = [one.epochs for one in view.decisions if one.decision.action == "pause"]
        told = shown[view.number].get("paused after epoch")
        assert told == (", ".join(map(str, pauses)) or None)
    assert "1, 3" in {attributes.get("paused after epoch") for attributes in shown.values()}
    simulation.run().close()


@pytest.mark.parametrize("tables", [on_disk.REVISION, "of another Optuna"])
def test_a_diverged_trial_would_look_like_one_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: str
) -> None:
    monkeypatch.setattr(on_disk, "REVISION", tables)
    simulation = Simulation(small_space(trials=4), tmp_path)
    simulation.fill()
    simulation.step()
    (attempt_id,) = simulation.running
    simulation.engine.report(attempt_id, Report(outcome="diverged", reason="diverged: loss is NaN"))
    simulation.let_go(attempt_id)
    engine = simulation.run()
    diverged, *others = opened(tmp_path).get_trials()
    assert diverged.user_attrs["reason"] == "diverged: loss is NaN"
    assert list(diverged.constraints.values()) == [1.0], "above 0: infeasible"
    assert not any(trial.constraints for trial in others)
    seen = engine._recorder.study._suggestions._study.get_trials()
    assert not any(trial.constraints for trial in seen), "the sampler would heed them"
    engine.close()
