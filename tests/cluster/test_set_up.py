"""What both descriptions bring to a machine, and what set-up does there.

Asked of Ray's own hash of the mounts, of setuptools and of the commands as they are written.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import hash_runtime_conf

ROOT = Path(__file__).parents[2]
DESCRIPTIONS = ["cluster.yaml", "docs/on-premises.yaml"]
NOT_THE_PROJECT = {"runs", "data", "build"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, as the working folder of an operator who has a token."""
    copy = tmp_path / "project"
    copy.mkdir()
    for source in ROOT.glob("[!.]*"):
        if source.name not in NOT_THE_PROJECT:
            _copy(source, copy / source.name)
    token = tmp_path / "home" / ".ray" / "auth_token"
    token.parent.mkdir(parents=True)
    token.write_text("token")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(copy)
    return copy


def described(name: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return told


def hashed(told: dict[str, Any]) -> tuple[str, str]:
    """The hashes that `ray up` begins with, and never those that it remembers."""
    both: tuple[str, str] = hash_runtime_conf(
        told["file_mounts"], None, told, generate_file_mounts_contents_hash=True
    )
    return both


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_ray_up_would_end_at_a_link_that_fetched_runs_or_the_environment_have(
    project: Path, name: str
) -> None:
    told = described(name)
    before = hashed(told)
    for folder in ("runs/one/wandb/offline-run/logs", ".venv/bin"):
        (project / folder).mkdir(parents=True)
        (project / folder / "debug-core.log").symlink_to("/of/another/machine/core.log")
    assert hashed(told) == before
    (project / "models" / "trainer.py").write_text("changed = True\n")
    assert hashed(told) != before, "the code itself counts"


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_file_that_the_install_needs_would_stay_behind(
    project: Path, tmp_path: Path, name: str
) -> None:
    for there, here in described(name)["file_mounts"].items():
        place = tmp_path / "machine" / there.removeprefix("~/")
        place.parent.mkdir(parents=True, exist_ok=True)
        _copy(Path(here).expanduser(), place)
    arrived = tmp_path / "machine" / "tuner"
    (install,) = [line for line in described(name)["setup_commands"] if "EXTRAS=cluster" in line]
    make = install.removeprefix("cd ~/tuner && ").partition(" >")[0]
    assert "--constraint constraints.txt" in _run(*make.split(), "--dry-run", folder=arrived)
    (tmp_path / "metadata").mkdir()
    build = "from setuptools.build_meta import prepare_metadata_for_build_editable as prepare"
    _run(sys.executable, "-c", f"{build}; prepare('{tmp_path}/metadata')", folder=arrived)
    (packages,) = tmp_path.glob("metadata/*.dist-info/top_level.txt")
    assert packages.read_text().split() == ["models", "tuner"]
    told = packages.with_name("METADATA").read_text()
    assert "License-File: LICENSE" in told
    assert (ROOT / "README.md").read_text() in told
    assert (arrived / "search_spaces" / "lossweights.yaml").exists()


def _copy(source: Path, place: Path) -> None:
    (shutil.copytree if source.is_dir() else shutil.copy)(source, place)


def _run(*command: str, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


# What stands in for the image: a python3 without ensurepip, as Debian's is without python3-venv,
# and an apt-get whose lists are locked as often as the file `held` has lines.
STAND_INS = {
    "make": "",
    "python3": "case $2 in *ensurepip*) exit 1;; esac",
    "sleep": 'echo "sleep $*" >> calls',
    "sudo": """\
echo "$*" >> calls
[ "$2" = update ] || exit "${INSTALL:-0}"
[ -s held ] || exit 0
sed -i 1d held
echo 'E: Could not get lock' >&2
exit 100
""",
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name, text in STAND_INS.items():
        command = tmp_path / "bin" / name
        command.write_text(f"#!/bin/sh\n{text}\n")
        command.chmod(0o755)
    return tmp_path


def get_packages(image: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run set-up's command for packages as the image's user would."""
    (command,) = [line for line in described("cluster.yaml")["setup_commands"] if "apt-get" in line]
    path = f"{image / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=image,
        env={"HOME": str(image), "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def calls(image: Path) -> list[str]:
    return (image / "calls").read_text().splitlines()


INSTALL = "apt-get -o DPkg::Lock::Timeout=600 install -y make python3-venv"


def test_set_up_would_fail_while_the_image_updates_itself(image: Path) -> None:
    (image / "held").write_text("held\n" * 3)
    assert get_packages(image).returncode == 0
    assert calls(image) == ["apt-get update", "sleep 10"] * 3 + ["apt-get update", INSTALL]


def test_set_up_would_wait_for_ever_or_hide_what_apt_said(image: Path) -> None:
    (image / "held").write_text("held\n" * 1000)
    ended = get_packages(image, INSTALL="100")
    assert ended.returncode != 0
    assert "Could not get lock" in ended.stdout
    assert calls(image).count("apt-get update") == 60
    assert calls(image)[-1] == INSTALL


def test_an_image_that_has_all_would_ask_apt(image: Path) -> None:
    (image / "bin" / "python3").write_text("#!/bin/sh\n")
    assert get_packages(image).returncode == 0
    assert not (image / "calls").exists()
