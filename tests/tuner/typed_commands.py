"""What a command is typed into: a folder of its own, where the work would begin."""

import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tuner.backend.ray_backend import RayBackend
from tuner.space import Machine, dump_space, load_space, resolve_scale


class FakeApi:
    """Stands where the real search and retrain would begin; keeps what it was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.claims: list[Any] = []
        module = ModuleType("work")
        module.retrain = self._called  # type: ignore[attr-defined]
        module.run_search = self._searched  # type: ignore[attr-defined]
        monkeypatch.setattr(RayBackend, "check", lambda _backend, _space: None)
        monkeypatch.setitem(sys.modules, "tuner.search.session", module)
        monkeypatch.setitem(sys.modules, "tuner.retrain.flow", module)

    def _searched(self, claim: Any, backend: Any, time_budget_s: Any) -> SimpleNamespace:
        self.claims.append(claim)
        return self._called(
            claim.space,
            run_folder=Path(os.path.relpath(claim.run_folder.path)),
            time_budget_s=time_budget_s,
            address=backend.address,
            storage=claim.guard.place and claim.guard.place.uri,
        )

    def _called(self, *positional: Any, **named: Any) -> SimpleNamespace:
        self.calls.append((positional, named))
        return SimpleNamespace(
            failure=None,
            signal=None,
            interrupted=False,
            finished=False,
            out_of_budget=False,
            lines=list,
        )


def recorded_run(name: str) -> Path:
    """Leave what a started search leaves first: its resolved space."""
    folder = Path("runs") / name
    resolved = resolve_scale(load_space(Path("small.yaml")), Machine(cpus=1))
    dump_space(resolved, folder / "space.yaml")
    return folder
