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


def _active(space: Space, suggested: Mapping[str, Value]) -> set[str]:
    """Those whose conditions hold, one after the other."""
    return {
        name
        for name, domain in space.search.items()
        if all(suggested.get(each.name) in each.allowed for each in domain.when)
    }


class SamplerContract(ABC):
    """A sampler by its `name` in a space file, on a `search` that suits it.

    All of it holds in a space where some hyperparameters are searched `when` others have a value.
    """

    name: ClassVar[str]
    search: ClassVar[Mapping[str, Any]] = {
        "abc_weight": {"log": [0.1, 5]},
        "generator_lr": {"log": [2e-5, 1e-3]},
        "patch_n": {"int": [1, 9]},
        "activation": {"choice": ["leaky", "tanh"]},
    }

    when: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "abc_weight": {"patch_n": [1, 5, 9]},
        "patch_n": {"activation": "tanh"},
    }

    @pytest.fixture(scope="class", params=[{}, "when"], ids=["all-active", "conditional"])
    @classmethod
    def conditions(cls, request: pytest.FixtureRequest) -> Mapping[str, Any]:
        """Those of the space: none, then its own."""
        return cls.when if request.param else {}

    @pytest.fixture(scope="class")
    @classmethod
    def space(cls, conditions: Mapping[str, Any]) -> Space:
        """What is searched."""
        return cls._space(conditions)

    @pytest.fixture(scope="class")
    @classmethod
    def whole(cls, space: Space, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The folder of a search by one worker, from its first trial to its last."""
        folder = tmp_path_factory.mktemp(cls.name)
        cls._search(space, folder)
        return folder

    def test_a_suggestion_would_lie_outside_its_domain(self, space: Space, whole: Path) -> None:
        """Or lack a hyperparameter."""
        distributions = {name: distribution(domain) for name, domain in space.search.items()}
        for suggested in suggestions(whole):
            active = {name: distributions[name] for name in _active(space, suggested)}
            assert is_within(suggested, active), suggested

    def test_a_suggestion_would_have_a_value_for_what_is_inactive(
        self, space: Space, whole: Path
    ) -> None:
        """Where there are conditions, some do not hold, and some do."""
        found = suggestions(whole)
        for suggested in found:
            assert suggested.keys() == _active(space, suggested)
        lengths = {len(suggested) for suggested in found}
        conditional = any(domain.when for domain in space.search.values())
        assert len(lengths) > 1 if conditional else lengths == {4}

    def test_the_same_seed_would_draw_something_else(
        self, space: Space, whole: Path, tmp_path: Path
    ) -> None:
        """And another seed the same."""
        for seed in (0, 1):
            sampler = space.sampler.model_copy(update={"seed": seed})
            seeded = space.model_copy(update={"sampler": sampler})
            self._search(seeded, tmp_path / str(seed))
        assert suggestions(tmp_path / "0") == suggestions(whole)
        assert suggestions(tmp_path / "1") != suggestions(whole)

    @pytest.mark.parametrize("events", _CUTS)
    def test_a_resume_would_draw_something_else(
        self, space: Space, whole: Path, tmp_path: Path, events: int
    ) -> None:
        """A driver killed anywhere is followed by one that draws what it would have drawn."""
        self._cut(whole, tmp_path / "cut", events)
        self._search(space, tmp_path / "cut")
        assert suggestions(tmp_path / "cut") == suggestions(whole)

    def test_a_record_of_several_workers_would_not_be_replayed(
        self, space: Space, tmp_path: Path
    ) -> None:
        """A driver that was killed under way, and one that went on."""
        self._search(space, tmp_path / "whole", workers=3)
        self._cut(tmp_path / "whole", tmp_path / "cut", 40)
        self._search(space, tmp_path / "cut", workers=3)
        assert replay(RunFolder(tmp_path / "cut").journal).difference is None

    @classmethod
    def _space(cls, conditions: Mapping[str, Any]) -> Space:
        search = {name: dict(domain) for name, domain in cls.search.items()}
        for name, when in conditions.items():
            search[name] |= {"when": when}
        written = {
            "detector": "two-discriminator-gan",
            "data": {"dataset": "digits", "normal": [0]},
            "search": search,
            "sampler": {"name": cls.name, "seed": 0, "startup_trials": 4},
            "trials": _TRIALS,
            "epochs": 4,
        }
        return Space.model_validate(written)

    @classmethod
    def _search(cls, space: Space, folder: Path, *, workers: int = 1) -> None:
        folder.mkdir(exist_ok=True)
        simulate(space, folder, _CURVES, workers=workers)

    @classmethod
    def _cut(cls, whole: Path, folder: Path, events: int) -> None:
        """The record as a kill after so many events leaves it."""
        folder.mkdir()
        shutil.copy(RunFolder(whole).space, folder)
        lines = RunFolder(whole).journal.read_bytes().splitlines(keepends=True)
        assert len(lines) > events
        RunFolder(folder).journal.write_bytes(b"".join(lines[:events]))
