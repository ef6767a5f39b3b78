"""Names and commands as they are printed can be typed as they are."""

import ast
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tuner.cli.command_line import check_name
from tuner.cli.command_text import command, quoted
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.record.run_names import free_name, known_name, name_stem
from tuner.search import __main__ as search
from tuner.search.named_run import found_folder
from tuner.search.time_budget import resume_command

ROOT = Path(__file__).parents[2]
AWKWARD = ("my run", "a;touch b", "it's", "$(touch b)", "-x", "a\nb", "ünïcode", "*", "a\\b")


@pytest.mark.parametrize("name", AWKWARD)
def test_a_printed_command_would_be_read_otherwise_than_it_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    typed = command("tuner.search", "--resume", "--name", name, "--runs", Path.cwd() / name)
    words = shlex.split(typed)
    assert words[:6] == ["python", "-m", "tuner.search", "--resume", "--name", name]
    assert Path(words[-1]).absolute() == tmp_path / name
    assert not words[-1].startswith("-")
    done = subprocess.run(
        f"printf %s {quoted(Path(name))}", shell=True, capture_output=True, check=True
    )
    assert Path(done.stdout.decode()) == Path(name)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", AWKWARD)
def test_the_command_that_goes_on_would_be_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A run may have any name that a folder can have: an earlier version named it."""
    monkeypatch.chdir(tmp_path)
    run_folder = RunFolder(tmp_path / "runs" / name)
    with pytest.raises(TunerError, match="--run: must be"):
        known_name(name, Path("runs"))
    run_folder.path.mkdir(parents=True)
    run_folder.space.touch()
    named = Path(shlex.split(resume_command(run_folder))[-1])
    assert known_name(named.name, named.parent) == name


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc", "a\0b"])
def test_a_name_would_lead_out_of_the_folder_of_runs(tmp_path: Path, name: str) -> None:
    (tmp_path / "space.yaml").touch()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "space.yaml").touch()
    with pytest.raises(TunerError, match="--run: must be"):
        known_name(name, tmp_path / "runs")


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("my space.yaml", "my-space"),
        ("-x.yaml", "x"),
        ("räume.yaml", "r-ume"),
        ("空.yaml", "search"),
        ("a;b.yaml", "a-b"),
        (f"{'long' * 40}.yaml", "long" * 20),
        ("quickstart.yaml", "quickstart"),
    ],
)
def test_a_space_file_would_make_a_name_that_no_run_can_have(
    tmp_path: Path, file: str, stem: str
) -> None:
    assert name_stem(Path(file)) == stem
    assert check_name(free_name(stem, tmp_path)) == f"{stem}-1"


def _filled_in(node: ast.JoinedStr) -> bool:
    """Whether a value is filled into `python -m tuner...`, before its line or quote ends."""
    text = "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
    return re.search(r"python -m tuner\.\w+ [^\n']*\0", text) is not None


def test_a_command_would_be_put_together_elsewhere_than_in_one_place() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted((ROOT / "tuner").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) and _filled_in(node)
    ]
    assert found == []
    assert _filled_in(ast.parse("f'python -m tuner.search --name {name}'").body[0].value)  # type: ignore[attr-defined]


def test_a_run_that_an_earlier_version_named_with_a_blank_would_not_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "my space-3").mkdir(parents=True)
    (tmp_path / "runs" / "my space-3" / "space.yaml").touch()
    options = search.parser().parse_args(["--space", "my space.yaml", "--resume"])
    assert found_folder(options).name == "my space-3"
    options = search.parser().parse_args(["--space", "my space.yaml"])
    assert found_folder(options).name == "my-space-1"
