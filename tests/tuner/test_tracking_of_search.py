"""The run that a search itself has in W&B: leaderboard, best configuration, files."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.tuner import wandb_files
from tests.tuner.fake_trials import realistic
from tests.tuner.simulated import small_space
from tests.tuner.test_finished import searched as searched_in
from tests.tuner.test_finished import shown as shown_again
from tests.tuner.test_tracking import config, feed
from tests.tuner.test_tracking_online import sync, values
from tests.tuner.wandb_files import OfflineRun
from tests.tuner.wandb_server import OnlineRun, WandbServer
from tuner.backend.ray_backend import RayBackend
from tuner.engine.engine import Engine
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.results.leaderboard import rank
from tuner.search import __main__ as search
from tuner.search.tracked import searched
from tuner.space import Machine
from tuner.tracking.listener import WandbListener, search_listener
from tuner.tracking.runs import Mode, Runs
from tuner.tracking.told import Searched

FILES = ("report.html", "best.yaml", "trials.csv", "curves.png")
TRIALS = realistic(12)
SPACE = small_space()


def told(folder: Path, trials: list[TrialView], **ended: Any) -> Searched:
    """A search that is over, of which the files are left."""
    folder.mkdir(exist_ok=True)
    for name in FILES:
        (folder / name).write_text(f"{name} of {len(trials)} trials", encoding="utf-8")
    outcome = {"finished": True, "failure": "", **ended}
    return searched(trials, "best_auroc", RunFolder(folder), **outcome)


def end(folder: Path, mode: Mode, trials: list[TrialView], **ended: Any) -> list[str]:
    """Let a driver come to its end; what was said."""
    said: list[str] = []
    over = told(folder, trials, **ended)
    listener = search_listener(RunFolder(folder), SPACE, mode, 0, said.append)
    for view in trials[:3]:
        feed(listener, view)
    listener.search_over(over)
    assert listener.close()
    return said


def table(run: OfflineRun | OnlineRun) -> dict[str, Any]:
    """The leaderboard that a run shows."""
    if isinstance(run, OnlineRun):
        place = run.summary["leaderboard"]["path"]
        found = json.loads(run.files[place])
    else:
        found = json.loads((run.folder / "files" / run.summary["leaderboard/path"]).read_bytes())
    return dict(found)


def check_table(shown: dict[str, Any], trials: list[TrialView]) -> None:
    ranking = rank(trials, "best_auroc")
    rows = [dict(zip(shown["columns"], row, strict=True)) for row in shown["data"]]
    assert [row["number"] for row in rows] == [one.trial.number for one in ranking]
    assert [row["best_auroc"] for row in rows] == [one.value for one in ranking]
    assert [row["place"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["published"] for row in rows} == {"W1", "W2", None}
    for row, one in zip(rows, ranking, strict=True):
        assert one.trial.hyperparameters.items() <= row.items()


def test_a_search_would_have_no_run_of_its_own_offline(tmp_path: Path) -> None:
    folder = tmp_path / "a search"
    assert end(folder, "offline", TRIALS) == []
    run = wandb_files.runs(folder)["a search"]
    best = rank(TRIALS, "best_auroc")[0]
    assert (run.group, run.exit_code) == ("a search", 0)
    assert run.tags == ["two-discriminator-gan", "digits", "complete"]
    assert best.trial.hyperparameters.items() <= run.config.items()
    assert run.config["normal"] == SPACE.data.normal_text
    assert (run.summary["state"], run.summary["best/trial"]) == ("complete", best.trial.number)
    assert run.summary["best/best_auroc"] == best.value
    check_table(table(run), TRIALS)
    copies = run.artifacts["search"]
    assert {name: copy.read_text() for name, copy in copies.items()} == {
        name: (folder / name).read_text() for name in FILES
    }
    assert all(copy.is_relative_to(run.folder) for copy in copies.values()), "some home's cache"


def test_a_search_would_have_no_run_of_its_own_online(server: WandbServer, tmp_path: Path) -> None:
    assert end(tmp_path / "one", "online", TRIALS) == []
    run = server.named("one")
    assert (run.group, run.job_type, run.state) == ("one", "search", "finished")
    assert run.tags == ["two-discriminator-gan", "digits", "complete"]
    assert (
        rank(TRIALS, "best_auroc")[0].trial.hyperparameters.items() <= run.hyperparameters.items()
    )
    check_table(table(run), TRIALS)
    (kept,) = server.artifacts.of_type("search")
    assert kept.run == run.id
    assert {name: kept.files[name].decode() for name in FILES} == {
        name: (tmp_path / "one" / name).read_text() for name in FILES
    }


def test_a_search_synced_later_would_look_unlike_one_that_was_online(
    server: WandbServer, tmp_path: Path
) -> None:
    folder = tmp_path / "one"
    seen = []
    for mode in ("offline", "online"):
        assert end(folder, mode, TRIALS) == []
        if mode == "offline":
            assert server.runs == {}
            sync(f"python -m wandb sync '{folder / 'wandb'}'", at=tmp_path)
        assert len(server.runs) == 3 + 1
        seen.append({name: shown(run) for name, run in server.runs.items()})
        files = [(one.name, one.digest) for one in server.artifacts.versions]
        seen[-1]["artifacts"] = sorted(files)
        assert all(one.state == "COMMITTED" for one in server.artifacts.versions)
        server.runs.clear()
        server.artifacts.versions.clear()
        for path in folder.glob("wandb/*/finished"):
            path.unlink()
    assert seen[0] == seen[1]


def shown(run: OnlineRun) -> dict[str, Any]:
    """What a run's page shows, without the addresses of artifacts, which are drawn by lot."""
    place = ("artifact_path", "_latest_artifact_path")
    summary = {
        key: {k: v for k, v in value.items() if k not in place} if key == "leaderboard" else value
        for key, value in run.summary.items()
        if not key.startswith("_")
    }
    rows = [row | ({"leaderboard": 0} if "leaderboard" in row else {}) for row in values(run)]
    return {
        **{name: getattr(run, name) for name in ("id", "name", "group", "job_type", "state")},
        **{"tags": run.tags, "config": run.hyperparameters, "summary": summary, "rows": rows},
        "media": sorted(name for name in run.files if name.startswith("media/")),
    }


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_a_resumed_search_or_one_shown_again_would_have_two_runs(
    server: WandbServer, tmp_path: Path, mode: Mode
) -> None:
    folder = tmp_path / "one"
    first = TRIALS[:6]
    assert end(folder, mode, first, finished=False) == []
    assert len(list(folder.glob("wandb/*run-*"))) == 3 + 1
    made = end(folder, mode, TRIALS)
    again = end(folder, mode, TRIALS)
    assert made == again == []
    assert len(list(folder.glob("wandb/*run-*"))) == 3 + 1, "a folder was left, or made anew"
    if mode == "offline":
        run = wandb_files.runs(folder)["one"]
        assert len(run.rows) == 1
        check_table(table(run), TRIALS)
        assert run.tags[2:] == ["complete"]
        return
    online = server.named("one")
    assert len(online.rows) == 2, "one for each state that it was shown in"
    check_table(table(online), TRIALS)
    assert online.tags == ["two-discriminator-gan", "digits", "complete"]
    assert online.summary["state"] == "complete"
    assert len(server.artifacts.of_type("search")) == 2


def test_a_search_that_is_over_would_not_tell_wandb_of_it(tmp_path: Path) -> None:
    run_folder, _ = searched_in(tmp_path / "one")
    offline = small_space(trials=4, wandb="offline")
    assert shown_again(offline, run_folder)
    runs = wandb_files.runs(run_folder.path)
    assert len(runs) == 4 + 1
    assert {"best.yaml", "trials.csv"} <= runs["one"].artifacts["search"].keys()
    assert runs["one"].summary["trials/complete"] >= 1


def test_a_search_that_was_stopped_would_not_tell_wandb_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_folder, _ = searched_in(tmp_path / "one")

    def interrupted(_backend: Any, engine: Engine, *_: Any, **__: Any) -> None:
        engine.interrupt()

    monkeypatch.setattr(RayBackend, "check", lambda _backend, _space: None)
    monkeypatch.setattr(RayBackend, "connected", lambda _: nullcontext(Machine(cpus=1)))
    monkeypatch.setattr(RayBackend, "run", interrupted)
    more = ["--resume", "--run", str(run_folder), "--trials", "6", "--wandb", "offline"]
    assert search.main(more) == 130
    run = wandb_files.runs(run_folder.path)["one"]
    assert run.summary["state"] == run.tags[-1] == "interrupted"
    assert run.artifacts["search"].keys() == set(FILES), "the report too, which is made last"


def test_a_search_that_gave_up_would_look_whole(tmp_path: Path) -> None:
    assert end(tmp_path / "one", "offline", [], finished=False, failure="no worker\nstarts") == []
    run = wandb_files.runs(tmp_path / "one")["one"]
    assert (run.summary["state"], run.exit_code) == ("failed", 1)
    assert run.summary["reason"] == "no worker starts"
    assert table(run)["data"] == []


def test_a_search_without_files_or_trials_would_cost_a_line(tmp_path: Path) -> None:
    said: list[str] = []
    listener = WandbListener(config(tmp_path), said.append)
    listener.search_over(
        searched([], "best_auroc", RunFolder(tmp_path), finished=False, failure="")
    )
    assert listener.close()
    assert said == []
    assert wandb_files.runs(tmp_path)[tmp_path.name].summary["state"] == "interrupted"


def test_a_search_whose_run_wandb_refuses_would_not_come_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Runs, "_log_search", refuse)
    (said,) = end(tmp_path / "one", "offline", TRIALS)
    assert "no space left" in said
    assert len(wandb_files.runs(tmp_path / "one")) == 3 + 1, "the trials' runs are whole"


def test_a_server_that_goes_away_at_the_end_would_cost_the_searchs_run(
    server: WandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Runs._log_search

    def refuse_online(runs: Runs, *more: Any) -> None:
        if runs.mode == "online":
            raise ConnectionError("away")
        log(runs, *more)

    monkeypatch.setattr(Runs, "_log_search", refuse_online)
    (said,) = end(tmp_path / "one", "online", TRIALS)
    assert "kept offline" in said
    check_table(table(wandb_files.runs(tmp_path / "one")["one"]), TRIALS)


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_service_that_has_ended_would_show_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    from tuner.tracking.runs import tear_down

    def fail() -> None:
        raise ConnectionResetError("Connection lost")

    monkeypatch.setattr(wandb, "teardown", fail)
    tear_down(seconds=5)


def test_a_search_whose_report_alone_has_changed_would_keep_the_old_one(tmp_path: Path) -> None:
    over = told(tmp_path / "one", TRIALS)
    before = over.fingerprint
    assert told(tmp_path / "one", TRIALS).fingerprint == before
    (tmp_path / "one" / "report.html").write_text("with a retrain", encoding="utf-8")
    assert over.fingerprint != before
    elsewhere = told(tmp_path / "two", TRIALS).fingerprint
    assert elsewhere == before, "where the files lie is all the same"
