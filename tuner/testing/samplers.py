"""The contract of a sampler."""

import shutil
from abc import ABC
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from models.hyperparameters import Value
from tuner.record.journal import read_lines
from tuner.record.run_folder import RunFolder
from tuner.replay.comparison import replay
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate
from tuner.space import Space
from tuner.study.distributions import distribution, is_within

_TRIALS, _CUTS = 14, (31, 44)
_CURVES = Formula(best={"abc_weight": 1.0, "generator_lr": 2e-4})


def suggestions(folder: Path) -> Sequence[Mapping[str, Value]]:
    """What a run's sampler has suggested, in order."""
    asked = [event for event in read_lines(RunFolder(folder).journal) if "searched" in event]
    return [event["searched"] for event in asked if event["published"] is None]


class SamplerContract(ABC):
    """A sampler by its `name` in a space file, on a `search` that suits it."""

    name: ClassVar[str]
    search: ClassVar[Mapping[str, Any]] = {
        "abc_weight": {"log": [0.1, 5]},
        "generator_lr": {"log": [2e-5, 1e-3]},
        "patch_n": {"int": [1, 9]},
        "activation": {"choice": ["leaky", "tanh"]},
    }

    @pytest.fixture(scope="class")
    @classmethod
    def whole(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The folder of a search by one worker, from its first trial to its last."""
        folder = tmp_path_factory.mktemp(cls.name)
        cls()._search(folder)
        return folder

    def test_a_suggestion_would_lie_outside_its_domain(self, whole: Path) -> None:
        """Or lack a hyperparameter."""
        space = self._space()
        distributions = {name: distribution(domain) for name, domain in space.search.items()}
        for suggested in suggestions(whole):
            assert is_within(suggested, distributions), suggested

    def test_the_same_seed_would_draw_something_else(self, whole: Path, tmp_path: Path) -> None:
        """And another seed the same."""
        for seed in (0, 1):
            self._search(tmp_path / str(seed), seed=seed)
        assert suggestions(tmp_path / "0") == suggestions(whole)
        assert suggestions(tmp_path / "1") != suggestions(whole)

    @pytest.mark.parametrize("events", _CUTS)
    def test_a_resume_would_draw_something_else(
        self, whole: Path, tmp_path: Path, events: int
    ) -> None:
        """A driver killed anywhere is followed by one that draws what it would have drawn."""
        self._cut(whole, tmp_path / "cut", events)
        self._search(tmp_path / "cut")
        assert suggestions(tmp_path / "cut") == suggestions(whole)

    def test_a_record_of_several_workers_would_not_be_replayed(self, tmp_path: Path) -> None:
        """A driver that was killed under way, and one that went on."""
        self._search(tmp_path / "whole", workers=3)
        self._cut(tmp_path / "whole", tmp_path / "cut", 40)
        self._search(tmp_path / "cut", workers=3)
        assert replay(RunFolder(tmp_path / "cut").journal).difference is None

    def _space(self, seed: int = 0) -> Space:
        written = {
            "detector": "two-discriminator-gan",
            "data": {"dataset": "digits", "normal": [0]},
            "search": self.search,
            "sampler": {"name": self.name, "seed": seed, "startup_trials": 4},
            "trials": _TRIALS,
            "epochs": 4,
        }
        return Space.model_validate(written)

    def _search(self, folder: Path, *, seed: int = 0, workers: int = 1) -> None:
        folder.mkdir(exist_ok=True)
        simulate(self._space(seed), folder, _CURVES, workers=workers)

    def _cut(self, whole: Path, folder: Path, events: int) -> None:
        """The record as a kill after so many events leaves it."""
        folder.mkdir()
        shutil.copy(RunFolder(whole).space, folder)
        lines = RunFolder(whole).journal.read_bytes().splitlines(keepends=True)
        assert len(lines) > events
        RunFolder(folder).journal.write_bytes(b"".join(lines[:events]))
