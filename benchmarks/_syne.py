"""Syne Tune's ways to search, by its own code in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from _rivals import Rival, Settings

from models.hyperparameters import Value
from tuner.space import Space
from tuner.space.domains import AnyDomain, Choice, Int, Log, LogInt, Uniform

SCHEDULERS = {"Syne Tune ASHA": "ASHA", "Syne Tune BOHB": "BOHB"}
"""ASHA on random draws, and on those of kernel densities."""


def syne_rivals(python: Path | None) -> Mapping[str, Callable[[Space, int], Rival]]:
    """By name, where there is an environment with syne-tune."""
    if python is None:
        return {}
    return {name: partial(Syne, python, scheduler) for name, scheduler in SCHEDULERS.items()}


class Syne(Rival):
    """One of its schedulers, which stops trials, with its usual rungs."""

    def __init__(self, python: Path, scheduler: str, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._child = _child(python)
        asked = {
            "scheduler": scheduler,
            "space": {name: _told(domain) for name, domain in space.search.items()},
            "epochs": space.epochs,
            "grace": space.grace_epochs,
            "seed": seed,
        }
        self._answer("make", asked)

    def ask(self, number: int) -> Settings:
        found: dict[str, Value] = self._answer("ask", [number])
        return found

    def goes_on(self, number: int, epoch: int, value: float) -> bool:
        return bool(self._answer("epoch", [number, epoch, value]))

    def ended(self, number: int, epoch: int, value: float | None, *, stopped: bool) -> None:
        if value is None:
            self._answer("failed", [number])
        elif stopped:
            self._answer("removed", [number])
        else:
            self._answer("complete", [number, epoch, value])

    def _answer(self, question: str, given: object) -> Any:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{json.dumps([question, given])}\n")
        self._child.stdin.flush()
        return json.loads(self._child.stdout.readline())


@cache
def _child(python: Path) -> subprocess.Popen[str]:
    """It ends with this process, which holds its stdin."""
    script = Path(__file__).with_name("_syne_side.py")
    return subprocess.Popen(
        [python, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _told(domain: AnyDomain) -> tuple[str, list[Any]]:
    match domain:
        case Uniform():
            return "uniform", [domain.low, domain.high]
        case Log():
            return "log", [domain.low, domain.high]
        case Int():
            return "int", [domain.low, domain.high]
        case LogInt():
            return "log_int", [domain.low, domain.high]
        case Choice():
            return "choice", [list(domain.values)]
