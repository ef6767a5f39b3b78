"""A place to type commands in, a small search on digits, a browser, and W&B's stand-in."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.data.config import DataConfig
from models.data.sources import find
from models.data.split import save_splits
from models.data.tasks import make_splits
from tests.tuner.space.test_space import good_text
from tests.tuner.typed_commands import FakeApi
from tests.tuner.wandb_server import KEY, WandbServer, wandb_server
from tuner.storage import local_storage
from tuner.worker.search_setting import SPLIT, TrialSetting

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",  # WebGL without a GPU, for the parallel coordinates
)
_PATIENCE_MS = 120_000  # where the machine is busy
DATA = DataConfig(
    dataset="digits",
    normal=(0,),
    fit_normals=48,
    validation_normals=20,
    validation_anomalies=20,
)


@pytest.fixture
def make_setting(tmp_path: Path) -> Callable[..., TrialSetting]:
    """Settings of searches in folders of their own, all on the same split."""
    source = find(DATA)

    def make(name: str, data: DataConfig = DATA) -> TrialSetting:
        setting = TrialSetting(
            detector="two-discriminator-gan",
            objective="best_auroc",
            epochs=8,
            data=data,
            source=source,
            data_seed=0,
            threads=1,
            storage=local_storage(tmp_path / name),
        )
        (tmp_path / name).mkdir(exist_ok=True)
        save_splits(tmp_path / name / SPLIT, make_splits(data, source))
        return setting

    return make


@pytest.fixture
def setting(make_setting: Callable[[str], TrialSetting]) -> TrialSetting:
    return make_setting("")


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeApi:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(good_text(), encoding="utf-8")
    return FakeApi(monkeypatch)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real browser without a window; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(
            executable_path=CHROMIUM, args=_FLAGS, timeout=_PATIENCE_MS
        )
        yield opened
        opened.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WandbServer]:
    """W&B's server for this process and its children; anything unexpected fails the test."""
    monkeypatch.delenv("WANDB_MODE", raising=False)
    for name in ("WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "wandb's own"))
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    # 15 s by default, and whole seconds: the client takes 0.5 for none.
    monkeypatch.setenv("WANDB__FILE_STREAM_TRANSMIT_INTERVAL", "1")
    with wandb_server() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        yield server
        assert server.surprises == []
