"""The commands as a person types them; `tuner.api` is replaced where a search would start."""

import errno
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from models.data.sources import DataNotFound
from tests.tuner.space.test_space import good_text
from tuner import retrain, schema, search
from tuner.__main__ import commands
from tuner.api import load
from tuner.command_line import check_name, run_command, seconds
from tuner.errors import TunerError
from tuner.machine import find_machine
from tuner.notices import say
from tuner.space import Machine, best_space, dump_space, load_space, resolve_scale

HEAVY = {"torch", "ray", "optuna", "wandb", "sklearn", "matplotlib"}
REPOSITORY = Path(__file__).parents[2]


class FakeApi:
    """Stands where the real search and retrain would begin; keeps what it was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        module = ModuleType("tuner.api")
        module.search = module.retrain = self._called  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "tuner.api", module)
        monkeypatch.setitem(sys.modules, "tuner.retraining", module)

    def _called(self, *positional: Any, **named: Any) -> SimpleNamespace:
        self.calls.append((positional, named))
        return SimpleNamespace(failure=None, interrupted=False, lines=list)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeApi:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(good_text(), encoding="utf-8")
    return FakeApi(monkeypatch)


def recorded_run(name: str) -> Path:
    """Leave what a started search leaves first: its resolved space."""
    folder = Path("runs") / name
    resolved = resolve_scale(load_space(Path("small.yaml")), Machine(cpus=1))
    dump_space(resolved, folder / "space.yaml")
    return folder


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)


def loaded_by(module: str, arguments: Sequence[str]) -> set[str]:
    """Run a command's main in a fresh process; return the heavy libraries it loaded."""
    code = (
        "import importlib, sys\n"
        f"status = importlib.import_module({module!r}).main({list(arguments)!r})\n"
        "print('STATUS', status, *sys.modules)"
    )
    words = python("-c", code).stdout.split("STATUS ")[-1].split()
    assert words[0] in ("0", "2")
    return HEAVY & set(words)


@pytest.mark.parametrize("module", ["tuner.search", "tuner.retrain"])
def test_help_would_wait_for_heavy_libraries(module: str) -> None:
    assert loaded_by(module, ["--help"]) == set()


def test_an_error_in_the_space_would_wait_for_heavy_libraries(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(good_text(trials="x"), encoding="utf-8")
    assert loaded_by("tuner.search", ["--space", str(tmp_path / "bad.yaml")]) == set()


def test_the_check_on_heavy_libraries_could_not_fail(tmp_path: Path) -> None:
    code = "import sklearn\nimport sys\nprint('STATUS', 0, *sys.modules)"
    assert "sklearn" in HEAVY & set(python("-c", code).stdout.split("STATUS ")[-1].split())


@pytest.mark.parametrize("module", ["tuner.search", "tuner.retrain"])
def test_help_would_not_work_as_a_process(module: str) -> None:
    done = python("-m", module, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"usage: python -m {module}" in done.stdout


def test_a_command_would_be_missing_from_the_list() -> None:
    done = python("-m", "tuner")
    assert done.returncode == 0
    assert {"tuner.search", "tuner.retrain", "tuner.schema"} <= set(commands())
    for name, about in commands().items():
        assert about
        assert f"python -m {name}" in done.stdout


@pytest.mark.parametrize(
    ("typed", "told"), [("search", "tuner.search"), ("serch", "tuner.search"), ("tuner.doctor", "")]
)
def test_a_command_typed_with_a_space_would_seem_to_work(typed: str, told: str) -> None:
    done = python("-m", "tuner", typed, "--help")
    assert done.returncode == 2
    assert f"type python -m {told or typed}" in done.stderr
    assert python("-m", "tuner", "--help").returncode == 0


def test_help_would_not_say_what_an_option_is_without_it() -> None:
    said = " ".join(search.parser().format_help().split())
    assert "--runs FOLDER the folder of all runs (default: runs)" in said
    assert "default: $RAY_ADDRESS" in said


def test_a_wrong_space_would_leave_a_traceback_or_a_run(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(good_text(trials="x", objective="f1"), encoding="utf-8")
    done = python("-m", "tuner.search", "--space", str(path), "--runs", str(tmp_path / "runs"))
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{path}:3", f"{path}:5"]
    assert not (tmp_path / "runs").exists()


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
    assert "--name" in message
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


def test_a_schema_that_cannot_be_written_would_leave_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert schema.main(["/nope/x.json"]) == 2
    assert capsys.readouterr().err == "/nope/x.json: cannot be written: No such file or directory\n"


def test_a_folder_of_another_user_would_leave_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    denied = PermissionError(errno.EACCES, "Permission denied", "/home/else")
    assert run_command(lambda: _raise(denied)) == 2
    assert capsys.readouterr().err.startswith("/home/else: this user has no permission")


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


def test_a_first_start_with_resume_would_not_start(api: FakeApi) -> None:
    assert search.main(["--space", "small.yaml", "--name", "mine", "--resume"]) == 0
    assert api.calls[0][1]["run_folder"] == Path("runs/mine")


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
        (["--space", "small.yaml", "--seed", "1.5"], "must be a whole number; got '1.5'"),
        (["--space", "small.yaml", "--name", ".x"], "the first a letter or digit"),
        (["--name", "mine"], "Say what to search with --space"),
        (["--space", "small.yaml", "--name", "../x"], "--name: must be letters"),
        (["--space", "smal.yaml"], "smal.yaml: there is no such file; nearest: small.yaml"),
        (["--space", "small.yaml", "--time-budget", "soon"], "must be a time above 0"),
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
    probe = ModuleType("tuner.probe")
    probe.epoch_seconds = lambda _space, _machine: 1.0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tuner.probe", probe)
    assert search.main(["--space", "small.yaml", "--dry-run"]) == 0
    assert "Time to train: likely about" in capsys.readouterr().out
    assert api.calls == []
    assert [path.name for path in Path().iterdir()] == ["small.yaml"]


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


def test_retrain_would_not_get_the_best_configuration(api: FakeApi) -> None:
    folder = recorded_run("mine")
    best = best_space(load_space(folder / "space.yaml"), {"patch_n": 4}, {"best_auroc": 0.9})
    dump_space(best, folder / "best.yaml")
    assert retrain.main(["--search", "runs/mine", "--seeds", "2", "--epochs", "5"]) == 0
    assert retrain.main(["--config", "runs/mine/best.yaml", "--no-baselines"]) == 0
    first, second = api.calls
    assert first[0] == second[0] == (folder,)
    assert all(callable(named.pop("track")) for _, named in api.calls)
    given = {"space": best, "published": False, "again": False, "say": say}
    assert first[1] == given | {"seeds": 2, "epochs": 5, "baselines": True}
    assert second[1] == given | {"seeds": 3, "epochs": None, "baselines": False}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--search", "runs/mime"], "there is no folder runs/mime; nearest: runs/mine"),
        (["--search", "runs/mine"], "has no best.yaml yet: let the search end first"),
        (["--search", "runs/mine", "--seeds", "0"], "must be a whole number from 1 on; got '0'"),
        (["--search", "runs/left"], "runs/left holds no search"),
        (["--search", "runs/mine/space.yaml"], "is a file: give the folder, or --config"),
        (["--search", "runs/mine/spice.yaml"], "there is no folder runs/mine/spice.yaml\n"),
        (
            ["--search", "runs/mime", "--storage", "shared"],
            "there is no folder runs/mime, and the storage {here}/shared has no such run; near",
        ),
        ([], "one of the arguments --search --config is required"),
    ],
)
def test_a_wrong_retrain_would_start_something(
    api: FakeApi, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    recorded_run("mine")
    Path("shared").mkdir()
    Path("runs/left").mkdir()
    Path("runs/left/driver.lock").touch()
    assert retrain.main(options) == 2
    assert message.format(here=Path.cwd()) in capsys.readouterr().err
    assert api.calls == []


def test_a_run_that_is_not_retrained_would_only_name_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"python -m tuner.retrain --search {tmp_path}"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match=f"there is no folder {tmp_path}/gone"):
        load(tmp_path / "gone")


@pytest.mark.parametrize("error", [TunerError("what to do"), DataNotFound("what to do")])
def test_an_error_for_people_would_end_in_a_traceback(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(lambda: _raise(error)) == 2
    assert capsys.readouterr().err == "what to do\n"


def test_a_bug_would_be_hidden_as_a_message() -> None:
    with pytest.raises(RuntimeError):
        run_command(lambda: _raise(RuntimeError("a bug")))


def test_an_interrupt_would_not_have_its_exit_code() -> None:
    assert run_command(lambda: _raise(KeyboardInterrupt())) == 130


def _raise(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("text", "total_s"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1.5h", 5400)]
)
def test_a_time_budget_would_be_misread(text: str, total_s: float) -> None:
    assert seconds(text) == total_s


@pytest.mark.parametrize("text", ["", "0", "-3", "10 minutes", "h", "nan", "1e3"])
def test_a_wrong_time_budget_would_be_taken(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time above 0 such as 90, 10m or 2h"):
        seconds(text)


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b", "x" * 101, "-x"])
def test_a_name_would_leave_the_folder_of_runs(name: str) -> None:
    with pytest.raises(TunerError, match="--name: must be letters, digits"):
        check_name(name)


def test_the_machine_would_have_no_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert find_machine().cpus >= 1
    assert find_machine().gpus == 0


def test_gpus_would_be_miscounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("tuner.machine._NVIDIA_GPUS", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert find_machine().gpus == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert find_machine().gpus == 1
