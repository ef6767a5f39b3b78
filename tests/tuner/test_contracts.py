"""Every scheduler, backend, listener and storage keeps its contract."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.backend.made_up_actor import MadeUpActor
from tests.tuner.backend.stuck_actor import StuckSetting
from tests.tuner.inline import MadeUpWorker, run_inline
from tests.tuner.s3_server import SECRET, s3_bucket
from tuner.backend.connection import connection
from tuner.backend.tune_run import run
from tuner.console.listener import ConsoleListener
from tuner.console.state import SearchState
from tuner.durability.background import BackgroundSync
from tuner.durability.recovery import Recovery
from tuner.durability.retention import Retention
from tuner.engine.early_stopping import EarlyStopping, NoStopping, PromotingAsha, StoppingAsha
from tuner.engine.engine import Engine
from tuner.record.run_folder import RunFolder
from tuner.record.trials import SearchListener
from tuner.simulation.backend import SimulatedBackend
from tuner.simulation.curves import Formula
from tuner.space import Machine, Space
from tuner.storage import local_storage
from tuner.testing.backends import SLOTS, BackendContract
from tuner.testing.listeners import ListenerContract
from tuner.testing.schedulers import SchedulerContract
from tuner.testing.storages import StorageContract
from tuner.tracking.listener import WandbListener
from tuner.tracking.runs import TrackingConfig


class TestNoStopping(SchedulerContract):
    def make(self) -> EarlyStopping:
        return NoStopping()


class TestStoppingAsha(SchedulerContract):
    def make(self) -> EarlyStopping:
        return StoppingAsha((1, 3, 9), 3)


class TestPromotingAsha(SchedulerContract):
    def make(self) -> EarlyStopping:
        return PromotingAsha((1, 3, 9), 3)


class TestSimulatedBackend(BackendContract):
    def work(self, engine: Engine, space: Space, folder: Path) -> None:
        backend = SimulatedBackend(Formula(best={"abc_weight": 1.0}), SLOTS)
        engine.clock = backend.clock
        backend.clock.now = engine.recorded_until or 0.0
        backend.run(engine)


class TestInline(BackendContract):
    def work(self, engine: Engine, space: Space, folder: Path) -> None:
        run_inline(engine, MadeUpWorker())


@pytest.mark.long
class TestRay(BackendContract):
    machine: Machine

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _ray(cls) -> Iterator[None]:
        with connection(None) as cls.machine:
            yield

    def work(self, engine: Engine, space: Space, folder: Path) -> None:
        setting: Any = StuckSetting(folder, "asleep")
        run(engine, setting, space, self.machine, actor=MadeUpActor)


class TestConsole(ListenerContract):
    def make(self, folder: Path) -> SearchListener:
        state = SearchState(trials=5, epochs=3, objective="best_auroc")
        return ConsoleListener(folder.name, state, slots=2)


class TestWandb(ListenerContract):
    def make(self, folder: Path) -> SearchListener:
        config = TrackingConfig(folder=RunFolder(folder), uid="1", mode="offline", project="tuner")
        return WandbListener(config, print)

    def close(self, listener: SearchListener) -> None:
        assert isinstance(listener, WandbListener)
        assert listener.close()


class TestUpkeep(ListenerContract):
    def make(self, folder: Path) -> SearchListener:
        pruner = Retention(
            local_storage(folder), limit=1000, objective="best_auroc", slots=lambda: 2, say=print
        )
        background = BackgroundSync(pruner, copies=None, lease=None, say=print, stop=lambda: None)
        background.search_started([])
        return background

    def close(self, listener: SearchListener) -> None:
        assert isinstance(listener, BackgroundSync)
        assert listener.close() == ""


class TestRecovery(ListenerContract):
    def make(self, folder: Path) -> SearchListener:
        recovery = Recovery(local_storage(folder), note=print, say=print)
        recovery.begin([], None)
        return recovery


class TestFolder(StorageContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        return str(tmp_path / "shared")


class TestS3(StorageContract):
    secret = SECRET

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[str]:  # type: ignore[override]
        with pytest.MonkeyPatch.context() as patch, s3_bucket(patch) as bucket:
            yield bucket
