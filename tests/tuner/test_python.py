"""What a notebook sees of a search and a retrain: short, and with the best at hand."""

from pathlib import Path

import pytest

from tests.tuner.fake_trials import realistic
from tests.tuner.inline import InlineBackend, MadeUpWorker
from tests.tuner.simulated import small_space
from tuner.results.leaderboard import best
from tuner.retrain.flow import RetrainSummary
from tuner.search import session
from tuner.search.summary import SearchSummary


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


@pytest.mark.parametrize("quiet", [False, True])
def test_a_search_from_python_could_not_be_silenced(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    quiet: bool,
) -> None:
    monkeypatch.setattr(session, "RayBackend", lambda address: InlineBackend(address, MadeUpWorker))
    space = small_space(trials=3, wandb="off")
    found = session.search(space, run_folder=tmp_path / "mine", quiet=quiet)
    assert found.finished and found.best is not None
    out, err = capsys.readouterr()
    assert err == ""
    assert (out == "") == quiet
    session.search(space, run_folder=tmp_path / "mine", quiet=quiet)
    assert (capsys.readouterr().out == "") == quiet
