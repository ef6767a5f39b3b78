"""Whether runs go online: what the person, W&B's variables, its files and its key say together."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tuner.space.test_space import good_text
from tests.tuner.wandb_server import KEY
from tuner.errors import SpaceError
from tuner.space import load_space
from tuner.tracking.mode import choose_mode, sync_command

ROOT = Path(__file__).parents[2]
OTHER_KEY = "o" * 40


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person of whom W&B knows nothing, in an empty folder."""
    for name in [name for name in os.environ if name.startswith("WANDB_")] + ["NETRC"]:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize(
    ("requested", "variables", "mode", "said"),
    [
        ("auto", {}, "offline", "no key found"),
        ("online", {}, "offline", "no key found"),
        ("auto", {"WANDB_API_KEY": KEY}, "online", ""),
        ("offline", {"WANDB_API_KEY": KEY}, "offline", ""),
        ("off", {"WANDB_API_KEY": KEY}, "off", ""),
        ("auto", {"WANDB_API_KEY": KEY, "WANDB_MODE": "offline"}, "offline", ""),
        ("auto", {"WANDB_API_KEY": KEY, "WANDB_MODE": "dryrun"}, "offline", ""),
        ("online", {"WANDB_API_KEY": KEY, "WANDB_MODE": "offline"}, "online", ""),
        ("auto", {"WANDB_MODE": "disabled"}, "off", "WANDB_MODE=disabled"),
        (
            "auto",
            {"WANDB_API_KEY": KEY, "WANDB_MODE": "offlin"},
            "offline",
            "WANDB_MODE is 'offlin'",
        ),
        ("offline", {"WANDB_MODE": "offlin"}, "offline", ""),
        ("online", {"WANDB_API_KEY": KEY, "WANDB_MODE": "offlin"}, "online", ""),
        ("auto", {"WANDB_API_KEY": "too short"}, "offline", "WANDB_API_KEY invalid"),
        ("auto", {"WANDB_API_KEY": KEY, "WANDB_CONSOLE": "loud"}, "offline", "console"),
    ],
)
def test_the_mode_would_not_follow_request_key_and_variables(
    monkeypatch: pytest.MonkeyPatch,
    requested: str,
    variables: dict[str, str],
    mode: str,
    said: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    choice = choose_mode(requested)
    assert choice.mode == mode
    assert said in choice.note and bool(said) == bool(choice.note)
    assert KEY not in choice.note
    assert {name: os.environ[name] for name in variables} == variables


def wandb(*words: str) -> None:
    """W&B's own command, as a person types it here."""
    done = subprocess.run(
        [sys.executable, "-m", "wandb", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("server", ["", "http://127.0.0.1:9"])
def test_the_key_that_wandb_login_stores_would_not_be_seen(server: str) -> None:
    wandb("login", "--no-verify", *([f"--host={server}"] if server else []), KEY)
    choice = choose_mode("auto")
    assert (choice.mode, choice.note) == ("online", "")
    assert not server or choice.server == server
    assert choose_mode("online").mode == "online"


def test_the_key_of_another_server_would_be_taken(tmp_path: Path) -> None:
    (tmp_path / "home" / ".netrc").write_text(f"machine other.example login u password {OTHER_KEY}")
    assert choose_mode("auto").mode == "offline"
    (tmp_path / "home" / ".netrc").write_text("this is no netrc file")
    assert choose_mode("auto").mode == "offline"


@pytest.mark.parametrize(("typed", "mode"), [("offline", "offline"), ("disabled", "off")])
def test_what_wandb_was_told_here_would_be_ignored(
    monkeypatch: pytest.MonkeyPatch, typed: str, mode: str
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    wandb(typed)
    assert choose_mode("auto").mode == mode
    assert choose_mode("online").mode == "online", "what is asked outright holds"
    monkeypatch.setenv("WANDB_MODE", "online")
    assert choose_mode("auto").mode == "online", "a variable is nearer than a file"


def test_somebody_without_an_account_would_wait_for_wandb_to_load() -> None:
    code = (
        "import sys; from tuner.tracking.mode import choose_mode\n"
        "print(choose_mode('auto').mode, 'wandb' in sys.modules)"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(
        run, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert done.stdout.split() == ["offline", "False"]


def test_an_unknown_mode_would_be_taken_for_auto() -> None:
    with pytest.raises(ValueError, match=r"'always'; allowed are auto, online, offline, off"):
        choose_mode("always")


@pytest.mark.parametrize("project", ["a/b", "a:b", "a#b", "a?b", "a%b", "a\\b", "a" * 129])
def test_a_project_that_wandb_refuses_would_cost_all_runs(tmp_path: Path, project: str) -> None:
    import wandb as client

    with pytest.raises(client.errors.UsageError):
        client.Settings(project=project)
    path = tmp_path / "space.yaml"
    path.write_text(good_text(wandb=json.dumps({"project": project})), encoding="utf-8")
    with pytest.raises(SpaceError, match=r"space.yaml:\d+: wandb.project: must have none of"):
        load_space(path, new=True)
    assert load_space(path).wandb.project == project, "what is recorded can be read"


def test_the_command_that_sends_the_runs_would_not_be_whole(tmp_path: Path) -> None:
    assert sync_command(Path("runs/my run/wandb")) == "python -m wandb sync 'runs/my run/wandb'"
    assert sync_command(tmp_path / "x") == f"python -m wandb sync {tmp_path / 'x'}"
    assert "`python -m wandb sync x/wandb`" in choose_mode("auto", Path("x/wandb")).note
