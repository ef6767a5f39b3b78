"""A search in which no trial came to a score: search, resume and retrain say the same, and why."""

from pathlib import Path
from typing import Any

import pytest

from tests.tuner.fake_trials import trial
from tests.tuner.simulated import Simulation, small_space
from tuner.engine.attempt import Report
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.results.no_result import nothing_found
from tuner.retrain import __main__ as retrain
from tuner.retrain.flow import retrain as retrain_from_python
from tuner.search import __main__ as search
from tuner.search import session
from tuner.search.summary import SearchSummary
from tuner.space import dump_space

SPACE = small_space(trials=3, wandb="off", resources={"error_retries": 0})
ALL_FAILED = "all 3 trials failed: TypeError: boom; see {folder}/trials/2/log.txt\n"
NO_SCORE = "no trial has a score: collapsed: it scores all images the same; see "


class _Failing(Simulation):
    """Every trial ends after two epochs in the same way."""

    outcome: Any = "error"
    reason = "TypeError: boom"

    def step(self) -> None:
        attempt_id = self._order.choice(sorted(self.running))
        if self.engine.history.trials[self.running[attempt_id].number].epochs < 2:
            super().step()
            return
        self.engine.report(attempt_id, Report(outcome=self.outcome, reason=self.reason))
        self.let_go(attempt_id)


class _Collapsing(_Failing):
    outcome = "diverged"
    reason = "collapsed: it scores all images the same"


def recorded(folder: Path, kind: type[_Failing] = _Failing) -> SearchSummary:
    run_folder = RunFolder(folder)
    dump_space(SPACE, run_folder.space)
    engine = kind(SPACE, folder, curve=lambda *_: 0.9).run()
    engine.close()
    assert engine.failure is None and engine.finished
    return SearchSummary(
        trials=engine.trials,
        finished=True,
        interrupted=False,
        failure=None,
    )


def test_a_search_whose_trials_all_failed_would_seem_to_have_worked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    dump_space(SPACE, Path("mine.yaml"))
    folder = Path("runs/mine")
    monkeypatch.setattr(session, "run_search", lambda *_, **__: recorded(folder))
    assert search.main(["--space", "mine.yaml", "--name", "mine"]) == 2
    assert capsys.readouterr().err == ALL_FAILED.format(folder=folder)
    assert search.main(["--resume", "--name", "mine"]) == 2
    said = capsys.readouterr()
    assert said.err == ALL_FAILED.format(folder=folder)
    assert "No trial has a valid score." in said.out


def test_a_retrain_of_nothing_would_send_people_back_to_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded(Path("runs/mine"))
    assert retrain.main(["--search", "runs/mine"]) == 2
    assert capsys.readouterr().err == ALL_FAILED.format(folder="runs/mine")
    with pytest.raises(TunerError, match=r"^all 3 trials failed"):
        retrain_from_python(Path("runs/mine"), say=str)


def test_trials_that_all_collapsed_would_end_in_no_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded(Path("runs/mine"), _Collapsing)
    for main, options in (
        (search.main, ["--resume", "--name", "mine"]),
        (retrain.main, ["--search", "runs/mine"]),
    ):
        assert main(options) == 2
        assert capsys.readouterr().err.startswith(NO_SCORE)


def test_a_search_with_a_score_or_with_work_left_would_be_called_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_folder = RunFolder(tmp_path / "one")
    failed = trial(0, state="failed", reason="error: boom")
    assert nothing_found(run_folder, [failed, trial(1, 0.9)], "best_auroc") == ""
    assert nothing_found(run_folder, [], "best_auroc") == ""
    assert nothing_found(run_folder, [failed], "best_auroc").startswith("the only trial failed: bo")
    recorded(Path("runs/mine"))
    dump_space(small_space(trials=4, wandb="off"), Path("runs/mine/space.yaml"))
    assert retrain.main(["--search", "runs/mine"]) == 2
    assert "let the search end first" in capsys.readouterr().err


def test_the_logs_would_be_looked_for_where_they_are_not(tmp_path: Path) -> None:
    run_folder = RunFolder(tmp_path / "one")
    run_folder.path.mkdir()
    run_folder.storage.write_text("s3://bucket/ours\n")
    said = nothing_found(run_folder, [trial(3, state="failed", reason="error: x")], "best_auroc")
    assert said.endswith("; see s3://bucket/ours/one/trials/3/log.txt")
