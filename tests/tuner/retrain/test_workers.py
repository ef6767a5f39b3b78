"""Trainings in processes of Ray: that fail, are stopped, or are left behind."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.test_architecture import loaded_after
from tests.tuner.processes import of_session, wait_until_gone
from tests.tuner.retrain.conftest import make_run, make_search, plan_of
from tests.tuner.retrain.own_pictures import space_of, with_defects
from tests.tuner.retrain.test_training import make_setting
from tuner.backend.ray_tasks import Lost
from tuner.retrain import jobs
from tuner.retrain.jobs import JobFailed, train_all
from tuner.retrain.plan import Job, Setting
from tuner.retrain.remote_training import Brought, Errand, Failed, run_errand
from tuner.retrain.training import Trained
from tuner.space import Machine
from tuner.storage import local_storage

COMMAND = [sys.executable, "-m", "tuner.retrain", "--epochs", "100000", "--search"]

AS_IN_THE_README = """
from tuner.api import load, retrain
retrain("run", seeds=2, epochs=1, baselines=False)
print(load("run").detector.detector)
"""


def test_importing_the_retrain_would_load_heavy_libraries() -> None:
    assert loaded_after("import tuner.retrain.flow") == set()


def told_by(errand: Errand) -> list[object]:
    return list(run_errand(errand))


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let this machine have so many cores."""

    def have(count: int) -> None:
        monkeypatch.setattr("tuner.retrain.jobs.find_machine", lambda: Machine(cpus=count, gpus=0))

    return have


def test_trainings_side_by_side_would_differ_from_one_after_the_other(
    tmp_path: Path, cores: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, list[str]] = {"here": [], "ray": []}

    def trained(name: str, count: int) -> list[Trained]:
        cores(count)
        folder = tmp_path / name
        folder.mkdir()
        plan = plan_of(folder)
        plan = replace(plan, contenders=plan.contenders[:2])
        found = train_all(make_setting(plan, folder), said[name].append)
        return sorted(found, key=lambda one: (one.contender, one.number))

    side_by_side = trained("ray", 2)
    monkeypatch.setattr(jobs, "_train_on_ray", None)  # a machine of one core does without
    for one, other in zip(trained("here", 1), side_by_side, strict=True):
        assert [row.losses for row in one.rows] == [row.losses for row in other.rows]
        assert [row.metrics for row in one.rows] == [row.metrics for row in other.rows]
        assert one.kept_epoch == other.kept_epoch
        names = {path.name for path in one.folder.iterdir()}
        assert names == {path.name for path in other.folder.iterdir()}
        for name in names:
            assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes()
    assert sorted(said["here"]) == sorted(said["ray"])
    assert len(said["ray"]) == 2 * 2 * 2


def test_a_training_that_begins_anew_would_do_so_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = make_setting(plan_of(tmp_path), tmp_path)
    errand, said = errand_of(setting), []
    told: list[tuple[Errand, object]] = [
        (errand, Lost(why="its machine is gone", given_up=False)),
        (errand, "epoch 1/2"),
        (errand, Lost(why="its machine is gone", given_up=True)),
    ]
    monkeypatch.setattr("tuner.backend.ray_tasks.run_tasks", lambda *_, **__: iter(told))
    with pytest.raises(JobFailed, match="seed 1/2 was lost again and again: its machine is gone"):
        jobs._run(
            [errand], setting, said.append, gpus=False, done=partial(jobs.usable, setting.plan)
        )
    assert said == [
        "two-discriminator-gan seed 1/2 is lost, since its machine is gone: it begins anew",
        "epoch 1/2",
    ]


def test_a_machine_that_does_not_see_the_pictures_would_train_nothing(tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    pictures, storage = with_defects(tmp_path / "pictures"), local_storage(tmp_path / "storage")
    setting = make_setting(
        plan_of(tmp_path, detector="pca", data=space_of(pictures).data, fixed={}), tmp_path
    )
    errand = errand_of(setting)
    place = jobs._shipped(setting, storage)
    away = tmp_path / "away"
    elsewhere = replace(setting.source, cache=away)
    shutil.rmtree(pictures)
    setting = replace(setting, source=elsewhere, split_file=away, work=away)
    errand = replace(errand, setting=setting, storage=place)
    *lines, brought = told_by(errand)
    assert not isinstance(brought, Failed), brought
    assert len(lines) == 1 and isinstance(brought, list)
    (one,) = brought
    assert isinstance(one, Brought)
    assert (one.unpacked(tmp_path / "back").folder / "config.json").exists()


def errand_of(setting: Setting) -> Errand:
    return Errand(
        job=Job(contender=setting.plan.best, numbers=(0,)),
        setting=setting,
        split=setting.split_file.read_bytes(),
        storage=None,
        one_thread=True,
    )


@pytest.mark.parametrize(
    "kind",
    [
        signal.SIGINT,
        *(pytest.param(k, marks=pytest.mark.long) for k in (signal.SIGTERM, signal.SIGKILL)),
    ],
)
def test_processes_or_parts_of_files_would_outlive_a_retrain(
    tmp_path: Path, kind: signal.Signals
) -> None:
    """SIGINT as a terminal sends it, to the whole group; the others to the first process alone."""
    folder = make_search(tmp_path / "run")
    with subprocess.Popen(
        [*COMMAND, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        while "epoch 1/" not in (line := process.stdout.readline()):
            assert line, process.stderr.read()
        assert len(of_session(process.pid)) > 1, "no process of Ray was found"
        if kind is signal.SIGINT:
            os.killpg(process.pid, kind)
        else:
            process.send_signal(kind)
        out, errors = process.communicate(timeout=60)
    wait_until_gone(process.pid, agents=kind is not signal.SIGKILL)
    assert (tmp_path / "test-openings.jsonl").read_text() == ""
    if kind is signal.SIGKILL:
        assert not (folder / "retrain").exists() and not (folder / "model").exists()
        return
    assert process.returncode == (130 if kind is signal.SIGINT else 143)
    assert errors == "The retrain was stopped before its end.\n"
    assert "stopped" not in out
    assert {path.name for path in folder.iterdir()} == {"best.yaml", "space.yaml"}


@pytest.mark.long
def test_a_script_that_retrains_would_run_again_in_each_of_its_processes(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    script = tmp_path / "mine.py"
    script.write_text(AS_IN_THE_README)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "two-discriminator-gan"
    assert done.stdout.count("epoch 1/1") == 2
