"""What all commands keep: help at once, exit codes, messages instead of tracebacks."""

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from models.data.sources import DataNotFound
from tests.tuner.space.test_space import good_text
from tuner.__main__ import commands
from tuner.cli.command_line import check_name, run_command, seconds, seconds_text
from tuner.errors import TunerError
from tuner.search import __main__ as search
from tuner.space import schema

HEAVY = {"torch", "ray", "optuna", "wandb", "sklearn", "matplotlib"}
REPOSITORY = Path(__file__).parents[2]


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)


def loaded_by(module: str, arguments: Sequence[str]) -> set[str]:
    """Run a command's main in a fresh process; return the heavy libraries it loaded."""
    code = (
        "import importlib, sys\n"
        f"status = importlib.import_module({module + '.__main__'!r}).main({list(arguments)!r})\n"
        "print('STATUS', status, *sys.modules)"
    )
    words = python("-c", code).stdout.split("STATUS ")[-1].split()
    assert words[0] in ("0", "2")
    return HEAVY & set(words)


@pytest.mark.parametrize(
    "module",
    [f"tuner.{name}" for name in ("search", "retrain", "report", "watch", "score", "export")],
)
def test_help_would_wait_for_heavy_libraries(module: str) -> None:
    assert loaded_by(module, ["--help"]) == set()


def test_an_error_in_the_space_would_wait_for_heavy_libraries(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(good_text(trials="x"), encoding="utf-8")
    assert loaded_by("tuner.search", ["--space", str(tmp_path / "bad.yaml")]) == set()


def test_the_check_on_heavy_libraries_could_not_fail(tmp_path: Path) -> None:
    code = "import sklearn\nimport sys\nprint('STATUS', 0, *sys.modules)"
    assert "sklearn" in HEAVY & set(python("-c", code).stdout.split("STATUS ")[-1].split())


COMMANDS = {
    f"tuner.{name}"
    for name in (
        "detectors",
        "doctor",
        "export",
        "new",
        "replay",
        "report",
        "retrain",
        "score",
        "search",
        "watch",
    )
}


@pytest.mark.parametrize("module", ["tuner.search", "tuner.retrain"])
def test_help_would_not_work_as_a_process(module: str) -> None:
    done = python("-m", module, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"usage: python -m {module}" in done.stdout


def test_a_command_would_be_missing_from_the_list() -> None:
    done = python("-m", "tuner")
    assert done.returncode == 0
    assert set(commands()) == COMMANDS
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
    assert "--runs FOLDER the folder of all runs, for a name alone (default: runs)" in said
    assert "default: $RAY_ADDRESS" in said


def test_a_wrong_space_would_leave_a_traceback_or_a_run(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(good_text(trials="x", objective="f1"), encoding="utf-8")
    done = python("-m", "tuner.search", "--space", str(path), "--runs", str(tmp_path / "runs"))
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{path}:3", f"{path}:5"]
    assert not (tmp_path / "runs").exists()


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


@pytest.mark.parametrize("error", [TunerError("what to do"), DataNotFound("what to do")])
def test_an_error_for_people_would_end_in_a_traceback(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(lambda: _raise(error)) == 2
    assert capsys.readouterr().err == "what to do\n"


def test_a_bug_would_be_hidden_as_a_message() -> None:
    with pytest.raises(RuntimeError):
        run_command(lambda: _raise(RuntimeError("a bug")))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENAMETOOLONG, "File name too long", "x/y"), "x/y: File name too long\n"),
        (OSError(errno.ELOOP, "Too many levels of links", b"x"), "x: Too many levels of links\n"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device\n"),
    ],
)
def test_a_path_that_no_system_takes_would_leave_a_traceback(
    error: OSError, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(lambda: _raise(error)) == 2
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (">&-", "standard output is closed: send it to a file, or to /dev/null\n"),
        (">/dev/full", "standard output: No space left on device\n"),
        ("</dev/null 1<&0", "standard output: Bad file descriptor\n"),
        (">&- 2>&-", ""),
        (">/dev/full 2>/dev/full", ""),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_bad_standard_output_would_leave_a_traceback(
    place: str, said: str, unbuffered: str
) -> None:
    code = (
        "import sys; from tuner.cli.command_line import run_command\n"
        "sys.exit(run_command(lambda: print('ü') or 0))"
    )
    line = f'{sys.executable} -c "{code}" {place}'
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )
    assert (done.returncode, done.stderr) == (2, said)


def test_a_letter_that_a_terminal_lacks_would_leave_a_traceback() -> None:
    code = (
        "import sys; from tuner.cli.command_line import run_command\n"
        "sys.exit(run_command(lambda: print('\\xfc', '\\udcff') or 0))"
    )
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
        env=os.environ | ascii_alone,
    )
    assert (done.returncode, done.stdout) == (0, "\\xfc \\udcff\n")


def test_an_interrupt_would_not_have_its_exit_code() -> None:
    assert run_command(lambda: _raise(KeyboardInterrupt())) == 130


def _raise(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("text", "total_s"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1.5h", 5400)]
)
def test_a_time_budget_would_be_misread(text: str, total_s: float) -> None:
    assert seconds(text) == total_s


@pytest.mark.parametrize("text", ["", "0", "-3", "10 minutes", "h", "nan", "1e3", "9" * 400])
def test_a_wrong_time_budget_would_be_taken(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time above 0 and up to 11574d such as 90, 10m"):
        seconds(text)


def test_a_time_that_is_printed_would_not_be_read_back() -> None:
    for total_s, text in ((1.2, "2s"), (119, "119s"), (120, "2m"), (5401, "91m")):
        assert seconds_text(total_s) == text
        assert seconds(text) >= total_s


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b", "x" * 101, "-x"])
def test_a_name_would_leave_the_folder_of_runs(name: str) -> None:
    with pytest.raises(TunerError, match="--run: must be letters, digits"):
        check_name(name)
