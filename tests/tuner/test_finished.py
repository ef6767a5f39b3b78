"""A finished search is shown at once, by what is light to load; an unfinished one goes on."""

import errno
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.simulated import Simulation, row, small_space
from tests.tuner.test_commands import loaded_by
from tuner.backend.ray_backend import RayBackend
from tuner.durability.record_sync import RecordCopies
from tuner.engine.attempt import Report
from tuner.engine.engine import Engine
from tuner.record import journal
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.past import read_past
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.search import __main__ as search
from tuner.search.finished import show_finished
from tuner.space import Machine, Space, dump_space
from tuner.storage import local_storage
from tuner.study.study_file import told

SPACE = small_space(trials=4, wandb="off")


def searched(folder: Path, space: Space = SPACE) -> tuple[RunFolder, Engine]:
    run_folder = RunFolder(folder)
    dump_space(space, run_folder.space)
    engine = Simulation(space, folder, slots=2).run()
    engine.close()
    return run_folder, engine


def shown(space: Space, run_folder: RunFolder) -> list[TrialView] | None:
    return show_finished(space, run_folder, read_past(run_folder))


def test_the_result_of_a_finished_search_would_wait_for_ray_and_torch(tmp_path: Path) -> None:
    run_folder, _ = searched(tmp_path / "one")
    loaded = loaded_by("tuner.search", ["--resume", "--name", "one", "--runs", str(tmp_path)])
    assert loaded <= {"matplotlib"}
    for made in (run_folder.best, run_folder.table, run_folder.curves):
        assert made.exists()


def test_another_result_would_be_shown_than_the_search_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder, engine = searched(tmp_path / "one")
    before = run_folder.journal.read_bytes()
    assert shown(SPACE, run_folder)
    said = capsys.readouterr().out
    best = max(trial.rows[-1].metrics["best_auroc"] for trial in engine.trials)
    assert f"{best:.4f}" in said
    assert "python -m tuner.retrain --run" in said
    assert run_folder.journal.read_bytes() == before


def test_a_search_with_work_left_would_count_as_finished(tmp_path: Path) -> None:
    run_folder, _ = searched(tmp_path / "one")
    more = small_space(trials=5, wandb="off")
    assert not shown(more, run_folder)
    lines = run_folder.journal.read_bytes().splitlines(keepends=True)
    run_folder.journal.write_bytes(b"".join(lines[:-2]))  # killed before the last trial's end
    assert not shown(SPACE, run_folder)
    assert not shown(SPACE, RunFolder(tmp_path / "none"))


def facts_told(run_folder: RunFolder) -> list[tuple[str, str]]:
    """What Optuna's file says the study is about."""
    with closing(sqlite3.connect(run_folder.study)) as study:
        rows = study.execute("SELECT key, value_json FROM study_user_attributes ORDER BY key")
        return rows.fetchall()


def test_a_damaged_study_of_a_finished_search_would_stay_so(tmp_path: Path) -> None:
    run_folder, _ = searched(tmp_path / "one")
    before = told(run_folder.study), facts_told(run_folder)
    assert ("detector", '"two-discriminator-gan"') in before[1]
    run_folder.study.write_bytes(b"no database")
    assert shown(SPACE, run_folder)
    assert (told(run_folder.study), facts_told(run_folder)) == before


def test_a_search_whose_driver_was_killed_after_its_last_trial_would_start_ray(
    tmp_path: Path,
) -> None:
    run_folder, _ = searched(tmp_path / "one")
    lines = run_folder.journal.read_bytes().splitlines(keepends=True)
    run_folder.journal.write_bytes(b"".join(lines[:-1]))
    assert shown(SPACE, run_folder)


def test_a_finished_search_on_a_full_disk_would_show_an_error_for_its_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder, engine = searched(tmp_path / "one")
    closed = list[bool]()
    monkeypatch.setattr("tuner.search.finished.WandbListener.close", lambda _: closed.append(True))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tuner.results.files.write_results", full)
    monkeypatch.setattr("tuner.record.lock.os.write", full)
    assert shown(SPACE, run_folder)
    said = capsys.readouterr().out
    best = max(trial.rows[-1].metrics["best_auroc"] for trial in engine.trials)
    assert f"{best:.4f}" in said
    assert "The results cannot be written: No space left on device." in said
    assert closed == [True]


def test_a_search_shown_again_would_say_another_time(tmp_path: Path) -> None:
    run_folder, engine = searched(tmp_path / "one")
    engine.clock()  # the time goes on
    assert engine.seconds == History(read_journal(run_folder.journal)).seconds


def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """All decodings of a journal from now on."""
    seen, read_now = list[Path](), journal.read_lines

    def read(path: Path) -> list[Mapping[str, Any]]:
        seen.append(path)
        return read_now(path)

    monkeypatch.setattr(journal, "read_lines", read)
    return seen


def test_the_journal_would_be_read_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long one takes seconds."""
    run_folder, _ = searched(tmp_path / "one")
    run_folder.page.touch()
    later = run_folder.journal.stat().st_mtime + 10
    os.utime(run_folder.page, (later, later))  # it is current: none is made
    seen = reads(monkeypatch)
    monkeypatch.setattr(RayBackend, "check", lambda _backend, _space: None)
    resume = ["--resume", "--run", str(run_folder)]
    assert search.main(resume) == 0
    assert len(seen) == 1

    def interrupted(_backend: Any, engine: Engine, *_: Any, **__: Any) -> None:
        engine.interrupt()

    monkeypatch.setattr(RayBackend, "connected", lambda _: nullcontext(Machine(cpus=1)))
    monkeypatch.setattr(RayBackend, "run", interrupted)
    monkeypatch.setattr("tuner.search.session.report_line", lambda _: "")
    seen.clear()
    assert search.main([*resume, "--trials", "6"]) == 130
    assert len(seen) == 1


def test_a_record_that_the_storage_has_whole_would_be_refused_before_it_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder, _ = searched(tmp_path / "one")
    place = local_storage(tmp_path / "shared")
    (tmp_path / "shared").mkdir()
    RecordCopies(run_folder, place.within("one")).copy()
    whole = run_folder.journal.read_bytes()
    run_folder.journal.write_bytes(b"".join(whole.splitlines(keepends=True)[:-6]))
    monkeypatch.setattr(RayBackend, "check", lambda _backend, _space: None)
    resume = ["--resume", "--run", str(run_folder)]
    assert search.main(resume) == 2
    assert "events.jsonl has lost lines at its end" in capsys.readouterr().err
    assert search.main([*resume, "--storage", place.uri]) == 0
    assert "Fetched the record of one" in capsys.readouterr().out
    assert run_folder.journal.read_bytes() == whole


def test_a_best_detector_that_is_missing_would_be_forgotten_by_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class NoRoom(Simulation):
        def step(self) -> None:
            attempt_id, attempt = next(iter(self.running.items()))
            known = self.engine.history.trials[attempt.number].epochs
            report = Report(
                outcome="epoch",
                row=row(attempt.hyperparameters, known + 1),
                lacks_best=attempt.number == 1 and known > 0,
            )
            if self.engine.report(attempt_id, report).action != "continue":
                self.let_go(attempt_id)

    run_folder = RunFolder(tmp_path / "one")
    dump_space(SPACE, run_folder.space)
    NoRoom(SPACE, run_folder.path).run().close()
    monkeypatch.setattr(RayBackend, "check", lambda _backend, _space: None)
    for _ in range(2):
        assert search.main(["--resume", "--run", str(run_folder)]) == 2
        said = capsys.readouterr()
        assert said.err.startswith("The best detector of trial 1 could not be written: ")
        assert "best auroc" in said.out
