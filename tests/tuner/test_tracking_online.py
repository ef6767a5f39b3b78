"""W&B online: the real client against a server that takes everything in, and that goes away."""

import copy
import csv
import dataclasses
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.tuner import wandb_files
from tests.tuner.fake_trials import trial
from tests.tuner.simulated import small_space
from tests.tuner.test_search_command import SMALL, finished, recorded
from tests.tuner.test_tracking import config, feed
from tests.tuner.wandb_server import OnlineRun, WandbServer
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.seeds import trial_seed
from tuner.tracking import listener as listening
from tuner.tracking import runs as running
from tuner.tracking.listener import WandbListener, search_listener, write_retrain
from tuner.tracking.runs import Mode, Retrained
from tuner.tracking.told import row_values

ROOT = Path(__file__).parents[2]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """W&B's calls give up after seconds, not after a quarter of a minute."""
    monkeypatch.setattr(running, "_INIT_SECONDS", 2.0)
    for module in (running, listening):
        monkeypatch.setattr(module, "FINISH_SECONDS", 6.0)


def wait_until(reached: Callable[[], object], within_s: float = 20) -> None:
    until = time.monotonic() + within_s
    while not reached():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.02)


def rows_of(server: WandbServer, *trials: int) -> list[int]:
    """How many rows each trial's run has, 0 where there is no run yet."""
    return [sum(len(run.lines) for run in server.known(f"trial-{number}")) for number in trials]


def values(run: OnlineRun) -> list[dict[str, Any]]:
    """The rows without what W&B adds: step and times."""
    return [{k: v for k, v in row.items() if not k.startswith("_")} for row in run.rows]


def check(run: OnlineRun, view: TrialView) -> None:
    """The run holds each of the trial's rows once, at its step, and the trial's end."""
    assert [row["_step"] for row in run.rows] == [row.epoch for row in view.rows]
    assert values(run) == [row_values(row) for row in view.rows]
    assert (run.summary["epoch"] if view.rows else 0) == view.epochs
    assert (run.summary["state"], run.summary["reason"]) == (view.state, view.reason)
    assert run.state == ("failed" if view.state == "failed" else "finished")
    assert run.exit_code == (1 if view.state == "failed" else 0)


def test_rows_would_not_arrive_online_or_in_the_run_of_another_trial(
    server: WandbServer, tmp_path: Path
) -> None:
    views = [
        trial(0, 0.9, 0.95, 0.93, published="W1"),
        trial(1, 0.6, state="pruned", reason="asha"),
        trial(2, 0.5, 0.4, state="pruned", reason="diverged"),
        trial(3, 0.7, state="failed", reason="error: out of memory"),
        trial(4, state="failed", reason="error: no room"),
    ]
    said: list[str] = []
    listener = WandbListener(config(tmp_path, mode="online"), said.append)
    for view in views:
        feed(listener, view)
    assert listener.close()
    assert said == []
    assert len(server.runs) == len(views)
    for view in views:
        run = server.named(f"trial-{view.number}")
        check(run, view)
        assert run.repeated == 0
        assert run.id == config(tmp_path).run_id(view.number)
        assert (run.project, run.group, run.job_type) == ("tuner", tmp_path.name, "trial")
        told = {"number": view.number, "published": view.published, **view.hyperparameters}
        assert run.hyperparameters == told
        assert run.axes == {"*": "epoch"}
    keys = {"epoch", "auroc", "best_auroc", "loss/patch", "loss/reconstruction"}
    assert keys <= set(server.named("trial-0").rows[0])


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_what_other_work_left_in_the_environment_would_become_every_runs_own(
    server: WandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    left = {
        "WANDB_RUN_ID": "of-other-work",
        "WANDB_RESUME": "must",
        "WANDB_NAME": "other work",
        "WANDB_RUN_GROUP": "others",
        "WANDB_JOB_TYPE": "other",
        "WANDB_PROJECT": "others",
        "WANDB_MODE": "offlin",
        "WANDB_DIR": str(tmp_path / "elsewhere"),
        "WANDB_SWEEP_ID": "sweep",
        "WANDB_SERVICE": "3-1-tcp-localhost-9",
    }
    for name, value in left.items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    listener = WandbListener(config(tmp_path, mode=mode), said.append)
    for number in range(2):
        feed(listener, trial(number, 0.9, 0.95))
    assert listener.close()
    assert said == []
    if mode == "offline":
        assert {name: run.id for name, run in wandb_files.runs(tmp_path).items()} == {
            f"trial-{number}": config(tmp_path).run_id(number) for number in range(2)
        }
        return
    for number in range(2):
        run = server.named(f"trial-{number}")
        check(run, trial(number, 0.9, 0.95))
        assert run.id == config(tmp_path).run_id(number)
        assert (run.project, run.group, run.job_type) == ("tuner", tmp_path.name, "trial")


def test_a_run_would_not_say_what_was_searched(server: WandbServer, tmp_path: Path) -> None:
    space = small_space(sampler={"seed": 7})
    listener = search_listener(RunFolder(tmp_path), space, "online", 0, print)
    feed(listener, trial(3, 0.9))
    assert listener.close()
    told = server.named("trial-3").hyperparameters
    assert told["detector"] == space.detector
    assert (told["data"], told["normal"]) == (space.data.dataset, space.data.normal_text)
    assert (told["epochs"], told["objective"]) == (space.epochs, space.objective)
    assert (told["seed"], told["trial_seed"]) == (7, trial_seed(7, 3))
    assert trial(3).hyperparameters.items() <= told.items()


def test_rows_would_reach_the_server_only_when_their_trial_has_ended(
    server: WandbServer, tmp_path: Path
) -> None:
    listener = WandbListener(config(tmp_path, mode="online"), print)
    feed(listener, trial(0, 0.9, state="running"))
    wait_until(lambda: rows_of(server, 0) == [1])
    feed(listener, trial(0, 0.9, 0.95, state="running"))
    wait_until(lambda: rows_of(server, 0) == [2])
    assert server.named("trial-0").state == "running"
    assert listener.close()


SEARCH = """
import sys, time
from pathlib import Path
from tests.tuner.test_tracking import config, feed
from tests.tuner.fake_trials import trial
from tuner.tracking.listener import WandbListener
listener = WandbListener(config(Path(sys.argv[1]), mode="online"), print)
feed(listener, trial(0, 0.9, 0.95))
feed(listener, trial(1, 0.8, 0.85, state="running"))
time.sleep(60)
"""


@pytest.mark.parametrize(("seconds", "arrived"), [("1", 2), ("15", 0)])
def test_rows_would_be_lost_or_doubled_online_after_a_kill_and_a_resume(
    server: WandbServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seconds: str,
    arrived: int,
) -> None:
    monkeypatch.setenv("WANDB__FILE_STREAM_TRANSMIT_INTERVAL", seconds)
    search = subprocess.Popen([sys.executable, "-c", SEARCH, str(tmp_path)], cwd=ROOT)
    try:
        wait_until(lambda: any(run.summary for run in server.known("trial-1")))
        wait_until(lambda: rows_of(server, 1) == [arrived])
    finally:
        search.kill()
    assert search.wait() == -signal.SIGKILL
    assert rows_of(server, 0, 1) == [2, arrived]
    finished_one = copy.deepcopy(server.named("trial-0"))
    killed_id = server.named("trial-1").id
    logged = steps_logged(monkeypatch)

    listener = WandbListener(config(tmp_path, mode="online"), print)
    whole = trial(1, 0.8, 0.85, 0.86, 0.87)
    listener.search_started(
        [trial(0, 0.9, 0.95), dataclasses.replace(whole, state="running", rows=whole.rows[:3])]
    )
    feed(listener, whole)
    assert listener.close()
    resumed = server.named("trial-1")
    check(resumed, whole)
    assert resumed.id == killed_id
    assert resumed.repeated == 0
    assert logged == list(range(arrived + 1, 5)), "it went on where the server stood"
    assert server.named("trial-0") == finished_one, "a finished run is left alone"


def steps_logged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps of the rows that are given to W&B's client from now on; it drops older ones."""
    import wandb

    steps: list[int] = []
    real = wandb.Run.log

    def log(self: Any, data: dict[str, Any], *, step: int, commit: bool) -> None:
        steps.append(step)
        real(self, data, step=step, commit=commit)

    monkeypatch.setattr(wandb.Run, "log", log)
    return steps


def test_an_interrupted_search_would_begin_its_runs_anew(
    server: WandbServer, tmp_path: Path
) -> None:
    for aurocs in ([0.8, 0.9], [0.8, 0.9], [0.8, 0.9, 0.91]):
        listener = WandbListener(config(tmp_path, mode="online"), print)
        listener.search_started([trial(5, *aurocs, state="running")])
        assert listener.close()
        run = server.named("trial-5")
        assert [row["_step"] for row in run.rows] == list(range(1, len(aurocs) + 1))
        assert run.summary["state"] == "interrupted"
    assert run.repeated == 0


def sync(command: str, at: Path) -> None:
    """Run the command of a line that the search said; W&B leaves logs where it is typed."""
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "wandb", "sync"]
    run = subprocess.run(
        [sys.executable, *words[1:]],
        cwd=at,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.long
def test_a_server_that_goes_away_would_cost_rows_even_when_it_is_back(
    server: WandbServer, tmp_path: Path, impatient: None
) -> None:
    said: list[str] = []
    folder = tmp_path / "a search"
    folder.mkdir()
    listener = WandbListener(config(folder, mode="online"), said.append)
    views = [trial(0, 0.9, 0.95), trial(1, 0.8, 0.85, 0.86), trial(2, 0.7, 0.75)]
    feed(listener, views[0])
    for begun in (1, 3):
        feed(listener, trial(begun, 0.8, 0.85, state="running"))
    wait_until(lambda: rows_of(server, 0, 1, 3) == [2, 2, 2])
    wait_until(lambda: server.named("trial-0").state == "finished")
    finished_one = copy.deepcopy(server.named("trial-0"))

    server.away.set()
    feed(listener, views[1])
    feed(listener, views[2])
    # That it is away shows when a run ends, and the others must not be waited for as long again.
    assert listener.close(patience=2 * running.FINISH_SECONDS - 1), said
    assert len(said) == 1, said
    assert "kept offline from now on" in said[0]
    assert rows_of(server, 1, 2, 3) == [2, 0, 2]
    kept = wandb_files.runs(folder)
    assert [len(kept[f"trial-{number}"].rows) for number in (1, 2, 3)] == [3, 2, 2]
    assert kept["trial-3"].summary["state"] == "interrupted"

    time.sleep(running.FINISH_SECONDS)  # the service that the listener left gives up, too
    server.away.clear()
    resumed = WandbListener(config(folder, mode="online"), said.append)
    resumed.search_started([*views, trial(3, 0.8, 0.85, state="running")])
    views.append(trial(3, 0.8, 0.85, 0.86))
    feed(resumed, views[3])
    assert resumed.close()
    assert len(said) == 1, said
    assert server.named("trial-3").repeated == 0
    sync(said[0].split("`")[1], at=tmp_path)
    for view in views:
        check(server.named(f"trial-{view.number}"), view)
    assert server.named("trial-0") == finished_one


def test_a_short_absence_of_the_server_would_double_rows_or_send_the_search_offline(
    server: WandbServer, tmp_path: Path
) -> None:
    said: list[str] = []
    listener = WandbListener(config(tmp_path, mode="online"), said.append)
    feed(listener, trial(0, 0.9, state="running"))
    wait_until(lambda: rows_of(server, 0) == [1])
    server.away.set()
    feed(listener, trial(0, 0.9, 0.95, state="running"))
    wait_until(lambda: server.refused > 0)
    server.away.clear()
    feed(listener, trial(0, 0.9, 0.95, 0.96))
    assert listener.close()
    assert said == []
    check(server.named("trial-0"), trial(0, 0.9, 0.95, 0.96))
    assert server.named("trial-0").repeated == 0


def test_a_retrain_would_not_arrive_online(
    server: WandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_ERROR_REPORTING", raising=False)
    monkeypatch.setenv("WANDB_RUN_ID", "of-other-work")
    said: list[str] = []
    figures = {"test/auroc": 0.97, "test/auprc": 0.91}
    rows = [{"validation/best/seed-1/auroc": 0.9}, {"validation/best/seed-1/auroc": 0.8}]
    picture = tmp_path / "roc.png"
    Image.new("L", (8, 8)).save(picture)
    asked = config(tmp_path, mode="online", uid="retrain")
    asked = dataclasses.replace(asked, facts={"detector": "padim", "normal": "0"})
    for _ in range(2):
        retrained = Retrained(
            config={"epochs": 2, "width": 8},
            rows=rows,
            figures=figures,
            pictures={"roc": picture},
        )
        write_retrain(asked, retrained, said.append)
    assert said == []
    assert os.environ["WANDB_RUN_ID"] == "of-other-work"
    run, again = server.known("retrain")
    assert len({run.id, again.id, "of-other-work"}) == 3
    *epochs, last = values(run)
    assert epochs == [{"epoch": epoch, **row} for epoch, row in enumerate(rows, start=1)]
    assert figures.items() <= last.items()
    assert last["pictures/roc"]["_type"] == "image-file"
    assert any(name.startswith("media/images/pictures/roc") for name in run.files)
    told = {"detector": "padim", "normal": "0", "epochs": 2, "width": 8}
    assert run.hyperparameters == told
    assert run.axes["validation/*"] == "epoch"
    assert run.tags == ["padim"]
    assert (run.project, run.group, run.job_type) == ("tuner", tmp_path.name, "retrain")
    assert (run.state, run.exit_code) == ("finished", 0)
    assert figures.items() <= run.summary.items()
    assert os.environ["WANDB_ERROR_REPORTING"] == "false"


@pytest.mark.long
def test_a_whole_search_would_leave_wandbs_pages_unlike_its_record(
    server: WandbServer, tmp_path: Path
) -> None:
    options = [*SMALL, "--name=online", "--trials=2", "--set=epochs=2", "--wandb=online"]
    said = finished(tmp_path, *options)
    assert "kept offline" not in said
    trials = recorded(tmp_path / "online").trials
    assert sum(len(view.rows) for view in trials.values()) == 4
    assert len(server.runs) == 2 + 1
    own = server.named("online")
    assert (own.state, own.summary["state"]) == ("finished", "complete")
    assert len(own.rows) == 1
    finished(tmp_path, *options, "--resume")
    assert len(own.rows) == 1, "shown again, and nothing is new"
    (kept,) = server.artifacts.of_type("search")
    assert kept.files["report.html"] == (tmp_path / "online" / "report.html").read_bytes()
    for view in trials.values():
        run = server.named(f"trial-{view.number}")
        check(run, view)
        assert view.hyperparameters.items() <= run.hyperparameters.items()
        assert run.group == "online"
    with (tmp_path / "online" / "trials.csv").open() as file:
        for line in csv.DictReader(file):
            rows = server.named(f"trial-{line['number']}").rows
            assert max(row["auroc"] for row in rows) == float(line["best_auroc"])
    said_of_keys = (ROOT / "docs" / "tracking.md").read_text(encoding="utf-8")
    of_trials = [run for run in server.runs.values() if run.job_type == "trial"]
    for key in {key for run in of_trials for row in values(run) for key in row}:
        assert f"`{key.split('/')[0]}{'/<' if '/' in key else '`'}" in said_of_keys
