"""A token for Ray where a batch system gives no home, or one that cannot be written."""

import os
from pathlib import Path

import pytest

from tuner.backend.token import have_token


@pytest.fixture(autouse=True)
def none_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "")  # so that it is taken away afterwards
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_ray_would_not_start_without_a_home_for_its_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for home in ("/proc/none", str(tmp_path / "file")):
        monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
        monkeypatch.setenv("HOME", home)
        have_token()
        assert len(os.environ["RAY_AUTH_TOKEN"]) == 64


def test_a_persons_own_token_would_be_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    have_token()  # Ray makes and keeps one
    assert "RAY_AUTH_TOKEN" not in os.environ
    (tmp_path / ".ray" / "auth_token").write_text("mine")
    have_token()
    assert "RAY_AUTH_TOKEN" not in os.environ
    monkeypatch.setenv("HOME", "/proc/none")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "mine")
    have_token()
    assert os.environ["RAY_AUTH_TOKEN"] == "mine"
