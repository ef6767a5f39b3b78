"""W&B, real and offline, read back from its files; and W&B that hangs or refuses."""

import dataclasses
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.tuner import wandb_files
from tests.tuner.fake_trials import row, trial
from tuner.record.run_folder import RunFolder
from tuner.record.trials import Decision, TrialState, TrialView
from tuner.tracking.listener import WandbListener
from tuner.tracking.runs import Mode, Runs, TrackingConfig, _OpenRun
from tuner.tracking.told import row_values

CONTINUE = Decision(action="continue")


def config(folder: Path, mode: Mode = "offline", uid: str = "u") -> TrackingConfig:
    run_folder = RunFolder(folder)
    return TrackingConfig(folder=run_folder, uid=uid, mode=mode, project="tuner")


def feed(listener: WandbListener, view: TrialView) -> None:
    """Tell the story of `view` as the search would."""
    so_far = dataclasses.replace(view, state="running", reason="", rows=())
    listener.trial_started(so_far, 1)
    for one in view.rows:
        so_far = dataclasses.replace(so_far, rows=(*so_far.rows, one))
        listener.epoch_reported(so_far, one, CONTINUE)
    if view.state != "running":
        listener.trial_ended(view)


def test_a_row_would_be_missing_or_under_another_key_in_the_offline_files(tmp_path: Path) -> None:
    said: list[str] = []
    listener = WandbListener(config(tmp_path), said.append)
    feed(listener, trial(0, 0.9, 0.95, 0.93, published="W1"))
    feed(listener, trial(1, 0.6, state="pruned", reason="asha", inactive=("patch_n",)))
    feed(listener, trial(2, 0.6, state="failed", reason="error: out of memory"))
    assert listener.close()
    assert said == []
    found = wandb_files.runs(tmp_path)
    assert set(found) == {"trial-0", "trial-1", "trial-2"}
    first = found["trial-0"]
    assert [(r["epoch"], r["auroc"], r["_step"]) for r in first.rows] == [
        (1, 0.9, 1),
        (2, 0.95, 2),
        (3, 0.93, 3),
    ]
    assert {"best_auroc", "auprc", "score/error", "loss/patch"} <= set(first.rows[0])
    assert first.axes["*"] == "epoch"
    assert first.group == tmp_path.name
    assert first.id == config(tmp_path).run_id(0)
    assert first.config["number"] == 0
    assert first.config["published"] == "W1"
    assert first.config["generator_lr"] == 1e-4
    with_it = {name for name, one in found.items() if "patch_n" in one.config}
    assert with_it == {"trial-0", "trial-2"}, "it is inactive in the other"
    assert (first.summary["state"], first.exit_code) == ("complete", 0)
    assert (found["trial-1"].summary["reason"], found["trial-1"].exit_code) == ("asha", 0)
    assert (found["trial-2"].summary["state"], found["trial-2"].exit_code) == ("failed", 1)


def test_a_score_of_nan_would_reach_wandb() -> None:
    values = row_values(row(2, 0.5, auprc=float("nan")))
    assert "auprc" not in values
    assert values["epoch"] == 2


def test_two_searches_of_one_name_would_write_into_the_same_runs(tmp_path: Path) -> None:
    one, other = config(tmp_path, uid="a"), config(tmp_path, uid="b")
    assert one.run_id(3) == config(tmp_path, uid="a").run_id(3)
    assert len({one.run_id(3), one.run_id(4), other.run_id(3)}) == 3


KILLED = """
import os, signal, sys, time
from pathlib import Path
from tests.tuner.test_tracking import config, feed
from tests.tuner.fake_trials import trial
from tuner.tracking.listener import WandbListener
listener = WandbListener(config(Path(sys.argv[1])), print)
feed(listener, trial(0, 0.9, 0.95))
feed(listener, trial(1, 0.8, 0.85, state="running"))
while not list(Path(sys.argv[1]).glob("wandb/offline-run-*/finished")):
    time.sleep(0.1)
time.sleep(2.5)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_rows_would_be_lost_or_doubled_after_a_kill_and_a_resume(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=root,
        timeout=60,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    assert run.stdout + run.stderr == ""
    killed = wandb_files.runs(tmp_path)
    assert [r["epoch"] for r in killed["trial-1"].rows] == [1, 2], "flushed every second"

    listener = WandbListener(config(tmp_path), print)
    interrupted = trial(1, 0.8, 0.85, 0.86, state="running")
    listener.search_started([trial(0, 0.9, 0.95), interrupted])
    listener.trial_started(interrupted, 2)
    feed_end = trial(1, 0.8, 0.85, 0.86, 0.87)
    listener.epoch_reported(
        dataclasses.replace(feed_end, state="running"), feed_end.rows[-1], CONTINUE
    )
    listener.trial_ended(feed_end)
    assert listener.close()
    resumed = wandb_files.runs(tmp_path)
    assert resumed["trial-0"] == killed["trial-0"], "a finished run is left alone"
    assert [r["epoch"] for r in resumed["trial-1"].rows] == [1, 2, 3, 4]
    assert resumed["trial-1"].id == killed["trial-1"].id
    assert resumed["trial-1"].summary["state"] == "complete"
    assert not killed["trial-1"].folder.exists()


def test_an_interrupted_run_would_count_as_finished_at_the_next_resume(tmp_path: Path) -> None:
    for aurocs in ([0.8], [0.8, 0.9]):
        listener = WandbListener(config(tmp_path), print)
        listener.search_started([trial(5, *aurocs, state="running")])
        assert listener.close()
    found = wandb_files.runs(tmp_path)["trial-5"]
    assert [r["epoch"] for r in found.rows] == [1, 2]
    assert found.summary["state"] == "interrupted"


@pytest.fixture
def released() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_wandb_that_hangs_would_hold_up_the_search_and_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, released: threading.Event
) -> None:
    import wandb

    entered = threading.Event()
    over = threading.Event()

    def hang(**_: Any) -> None:
        entered.set()
        released.wait(60)
        over.set()
        raise RuntimeError("released")

    monkeypatch.setattr(wandb, "init", hang)
    said: list[str] = []
    listener = WandbListener(config(tmp_path), said.append)
    feed(listener, trial(0, 0.9, state="running"))
    assert entered.wait(10)
    for number in range(200):
        feed(listener, trial(number, *[0.9] * 10))
    assert not over.is_set(), "the search waited for W&B"
    assert len(listener._waiting) == 200, "only the newest view of each trial waits"
    assert not listener.close(patience=0.5)
    assert not over.is_set(), "the search's end waited for W&B"
    assert len(said) == 1
    assert "did not answer" in said[0]


@pytest.mark.parametrize("state", ["running", "complete"])
def test_a_wandb_that_is_only_slow_would_be_left_behind_with_runs_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: TrialState
) -> None:
    finish = Runs._finish

    def slowly(*arguments: Any, **ended: Any) -> None:
        time.sleep(0.6)
        finish(*arguments, **ended)

    monkeypatch.setattr(Runs, "_finish", slowly)
    said: list[str] = []
    listener = WandbListener(config(tmp_path), said.append)
    for number in range(6):
        feed(listener, trial(number, 0.9, state=state))
    assert listener.close(patience=2)
    ends = {run.summary["state"] for run in wandb_files.runs(tmp_path).values()}
    assert ends == {"interrupted" if state == "running" else state}
    assert len(wandb_files.runs(tmp_path)) == 6
    assert said
    assert all("runs to end" in line for line in said)


def test_a_wandb_that_fails_as_it_ends_would_never_come_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Runs, "_finish", fail)
    said: list[str] = []
    listener = WandbListener(config(tmp_path), said.append)
    feed(listener, trial(0, 0.9, state="running"))
    assert listener.close(patience=10)
    assert len(said) == 1
    assert "no space left" in said[0]


def test_an_error_of_wandb_would_reach_the_search_or_be_told_for_every_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wandb

    def refuse(**_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(wandb, "init", refuse)
    said: list[str] = []
    listener = WandbListener(config(tmp_path), said.append)
    for number in range(5):
        feed(listener, trial(number, 0.9, 0.8))
    assert listener.close()
    assert len(said) == 1
    assert "no space left" in said[0]


def test_rows_would_be_lost_when_the_server_stops_answering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wandb

    real = wandb.init

    def only_offline(**arguments: Any) -> Any:
        if arguments["mode"] == "online":
            raise wandb.errors.CommError("server is away")
        return real(**arguments)

    monkeypatch.setattr(wandb, "init", only_offline)
    said: list[str] = []
    folder = tmp_path / "a search"
    folder.mkdir()
    listener = WandbListener(config(folder, mode="online"), said.append)
    feed(listener, trial(0, 0.9, 0.8))
    feed(listener, trial(1, 0.7, state="running"))
    assert listener.close()
    assert len(said) == 1
    assert "kept offline" in said[0]
    found = wandb_files.runs(folder)
    assert [len(found[name].rows) for name in ("trial-0", "trial-1")] == [2, 1]
    command = [sys.executable, *shlex.split(said[0].split("`")[1])[1:], "--dry-run"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Would sync 2 run(s)" in told.stderr + told.stdout


def test_wandb_switched_off_would_still_be_imported_or_start_a_thread(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.tuner.test_tracking import config, feed\n"
        "from tests.tuner.fake_trials import trial\n"
        "from tuner.tracking.listener import WandbListener\n"
        "listener = WandbListener(config(Path(sys.argv[1]), mode='off'), print)\n"
        "feed(listener, trial(0, 0.9)); assert listener.close()\n"
        "assert 'wandb' not in sys.modules\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=True)
    assert list(tmp_path.iterdir()) == []


def test_a_run_would_stay_open_for_each_trial_that_waits(tmp_path: Path) -> None:
    listener = WandbListener(config(tmp_path), print)
    waits = trial(0, 0.9, state="paused")
    feed_start = dataclasses.replace(waits, state="running")
    listener.epoch_reported(feed_start, waits.rows[0], Decision(action="pause"))
    listener.trial_paused(waits)
    deadline = time.monotonic() + 60
    while "state" not in _summary(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _summary(tmp_path)["state"] == "paused"
    ended = trial(0, 0.9, 0.95, 0.97)
    for one in ended.rows[1:]:
        listener.epoch_reported(ended, one, Decision(action="continue"))
    listener.trial_ended(ended)
    assert listener.close()
    (run,) = wandb_files.runs(tmp_path).values()
    assert (run.summary["state"], len(run.rows)) == ("complete", 3)


def _summary(folder: Path) -> dict[str, Any]:
    runs = list(wandb_files.runs(folder).values())
    return dict(runs[0].summary) if runs else {}


def test_an_epoch_would_be_sent_once_more_with_each_new_one(tmp_path: Path) -> None:
    steps: list[int] = []
    run = SimpleNamespace(log=lambda values, *, step, commit: steps.append(step))
    runs = Runs(config(tmp_path))
    view = trial(0, 0.7, 0.8, 0.9, state="running")
    runs.open[0] = _OpenRun(run=cast(Any, run), view=view, next_epoch=1)
    for epochs in (1, 1, 3):
        runs.write(dataclasses.replace(view, rows=view.rows[:epochs]))
    assert steps == [1, 2, 3]
