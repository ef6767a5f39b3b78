"""A whole retrain with a choice: quick on PCA, in Ray's processes on digits; and its refusals."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.processes import wait_until_gone
from tests.tuner.retrain.choosing.scripted import WithoutLosses
from tests.tuner.retrain.own_pictures import space_of, with_defects
from tests.tuner.simulated import small_space
from tuner.errors import TunerError
from tuner.figures.candidates import choice_sentences
from tuner.figures.metrics import read_metrics
from tuner.record.run_folder import RunFolder
from tuner.report.material import read_material
from tuner.report.writing import sections_of
from tuner.retrain import final_test, jobs
from tuner.retrain.choosing.candidates import Asked
from tuner.retrain.flow import RetrainSummary, retrain
from tuner.retrain.model_folder import open_model
from tuner.retrain.plan import Job
from tuner.retrain.training import Trained
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate
from tuner.space import Machine, Space, load_space

Retrain = Callable[..., RetrainSummary]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search of PCA on pictures with defects: six trials, of which some are alike."""
    folder = tmp_path_factory.mktemp("runs") / "pca"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNER_CACHE", str(folder.parent / "cache"))
        written = space_of(with_defects(folder.parent / "parts")).model_dump()
        several = {"fixed": {}, "search": {"components": {"int": [2, 12]}}, "trials": 6}
        space = Space.model_validate(written | several)
        simulate(space, folder, WithoutLosses(best={"components": 6.0}), workers=2)
    return folder


def quick_retrain(searched: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Retrain:
    """A retrain of a copy of the search in this process, without baselines and pictures."""
    shutil.copytree(searched, folder)
    monkeypatch.setenv("TUNER_CACHE", str(searched.parent / "cache"))
    monkeypatch.setattr("tuner.retrain.jobs.find_machine", lambda: Machine(cpus=1, gpus=0))
    monkeypatch.setattr(final_test, "_draw", lambda tested, folder: None)

    def run(**options: Any) -> RetrainSummary:
        usual: dict[str, Any] = {"seeds": 2, "epochs": 1, "baselines": False, "among": Asked(top=3)}
        return retrain(folder, **(usual | {"say": lambda text: None} | options))

    return run


@pytest.fixture
def quick(searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Retrain]:
    """The run's folder, and its retrain."""
    folder = tmp_path / "runs" / "pca"
    return folder, quick_retrain(searched, folder, monkeypatch)


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A retrain with a choice, what it said, and what the same command gave then."""

    folder: Path
    summary: RetrainSummary
    said: list[str]
    again: RetrainSummary


@pytest.fixture(scope="module")
def whole(searched: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder, said = tmp_path_factory.mktemp("whole") / "runs" / "pca", list[str]()
    with pytest.MonkeyPatch.context() as patch:
        run = quick_retrain(searched, folder, patch)
        summary = run(say=said.append)
        return Whole(folder=folder, summary=summary, said=said, again=run())


def test_the_test_split_would_be_opened_for_more_than_the_chosen_one(whole: Whole) -> None:
    metrics, choice = whole.summary.metrics, whole.summary.metrics["chosen_among"]
    openings = RunFolder(whole.folder).test_openings.read_text().splitlines()
    assert len(openings) == 1 and metrics["openings"] == {"of_configuration": 1, "of_task": 1}
    chosen = next(each for each in choice["candidates"] if each["trial"] == choice["chosen"])
    assert metrics["configuration"]["seeds"] == chosen["seeds"]
    assert max(chosen["values"]) == max(each["mean"] for each in choice["candidates"])
    ranking = read_material(RunFolder(whole.folder)).ranking
    of_trial = {one.trial.number: one.trial.hyperparameters for one in ranking}
    tested = metrics["configuration"]["contenders"]["best"]["hyperparameters"]
    assert tested["components"] == of_trial[choice["chosen"]]["components"]
    opened = [place for place, line in enumerate(whole.said) if "the test split is opened" in line]
    assert any(line.startswith("Round 1: 6 of at most 15") for line in whole.said[: opened[0]])


def test_a_choice_would_leave_what_it_no_longer_needs_or_not_what_it_found(whole: Whole) -> None:
    names = {path.name for path in whole.folder.iterdir()}
    assert names >= {"candidates.json", "retrain", "model", ".candidate-trainings"}
    assert ".retrain-work" not in names
    choice = whole.summary.metrics["chosen_among"]
    card = json.loads((whole.folder / "model" / "card.json").read_text())
    assert card["chosen_among"]["in_words"] == " ".join(choice_sentences(choice))
    lines = whole.summary.lines()
    assert any(line.startswith(f"trial {choice['chosen']} *") for line in lines)


def test_the_same_command_would_open_the_test_split_again(whole: Whole) -> None:
    assert (whole.summary.trained, whole.again.trained) == (True, False)
    assert whole.again.metrics == read_metrics(RunFolder(whole.folder).metrics)
    assert len(RunFolder(whole.folder).test_openings.read_text().splitlines()) == 1


def test_the_report_would_not_show_the_candidates(whole: Whole) -> None:
    choice = whole.summary.metrics["chosen_among"]
    sections = {one.key: one for one in sections_of(read_material(RunFolder(whole.folder)))}
    of_choice = sections["candidates"]
    assert of_choice.sentence == choice_sentences(choice)[0]
    assert [row[0].rstrip(" *") for row in of_choice.context["rows"]] == [
        f"trial {each['trial']}" for each in choice["candidates"]
    ]
    assert len(of_choice.figures["candidates"]["data"]) == 2 * len(choice["candidates"])
    keys = list(sections)
    assert keys.index("candidates") == keys.index("test") - 1
    assert of_choice.sentence in (whole.folder / "report.html").read_text()


def test_the_chosen_one_would_be_held_against_fewer_seeds_unsaid(
    quick: tuple[Path, Retrain], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = quick
    monkeypatch.setattr("tuner.retrain.contenders.BASELINES", ("random",))
    plant(monkeypatch, lambda trained: 0.9 + 0.001 * (trained.number % 2))
    summary = run(baselines=True, among=Asked(top=2, most=7))
    seeds = len(summary.metrics["configuration"]["seeds"])
    assert seeds > 2
    best, *others = (
        len(block["trainings"])
        for block in (summary.metrics, *summary.metrics["baselines"].values())
    )
    assert best == seeds and set(others) == {2}
    head = " ".join(summary.lines()[:2])
    assert f"{seeds} fresh seeds (2 of the others) of at most 1 epoch" in head


def plant(monkeypatch: pytest.MonkeyPatch, value: Callable[[Trained], float]) -> None:
    """Let trainings have these figures on validation."""
    for place in ("choose", "told"):
        monkeypatch.setattr(
            f"tuner.retrain.choosing.{place}.value_of", lambda plan, trained: value(trained)
        )


def counted_jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What is trained from now on: contender and number."""
    train_here, trained = jobs._train_here, list[tuple[str, int]]()

    def counting(of: Sequence[Job], *more: Any) -> list[Trained]:
        trained.extend((job.contender.key, number) for job in of for number in job.numbers)
        return train_here(of, *more)

    monkeypatch.setattr(jobs, "_train_here", counting)
    return trained


def openings_of(folder: Path) -> int:
    return len(RunFolder(folder).test_openings.read_text().splitlines())


def test_a_longer_choice_would_begin_anew_or_open_the_test_split_unrecorded(
    quick: tuple[Path, Retrain], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, run = quick
    monkeypatch.setattr("tuner.retrain.contenders.BASELINES", ("random",))
    plant(monkeypatch, lambda trained: 0.9 + 0.001 * (trained.number % 2))
    trained = counted_jobs(monkeypatch)
    first = run(baselines=True, among=Asked(top=2, most=5)).metrics
    assert len(trained) == 5 + 2
    before = list(trained)
    longer = run(baselines=True, among=Asked(top=2, most=8)).metrics
    added = trained[len(before) :]
    assert not set(added) & {each for each in before if each[0] != "random"}
    assert sum(key != "random" for key, _ in added) == 3
    assert longer["configuration"]["seeds"] != first["configuration"]["seeds"]
    assert openings_of(folder) == longer["openings"]["of_task"] == 2


def test_a_longer_choice_that_comes_to_the_same_would_open_the_test_split_again(
    quick: tuple[Path, Retrain], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, run = quick
    of_trial: dict[str, float] = {}
    plant(
        monkeypatch,
        lambda trained: (
            of_trial.setdefault(trained.contender, 0.9 - len(of_trial) / 10)
            + 0.001 * (trained.number % 2)
        ),
    )
    trained, said = counted_jobs(monkeypatch), list[str]()
    first = run(among=Asked(top=2, most=5)).metrics
    assert len(trained) == 4 and first["chosen_among"]["reached"]
    longer = run(among=Asked(top=2, most=9, until=0.9), say=said.append).metrics
    assert len(trained) == 4 and openings_of(folder) == 1
    assert "Its report is of these trainings: the test split stays closed." in said
    assert longer["chosen_among"]["rule"] == {**first["chosen_among"]["rule"], "most": 9} | {
        "level": 0.9
    }
    assert {**longer, "chosen_among": None} == {**first, "chosen_among": None}
    stored = read_metrics(RunFolder(folder).metrics)
    assert stored is not None and stored["chosen_among"] == longer["chosen_among"]
    assert open_model(folder).card["chosen_among"]["probability"] == pytest.approx(
        longer["chosen_among"]["probability"]
    )
    assert not run(among=Asked(top=2, most=9, until=0.9)).trained
    run(among=Asked(top=2, most=9, until=0.9), again=True)
    assert len(trained) == 8 and openings_of(folder) == 2


def test_again_would_train_again_what_was_stopped_before_its_report(
    quick: tuple[Path, Retrain], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = quick
    trained = counted_jobs(monkeypatch)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(final_test, "report_on_test", stopped)
        run(again=True)
    before = len(trained)
    run(again=True)
    assert len(trained) == before > 0


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A quick retrain that came to its `first` report, after `before` trainings of `trained`."""

    folder: Path
    run: Retrain
    first: dict[str, Any]
    trained: list[tuple[str, int]]
    before: int


@pytest.fixture
def reported(quick: tuple[Path, Retrain], monkeypatch: pytest.MonkeyPatch) -> Reported:
    folder, run = quick
    trained = counted_jobs(monkeypatch)
    first = run().metrics
    return Reported(folder=folder, run=run, first=first, trained=trained, before=len(trained))


def test_a_damaged_report_would_be_noticed_after_hours_or_cost_the_trainings(
    reported: Reported,
) -> None:
    report = RunFolder(reported.folder).metrics
    report.write_bytes(report.read_bytes().replace(b'"auroc"', b'"aurox"', 1))
    RunFolder(reported.folder).candidates.unlink()
    assert "is damaged" in refused(reported.run, among=Asked(top=3, most=18))
    assert len(reported.trained) == reported.before
    assert reported.run(again=True).metrics["test"] == reported.first["test"]
    assert len(reported.trained) == reported.before
    assert openings_of(reported.folder) == 2


def test_a_damaged_choice_would_cost_its_trainings_or_open_the_test_split_again(
    reported: Reported,
) -> None:
    RunFolder(reported.folder).candidates.write_text("{")
    assert reported.run().metrics == reported.first
    assert len(reported.trained) == reported.before
    assert openings_of(reported.folder) == 1
    assert not reported.run().trained


def test_again_would_train_nothing_where_another_report_came_between(reported: Reported) -> None:
    reported.run(among=None)
    between = len(reported.trained)
    reported.run(again=True)
    assert len(reported.trained) - between == reported.before


def stopped(*_: Any) -> None:
    raise KeyboardInterrupt


def test_fewer_trials_than_asked_for_would_be_taken_in_silence(
    quick: tuple[Path, Retrain],
) -> None:
    said: list[str] = []
    summary = quick[1](among=Asked(top=50), say=said.append)
    number = len(summary.metrics["chosen_among"]["candidates"])
    assert f"--top 50: the search has {number} finished trials that differ, " in "\n".join(said)


def refused(run: Retrain, **options: Any) -> str:
    with pytest.raises(TunerError) as caught:
        run(**options)
    return str(caught.value)


def test_what_cannot_be_chosen_would_be_trained(quick: tuple[Path, Retrain]) -> None:
    folder, run = quick
    assert "--seeds 1 with --top: how much seeds differ" in refused(run, seeds=1)
    too_few = refused(run, among=Asked(top=3, most=5))
    assert "--max-trainings 5 is too few: 3 candidates begin with 2 trainings each" in too_few
    best = load_space(folder / "best.yaml")
    changed = best.model_copy(update={"fixed": {**best.fixed, "components": 11}})
    assert "--set changes the best configuration" in refused(run, space=changed)
    label_free = best.model_copy(update={"objective": "best_npd"})
    assert "the objective best_npd needs none" in refused(run, space=label_free)
    (folder / "events.jsonl").unlink()
    assert "takes its candidates from the record of a search" in refused(run)
    assert not (folder.parent / "test-openings.jsonl").exists()


def test_a_single_finished_trial_would_be_chosen_from(tmp_path: Path) -> None:
    space = small_space(trials=1, search={}, fixed={"patch_n": 3})
    simulate(space, tmp_path / "one", Formula(best={}), workers=1)
    with pytest.raises(TunerError, match="--top 3 needs two finished trials"):
        retrain(tmp_path / "one", among=Asked(top=3))


@pytest.mark.long
def test_a_killed_choice_would_train_again_what_it_had(tmp_path: Path) -> None:
    """The whole command in processes of Ray, killed in its first round and taken up again."""
    space = small_space(
        trials=5,
        epochs=2,
        wandb="off",
        search={"patch_n": {"int": [1, 9]}},
        fixed={"width": 8},
    )
    folder = tmp_path / "run"
    simulate(space, folder, Formula(best={"patch_n": 5.0}), workers=2)
    typed = [sys.executable, "-m", "tuner.retrain", "--run", str(folder), "--top", "3"]
    typed += ["--until", "0.9", "--seeds", "2", "--max-trainings", "8", "--no-baselines"]
    kept = folder / ".candidate-trainings"
    with subprocess.Popen(
        typed, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        while not list(kept.glob("trial-*")):
            assert process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    wait_until_gone(process.pid, agents=False)
    before = {path.name for path in kept.glob("trial-*")}
    done = subprocess.run(typed, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    begun = {line.split("  ")[0] for line in done.stdout.splitlines() if "  epoch " in line}
    places = [name.split("-") for name in before]
    had = {f"{trial} {number} seed {int(seed) + 1}" for trial, number, seed in places}
    assert not {one.split("/")[0] for one in begun} & had
    assert "of at most 8 trainings; trial " in done.stdout
    assert "* " in done.stdout and "on validation with probability" in done.stdout
    assert kept.exists()
    assert len((tmp_path / "test-openings.jsonl").read_text().splitlines()) == 1
