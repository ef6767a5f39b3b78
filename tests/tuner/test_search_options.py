"""`tuner.search` as a person types it; `tuner.api` is replaced where a search would start."""

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.tuner.space.test_space import good_text
from tests.tuner.typed_commands import FakeApi, recorded_run
from tuner.record.lock import sole_driver
from tuner.record.run_folder import RunFolder
from tuner.replay import __main__ as replay
from tuner.report import __main__ as report
from tuner.retrain import __main__ as retrain
from tuner.score import __main__ as score
from tuner.search import __main__ as search
from tuner.space import dump_space
from tuner.watch import __main__ as watch


def test_the_options_would_not_reach_the_search(api: FakeApi) -> None:
    options = ["--space", "small.yaml", "--trials", "7", "--seed", "3", "--wandb", "off"]
    more = ["--set", "objective=auroc", "--time-budget", "10m", "--address", "auto"]
    assert search.main([*options, *more, "--name", "mine"]) == 0
    ((positional, named),) = api.calls
    (space,) = positional
    assert (space.trials, space.sampler.seed, space.wandb.mode) == (7, 3, "off")
    assert space.objective == "auroc"
    assert named == {
        "run_folder": Path("runs/mine"),
        "time_budget_s": 600.0,
        "address": "auto",
        "storage": None,
    }


def test_two_searches_would_share_a_folder(api: FakeApi) -> None:
    for _ in range(2):
        assert search.main(["--space", "small.yaml"]) == 0
        recorded_run(api.calls[-1][1]["run_folder"].name)
    assert [call[1]["run_folder"].name for call in api.calls] == ["small-1", "small-2"]


def test_an_existing_run_would_be_overwritten(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded_run("mine")
    assert search.main(["--space", "small.yaml", "--name", "mine"]) == 2
    message = capsys.readouterr().err
    assert "runs/mine exists" in message
    assert "--resume" in message
    assert "--run" in message
    assert api.calls == []


def test_a_start_that_came_to_nothing_would_block_the_next(api: FakeApi) -> None:
    Path("runs/mine").mkdir(parents=True)
    for name in ("driver.lock", "split.npz"):
        (Path("runs/mine") / name).touch()
    assert search.main(["--space", "small.yaml", "--name", "mine", "--resume"]) == 0


@pytest.mark.parametrize("left", [["driver.lock"], ["driver.lock", "split.npz", "storage.txt"]])
def test_a_start_that_came_to_nothing_would_be_gone_on_with(api: FakeApi, left: list[str]) -> None:
    recorded_run("small-1")
    Path("runs/small-2").mkdir()
    for name in left:
        (Path("runs/small-2") / name).touch()
    assert search.main(["--space", "small.yaml", "--resume"]) == 0
    assert search.main(["--space", "small.yaml"]) == 0
    assert [call[1]["run_folder"].name for call in api.calls] == ["small-1", "small-2"]


@pytest.mark.parametrize("runs", ["small.yaml", "/proc/nope", "small.yaml/below"])
def test_a_folder_that_cannot_be_made_would_leave_a_traceback(
    api: FakeApi, capsys: pytest.CaptureFixture[str], runs: str
) -> None:
    assert search.main(["--space", "small.yaml", "--runs", runs]) == 2
    said = capsys.readouterr().err
    assert f"--runs {runs}: the folder cannot be made: " in said
    assert "name another with --runs" in said
    assert api.calls == []


def test_a_folder_without_a_search_would_be_overwritten(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("runs/mine").mkdir(parents=True)
    Path("runs/mine/thesis.txt").touch()
    assert search.main(["--space", "small.yaml", "--name", "mine", "--resume"]) == 2
    assert "with thesis.txt in it, and is never overwritten" in capsys.readouterr().err
    assert api.calls == []


@pytest.mark.parametrize(
    "options",
    [
        ["--name", "small-2"],
        ["--name", "small-2", "--space", "small.yaml"],
        ["--space", "small.yaml"],
    ],
)
def test_a_run_would_not_go_on(api: FakeApi, options: list[str]) -> None:
    recorded_run("small-1")
    recorded_run("small-2")
    assert search.main([*options, "--resume", "--trials", "9"]) == 0
    ((positional, named),) = api.calls
    assert named["run_folder"] == Path("runs/small-2")
    assert (positional[0].trials, positional[0].scale) == (9, "auto")


def test_more_trials_would_be_fewer(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    """So many more than the run has, whatever the space file says."""
    recorded_run("small-1")
    assert search.main(["--resume", "--run", "small-1", "--trials", "9"]) == 0
    dump_space(api.calls[-1][0][0], Path("runs/small-1/space.yaml"))
    for options in (["--run", "small-1"], ["--space", "small.yaml"]):
        assert search.main([*options, "--resume", "--trials", "+50"]) == 0
        assert api.calls[-1][0][0].trials == 59
    assert search.main(["--space", "small.yaml", "--trials", "+50"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("--trials +50 adds to a run that there is: go on with it by --resume")
    assert search.main(["--space", "small.yaml", "--resume", "--trials", "+999999999"]) == 2
    assert capsys.readouterr().err.startswith(
        "--trials +999999999: trials: must be at most 1000000000, got 1000000008"
    )
    assert len(api.calls) == 3


def test_a_first_start_with_resume_would_not_start(api: FakeApi) -> None:
    assert search.main(["--space", "small.yaml", "--name", "mine", "--resume"]) == 0
    assert api.calls[0][1]["run_folder"] == Path("runs/mine")


def test_a_run_would_be_named_otherwise_in_each_command(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in (["--run", "small-1"], ["--name", "small-1"], ["--run", "runs/small-1"]):
        assert search.main(["--space", "small.yaml", *options]) == 0
    assert search.main(["--space", "small.yaml", "--run", "other/small-1"]) == 0
    made = [call[1]["run_folder"] for call in api.calls]
    assert made == [*[Path("runs/small-1")] * 3, Path("other/small-1")]
    for named in (["--run", "small-1"], ["runs/small-1"], ["--run", "runs/small-1"]):
        assert replay.main(named) == 2
        assert "runs/small-1 holds no record to replay" in capsys.readouterr().err
    recorded_run("small-1")
    for options in (["--run", "small-2"], ["--search", "small-2"], ["--run", "runs/small-2"]):
        assert retrain.main(options) == 2
        said = capsys.readouterr().err
        assert said.startswith("--run: there is no folder runs/small-2; nearest: runs/small-1")


def test_a_name_alone_would_mean_another_folder_in_each_command(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is that of a run in runs first; what lies here by that name is looked at after it."""
    recorded_run("small-1")
    Path("small-1").mkdir()
    for main in (replay.main, retrain.main, report.main):
        main(["--run", "small-1"])
        assert "runs/small-1" in (said := capsys.readouterr()).err + said.out
    assert search.main(["--resume", "--run", "small-1"]) == 0
    recorded_run("../mine")
    assert search.main(["--resume", "--run", "mine"]) == 0
    assert search.main(["--space", "small.yaml", "--run", "mine"]) == 0
    names = [str(call[1]["run_folder"]) for call in api.calls]
    assert names == ["runs/small-1", "mine", "runs/mine"]


@pytest.mark.parametrize(
    ("main", "more"),
    [
        (search.main, ["--space", "small.yaml"]),
        (search.main, ["--resume"]),
        (retrain.main, []),
        (replay.main, []),
        (report.main, []),
        (watch.main, []),
        (score.main, ["pictures"]),
    ],
)
def test_a_name_that_is_empty_would_be_none(
    api: FakeApi,
    capsys: pytest.CaptureFixture[str],
    main: Callable[[list[str]], int],
    more: list[str],
) -> None:
    assert main([*more, "--run", ""]) == 2
    assert "must be a run's name or its folder; got ''" in capsys.readouterr().err
    assert api.calls == []


def test_runs_that_can_go_on_would_not_be_named(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert search.main(["--resume"]) == 2
    assert (
        "There is no run in runs to go on with: start one with --space" in capsys.readouterr().err
    )
    for number in range(12):
        record = recorded_run(f"small-{number}") / "space.yaml"
        os.utime(record, (number, number))
    Path("runs/none").mkdir()
    assert search.main(["--resume"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "Say which run goes on: --resume --run <name>. In runs there are: small-11,"
    )
    assert said.endswith("small-3, small-2 and 2 older ones.\n")


def test_a_misspelt_run_would_only_be_missed(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded_run("quickstart-3")
    Path("runs/quickstar-4").mkdir()
    assert search.main(["--resume", "--name", "quickstar-3"]) == 2
    said = capsys.readouterr().err
    assert "runs/quickstar-3 holds no search to resume; nearest: quickstart-3" in said


def test_a_changed_space_would_go_on(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    recorded_run("mine")
    assert search.main(["--resume", "--name", "mine", "--seed", "5"]) == 2
    assert "sampler.seed: the run has 0, now given 5" in capsys.readouterr().err
    assert api.calls == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Say what to search: --space"),
        (["--resume", "--name", "gone"], "runs/gone holds no search to resume"),
        (["--space", "small.yaml", "--trials", "many"], "must be a whole number; got 'many'"),
        (["--space", "small.yaml", "--trials", "+few"], "must be a whole number; got 'few'"),
        (["--space", "small.yaml", "--trials", "+0"], "must be +1 or more; got +0"),
        (["--space", "small.yaml", "--seed", "1.5"], "must be a whole number; got '1.5'"),
        (["--space", "small.yaml", "--name", ".x"], "the first a letter or digit"),
        (["--name", "mine"], "Say what to search with --space"),
        (["--space", "small.yaml", "--name", "../.x"], "--run: must be letters"),
        (["--space", "smal.yaml"], "smal.yaml: there is no such file; nearest: small.yaml"),
        (["--space", "small.yaml", "--time-budget", "soon"], "must be a time above 0 and up to"),
        (["--space", "small.yaml", "--wandb", "maybe"], "invalid choice: 'maybe'"),
        (
            ["--space", "small.yaml", "--trials", "0"],
            "--trials 0: trials: must be at least 1",
        ),
        (["--space", "small.yaml", "--seed", "-1"], "--seed -1: sampler.seed: must be at least 0"),
    ],
)
def test_a_wrong_command_would_start_something(
    api: FakeApi, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert search.main(options) == 2
    assert message in capsys.readouterr().err
    assert api.calls == []
    assert not Path("runs").exists()


def test_a_dry_run_would_start_or_write_something(
    api: FakeApi, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.search.dry_run.epoch_seconds", lambda *_: 1.0)
    monkeypatch.setattr("tuner.search.dry_run.found_splits", lambda _space: ())
    assert search.main(["--space", "small.yaml", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "Time: likely about" in said
    assert api.calls == []
    assert [path.name for path in Path().iterdir()] == ["small.yaml"]


@pytest.mark.parametrize("domain", ["{int: [10, 49]}", "{int: [9, 12]}", "{choice: [9, 20]}"])
def test_a_domain_whose_values_all_mean_the_same_would_be_searched(
    api: FakeApi, capsys: pytest.CaptureFixture[str], domain: str
) -> None:
    """At 32 x 32 there are 9 patches; what a record has of earlier versions goes on."""
    recorded_run("mine")
    record = Path("runs/mine/space.yaml")
    record.write_text(record.read_text().replace("patch_n: {int: [1, 9]}", f"patch_n: {domain}"))
    assert domain in record.read_text()
    options = ["--space", "small.yaml", "--set", f"search.patch_n={domain}"]
    for more in ([], ["--dry-run"]):
        assert search.main([*options, *more]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"--set search.patch_n={domain}: search.patch_n: {domain} has nothi")
        assert "at 32 x 32 all from 9 on mean 9; begin below, or say `patch_n: 9`" in said
    assert api.calls == []
    assert search.main(["--resume", "--name", "mine"]) == 0


def test_resources_that_are_not_there_would_have_no_place(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("big.yaml").write_text(
        good_text(resources="{cpus_per_trial: 6400}", objective="f1"), encoding="utf-8"
    )
    assert search.main(["--space", "big.yaml"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("big.yaml:5: resources.cpus_per_trial: a trial asks for 6400 cores")
    assert said[1].startswith("big.yaml:6: objective: ")
    assert search.main(["--space", "small.yaml", "--set", "resources.cpus_per_trial=6400"]) == 2
    assert capsys.readouterr().err.startswith("--set resources.cpus_per_trial=6400: ")
    assert api.calls == []


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (retrain, ["--run", "runs/b-1"]),
        (report, ["--run", "runs/b-1"]),
        (replay, ["--run", "runs/b-1"]),
        (search, ["--space", "small.yaml", "--from", "runs/b-1"]),
    ],
)
def test_a_search_that_is_starting_would_be_called_none(
    command: ModuleType,
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(good_text(), encoding="utf-8")
    with sole_driver(RunFolder(Path("runs/b-1")).absolute()):
        assert command.main(options) == 2
    said = capsys.readouterr().err
    assert "runs/b-1: a search is starting there (process " in said
    assert "holds no" not in said
