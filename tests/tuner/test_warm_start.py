"""A search that begins with what earlier ones have found, and says what it leaves out."""

import math
import shutil
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from models.hyperparameters import Value
from tests.tuner.simulated import Simulation, small_space
from tests.tuner.typed_commands import FakeApi, recorded_run
from tuner.api.options import given_options
from tuner.engine.attempt import Report
from tuner.errors import TunerError
from tuner.record.journal import read_journal, read_lines
from tuner.record.provenance import Provenance
from tuner.record.run_folder import RunFolder
from tuner.replay.comparison import replay
from tuner.search import __main__ as command
from tuner.search.named_run import check_new
from tuner.search.warm_start import begin, earlier_runs, sentences, warm_starts

needs_cmaes = pytest.mark.skipif(find_spec("cmaes") is None, reason="needs the package cmaes")


def asked(folder: Path) -> list[Mapping[str, Any]]:
    return [event for event in read_lines(folder / "events.jsonl") if event["event"] == "asked"]


def earlier(folder: Path, **changes: Any) -> Path:
    space = small_space(**{"trials": 30, "sampler": {"name": "random"}, **changes})
    Simulation(space, folder).run().close()
    return folder


def begun(folder: Path, runs: Sequence[Path], **changes: Any) -> Simulation:
    space = small_space(**{"trials": 12, **changes})
    simulation = Simulation(space, folder)
    begin(simulation.engine, earlier_runs(runs, space.detector), space, Provenance())
    return simulation


def left_out(run: Path, *, provenance: Provenance | None = None, **changes: Any) -> list[str]:
    space = small_space(**changes)
    runs = earlier_runs([run], space.detector)
    (made,) = warm_starts(runs, space, provenance or Provenance())
    return list(sentences(made))


def test_the_best_of_a_run_would_not_be_tried_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the published sets; a run that is named twice, or found the same, has one turn.

    Of the 30 trials one is a published set with other values than the space holds fixed.
    """
    run = earlier(tmp_path / "earlier")
    shutil.copytree(run, tmp_path / "same")
    begun(tmp_path / "new", [run, run, tmp_path / "same"]).run().close()
    trials = asked(tmp_path / "new")
    assert [each["taken_from"] for each in trials[:5]] == [None, None, "earlier", None, None]
    ends = {
        event["trial"]: event
        for event in read_lines(run / "events.jsonl")
        if event["event"] == "epoch"
    }
    best = max(ends, key=lambda number: ends[number]["metrics"]["best_auroc"])
    assert trials[2]["searched"] == asked(run)[best]["searched"]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == (
        f"From earlier: its best, trial {best}, is tried first; the sampler sees 29 trials of it."
    )
    assert f"From same, left out: its best, trial {best}, is tried first anyway." in said


def test_the_sampler_would_not_see_the_trials_of_a_run(tmp_path: Path) -> None:
    """With 30 known it learns at once, and suggests near the best of them."""
    run = earlier(tmp_path / "earlier", trials=60)
    tpe = {"name": "tpe"}
    begun(tmp_path / "new", [run], trials=20, sampler=tpe).run().close()
    Simulation(small_space(trials=20, sampler=tpe), tmp_path / "cold").run().close()
    warm, cold = (
        mean(abs(trial["searched"]["patch_n"] - 5) for trial in asked(tmp_path / name)[3:12])
        for name in ("new", "cold")
    )
    assert warm < cold / 2


def test_more_trials_would_be_seen_than_are_considered(tmp_path: Path) -> None:
    """Of the known the best; this search's own come first."""
    run = earlier(tmp_path / "a", trials=30)
    sampler = {"considered_trials": 20, "startup_trials": 3}
    simulation = begun(tmp_path / "new", [run], sampler=sampler)
    simulation.run()
    suggestions = simulation.engine._recorder.study._up_to_date()
    seen = suggestions._study.get_trials(deepcopy=False)
    assert [trial.number for trial in seen] == [*range(-1, -9, -1), *range(12)]
    known = suggestions._storage.known
    assert known[0].value == max(trial.value or 0 for trial in known)


@needs_cmaes
def test_cmaes_would_begin_in_the_middle(tmp_path: Path) -> None:
    search = {"abc_weight": {"log": [0.1, 5]}, "generator_lr": {"log": [2e-5, 1e-3]}}

    def far(hyperparameters: Mapping[str, Value], epoch: int) -> float:
        return 0.9 - 0.1 * abs(math.log(float(hyperparameters["generator_lr"]) / 9e-4)) + epoch / 99

    space = small_space(trials=60, search=search, sampler={"name": "random"})
    Simulation(space, tmp_path / "earlier", curve=far).run().close()
    simulation = begun(
        tmp_path / "new", [tmp_path / "earlier"], search=search, sampler={"name": "cmaes"}
    )
    simulation.run().close()
    rates = [trial["searched"]["generator_lr"] for trial in asked(tmp_path / "new")[3:8]]
    assert min(rates) > 2e-4


@pytest.mark.parametrize(
    "name",
    ["tpe-qmc", "tpe", "gp", pytest.param("cmaes", marks=needs_cmaes), "qmc", "random", "grid"],
)
def test_a_resume_would_need_the_earlier_run(tmp_path: Path, name: str) -> None:
    domains = {"patch_n": {"int": [1, 9]}, "abc_weight": {"uniform": [1, 3, 1]}}
    changes = {"sampler": {"name": name, "startup_trials": 3}, "search": domains}
    run = earlier(tmp_path / "earlier", search=domains)
    begun(tmp_path / "whole", [run], **changes).run().close()
    shutil.rmtree(run)
    lines = (tmp_path / "whole" / "events.jsonl").read_bytes().splitlines(keepends=True)
    for cut in (2, 40):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / "events.jsonl").write_bytes(b"".join(lines[:cut]))
        Simulation(small_space(**changes), folder).run().close()
        drawn, again = (
            [(e["taken_from"], e["searched"]) for e in asked(each)]
            for each in (tmp_path / "whole", folder)
        )
        assert drawn == again
        assert replay(folder / "events.jsonl").difference is None


def test_what_is_left_out_would_not_be_said(tmp_path: Path) -> None:
    simulation = Simulation(small_space(trials=20, resources={"error_retries": 0}), tmp_path / "a")
    simulation.fill()
    (attempt_id,) = simulation.running
    simulation.engine.report(attempt_id, Report(outcome="error", reason="no"))
    simulation.let_go(attempt_id)
    simulation.run().close()
    run = tmp_path / "a"
    said = left_out(run)
    assert "From a, left out: 1 trial that failed or did not end." in said
    narrow = {"patch_n": {"int": [1, 2]}, "abc_weight": {"log": [0.1, 5]}}
    said = left_out(run, search=narrow, fixed={"generator_lr": 3e-4})
    assert said[0] == "From a: nothing is taken over."
    assert any("lies outside this space: generator_lr, patch_n." in line for line in said)
    assert any(" outside this space: generator_lr of 19, patch_n of " in line for line in said)
    said = left_out(
        run,
        objective="auroc",
        epochs=12,
        sampler={"name": "qmc"},
        provenance=Provenance(images_digest="0123456789abcdef"),
    )
    assert said[0].endswith("is tried first.")
    assert said[1] == (
        "From a, left out: all trials but the best: the sampler qmc does not look at any, "
        "--set sampler.name=tpe-qmc does; the objective there is best_auroc, here auroc; trials "
        "there have 9 epochs, here 12; the digest of the images there is unknown, here "
        "0123456789ab."
    )


def test_a_published_set_that_is_best_would_be_tried_twice(tmp_path: Path) -> None:
    run = earlier(tmp_path / "a", trials=2)
    (line,) = [line for line in left_out(run) if "anyway" in line]
    assert line.startswith("From a, left out: its best, trial ")


def test_a_run_of_another_detector_would_be_begun_with(tmp_path: Path) -> None:
    run = earlier(tmp_path / "a", trials=2)
    with pytest.raises(
        TunerError, match="--from a: it searched two-discriminator-gan, and this sp"
    ):
        earlier_runs([run], "vae")
    with pytest.raises(TunerError, match="it holds no search"):
        earlier_runs([tmp_path / "nothing"], "vae")


def test_a_search_that_has_begun_would_begin_with_another(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier(Path("runs/a"), trials=2)
    recorded_run("mine")
    for options, said in (
        (["--resume", "--run", "a"], "--from is for a new search: runs/a has begun"),
        (["--space", "small.yaml", "--run", "a"], "runs/a exists"),
    ):
        assert command.main([*options, "--from", "runs/a"]) == 2
        assert capsys.readouterr().err.startswith(said)
    assert command.main(["--space", "small.yaml", "--from", "runs/gone"]) == 2
    assert "--from runs/gone: it holds no search" in capsys.readouterr().err
    assert api.calls == []
    assert command.main(["--space", "small.yaml", "--from", "a"]) == 0
    assert [each.name for each in api.claims[-1].earlier] == ["a"]


def test_python_would_have_no_word_for_it() -> None:
    """`from` is none of Python's, and `+50` no number."""
    words: dict[str, Any] = {"from": ["runs/a", "b"], "trials": "+50"}
    given = given_options(command.parser(), **words)
    assert (given.earlier, str(given.trials)) == (["runs/a", "b"], "+50")


def test_a_search_would_begin_twice_with_one_run(api: FakeApi) -> None:
    """By two ways to its folder; and again after a start that came to no trial."""
    run = earlier(Path("runs/a"), trials=2)
    again = ["--space", "small.yaml", "--from", "a", "--from", str(run.absolute())]
    assert command.main(again) == 0
    assert len(api.claims[-1].earlier) == 1
    begun(Path("runs/begun"), [run]).engine.close()
    given = command.parser().parse_args(["--resume", "--run", "begun", "--from", "a"])
    with pytest.raises(TunerError, match="has begun"):
        check_new(
            given, RunFolder(Path("runs/begun")), read_journal(Path("runs/begun/events.jsonl"))
        )


def test_a_best_for_which_no_trial_is_left_would_be_said_to_be_tried(tmp_path: Path) -> None:
    said = left_out(earlier(tmp_path / "earlier"), trials=2)
    assert "tried first" not in said[0]
    assert any("all 2 trials are others" in line for line in said)
