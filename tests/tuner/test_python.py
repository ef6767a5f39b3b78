"""What a notebook sees of a search and a retrain: short, and with the best at hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tuner.fake_trials import realistic
from tests.tuner.simulated import row, small_space
from tuner.engine.attempt import Attempt, Report
from tuner.engine.engine import Engine
from tuner.planning.lanes import LaneChoice
from tuner.results.leaderboard import best
from tuner.retrain.flow import RetrainSummary
from tuner.search import session
from tuner.search.summary import SearchSummary
from tuner.space import Machine, Space


def summary(count: int) -> SearchSummary:
    return SearchSummary(
        run_folder=Path("runs/mine"),
        trials=realistic(count),
        seconds=60.0,
        finished=True,
        interrupted=False,
        failure=None,
    )


def test_a_search_would_flood_a_notebook_or_hide_its_best() -> None:
    of_many = summary(300)
    found = best(of_many.trials, "best_auroc")
    assert found is not None
    assert of_many.best == found
    value = f"best {found.value:.4f} by trial {found.trial.number}"
    assert repr(of_many) == f"<SearchSummary of runs/mine: 300 trials, finished, {value}>"
    assert len(repr(found)) < 600, "a trial's rows are not among it"
    assert summary(0).best is None
    assert repr(summary(0)) == "<SearchSummary of runs/mine: 0 trials, finished>"


def test_a_retrain_would_flood_a_notebook_or_hide_its_best() -> None:
    metrics = {"test": {"auroc": {"mean": 0.97, "seeds": [0.97] * 3}}, "trainings": ["x" * 10**6]}
    retrained = RetrainSummary(run_folder=Path("runs/mine"), metrics=metrics, trained=True)
    assert retrained.best["auroc"]["mean"] == 0.97
    assert repr(retrained) == "<RetrainSummary of runs/mine: test AUROC 0.9700, trained>"


class MadeUp:
    """A backend that trains nothing: each epoch of a trial is better than the one before."""

    address = None

    def check(self, space: Space) -> None:
        """All is well."""

    @contextmanager
    def connected(self) -> Iterator[Machine]:
        """One core."""
        yield Machine(cpus=1)

    def lanes_of_a_gpu(self, setting: object, values: object) -> LaneChoice:
        """There is none."""
        raise AssertionError

    def run(self, engine: Engine, *_: object, **__: object) -> None:
        """One trial after the other."""
        number = 0
        while isinstance(attempt := engine.next_attempt(str(number)), Attempt):
            for epoch in range(1, 100):
                report = Report(outcome="epoch", row=row(attempt.hyperparameters, epoch))
                if engine.report(str(number), report).action != "continue":
                    break
            engine.attempt_over(str(number))
            number += 1


@pytest.mark.parametrize("quiet", [False, True])
def test_a_search_from_python_could_not_be_silenced(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    quiet: bool,
) -> None:
    monkeypatch.setattr(session, "RayBackend", lambda _address: MadeUp())
    space = small_space(trials=3, wandb="off")
    found = session.search(space, run_folder=tmp_path / "mine", quiet=quiet)
    assert found.finished and found.best is not None
    out, err = capsys.readouterr()
    assert err == ""
    assert (out == "") == quiet
    session.search(space, run_folder=tmp_path / "mine", quiet=quiet)
    assert (capsys.readouterr().out == "") == quiet
