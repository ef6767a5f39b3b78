"""Names of runs, and what starts leave that came to nothing."""

import math
import os
import re
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.tuner.fake_trials import trial
from tests.tuner.simulated import Simulation, small_space
from tests.tuner.typed_commands import FakeApi
from tuner.api import search
from tuner.backend.ray_backend import RayBackend
from tuner.cli.command_line import seconds
from tuner.engine.engine import Engine
from tuner.errors import OutOfTime, TunerError
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.lock import driver_of, sole_driver
from tuner.record.run_folder import RunFolder
from tuner.record.run_names import check_runs, free_name, newest_name, which_run
from tuner.search.__main__ import main
from tuner.space import Machine, dump_space, resolve_scale


def run(runs: Path, name: str) -> None:
    (runs / name).mkdir(parents=True)
    (runs / name / "space.yaml").touch()


def test_a_name_would_be_given_twice(tmp_path: Path) -> None:
    assert free_name("a", tmp_path / "none") == "a-1"
    for name in ("a-2", "a-10", "a-x", "b-99", "a-3.old"):
        run(tmp_path, name)
    assert free_name("a", tmp_path) == "a-11"
    assert free_name("a", tmp_path, ["a-12"]) == "a-13"


def test_a_run_whose_space_is_lost_would_not_be_named_among_those_that_go_on(
    tmp_path: Path,
) -> None:
    run(tmp_path, "a-1")
    os.utime(tmp_path / "a-1" / "space.yaml", (0, 0))
    (tmp_path / "a-2").mkdir()
    (tmp_path / "a-2" / "events.jsonl").touch()
    (tmp_path / "none").mkdir()
    assert which_run(tmp_path).endswith(" there are: a-2, a-1.")


def test_a_run_without_a_record_would_go_on(tmp_path: Path) -> None:
    for name in ("a-2", "a-10", "a-11"):
        (tmp_path / name).mkdir()
    found = newest_name("a", tmp_path, ["a-12", "a-9"], is_run=lambda name: name < "a-11")
    assert found == "a-10"
    assert newest_name("a", tmp_path, is_run=lambda name: False) is None


def test_a_search_that_is_just_starting_would_lose_its_name(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a-1")
    with sole_driver(folder):
        assert "process" in (driver_of(folder) or "")
        assert free_name("a", tmp_path) == "a-2"
        with pytest.raises(TunerError, match="is being searched by another driver"):
            sole_driver(folder).__enter__()
    assert driver_of(folder) is None


def test_a_start_that_came_to_nothing_would_leave_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    folder = RunFolder(tmp_path / "runs" / "a-1")
    with pytest.raises(TunerError, match="storage"):
        search(small_space(), run=folder.path, storage=tmp_path / "file" / "below")
    assert not folder.path.exists()


def test_a_run_would_be_taken_for_what_a_start_leaves(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a-1")
    with sole_driver(folder):
        folder.space.touch()
        folder.split.touch()
    assert {path.name for path in folder.path.iterdir()} >= {"space.yaml", "split.npz"}


def test_the_check_of_the_folder_of_runs_would_leave_something(tmp_path: Path) -> None:
    check_runs(tmp_path / "new" / "runs")
    assert list(tmp_path.iterdir()) == []


def test_which_run_it_is_would_not_be_said_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_data: object) -> None:
        raise TunerError("no images")

    monkeypatch.setattr("tuner.search.session.find", refused)
    for first in ("New run a-1.", "Run a-1 goes on."):
        with pytest.raises(TunerError, match="no images"):
            search(small_space(), run=tmp_path / "a-1", resume=True)
        assert capsys.readouterr().out.splitlines()[0] == first
        dump_space(resolve_scale(small_space(), Machine(cpus=2)), tmp_path / "a-1" / "space.yaml")


def test_a_search_that_goes_on_would_not_say_which_time_budget_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = resolve_scale(small_space(wandb={"mode": "off"}), Machine(cpus=2))
    dump_space(space, tmp_path / "a-1" / "space.yaml")
    first = Simulation(space, tmp_path / "a-1", time_budget_s=90)
    first.run().close()
    used_s = first.engine.seconds
    found = search(space, run=tmp_path / "a-1", resume=True, time_budget=used_s + 1e-4)
    assert not found.finished
    assert len(found.trials) == len(first.engine.trials)
    said = capsys.readouterr().out
    assert "Time budget of all starts together: 1:3" in said
    assert "is used; --time-budget changes it." in said
    assert "is used up; --time-budget gives it more." in said
    assert re.search(r"--resume --run \S+a-1 --time-budget \dm", said)


def test_the_command_that_goes_on_would_give_less_time_than_was_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first epoch may take longer than the whole budget."""

    def slow(_backend: object, engine: Engine, *_: object, **__: object) -> None:
        began = engine.clock()
        engine.clock = lambda: began + 100.0

    monkeypatch.setattr(RayBackend, "connected", lambda _: nullcontext(Machine(cpus=1)))
    monkeypatch.setattr(RayBackend, "run", slow)
    space = small_space(wandb={"mode": "off"})
    with pytest.raises(OutOfTime, match="used up before any trial had a score"):
        search(space, run=tmp_path / "a-1", time_budget=5)
    used_s = History(read_journal(RunFolder(tmp_path / "a-1").journal)).seconds
    assert used_s >= 100
    (given,) = re.findall(r"--time-budget (\S+)", capsys.readouterr().out.partition("--resume ")[2])
    assert seconds(given) >= 2 * used_s


def test_a_used_up_time_budget_would_start_ray_and_name_a_command_that_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(_backend: object) -> None:
        raise AssertionError("Ray is started")

    monkeypatch.setattr(RayBackend, "connected", started)
    monkeypatch.setattr(RayBackend, "check", lambda _backend, _space: None)
    space = resolve_scale(small_space(wandb={"mode": "off"}), Machine(cpus=2))
    dump_space(space, tmp_path / "a-1" / "space.yaml")
    first = Simulation(space, tmp_path / "a-1", time_budget_s=90)
    first.run().close()
    resume = ["--resume", "--run", str(tmp_path / "a-1")]
    for more in ([], ["--time-budget", "80s"]):
        assert main([*resume, *more]) == OutOfTime.exit_code == 3
        said = capsys.readouterr().err
        assert said.startswith("The time budget of all starts together, 1:")
        assert "and nothing was started. Give it more:\n  python -m" in said
        assert re.search(r"tuner\.search --resume --run \S+/a-1 --time-budget [34]m\n$", said)
    with pytest.raises(AssertionError, match="Ray is started"):
        search(space, run=tmp_path / "a-1", resume=True, time_budget=10_000)


def test_a_time_budget_in_which_nothing_was_found_would_end_as_one_that_found_something(
    api: FakeApi, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for trials, code in (([trial(0, math.nan, state="pruned")], 3), ([trial(0, 0.9)], 0), ([], 3)):
        summary = SimpleNamespace(
            failure=None,
            signal=None,
            interrupted=False,
            finished=False,
            out_of_budget=True,
            trials=trials,
        )
        monkeypatch.setattr(api, "_called", lambda *_, found=summary, **__: found)
        assert main(["--space", "small.yaml", "--time-budget", "1s"]) == code
