"""A place to type commands in."""

from pathlib import Path

import pytest

from tests.tuner.space.test_space import good_text
from tests.tuner.typed_commands import FakeApi


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeApi:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(good_text(), encoding="utf-8")
    return FakeApi(monkeypatch)
