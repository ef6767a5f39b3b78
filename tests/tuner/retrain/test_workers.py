"""Training processes that fail, are killed or are left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.test_architecture import loaded_after
from tests.tuner.retrain.conftest import make_run, make_search, plan_of
from tests.tuner.retrain.test_training import make_setting
from tuner.retrain.plan import Job, Setting
from tuner.retrain.workers import JobFailed, run_jobs

ENDLESS = """
import sys
from pathlib import Path
from tuner.retrain.flow import retrain
if __name__ == "__main__":
    retrain(Path(sys.argv[1]), epochs=100000, say=lambda text: print(text, flush=True))
"""

AS_IN_THE_README = """
from pathlib import Path
from tuner.api import load, retrain
retrain(Path("run"), seeds=1, epochs=1, baselines=False, say=print)
print(load(Path("run")).detector.detector)
"""


def test_importing_the_package_would_load_heavy_libraries() -> None:
    assert loaded_after("import tuner.retrain") == set()


def test_a_failure_in_a_process_would_lose_its_traceback(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    setting = Setting(plan=plan, source=None, split_file=tmp_path / "none.npz", work=tmp_path)  # type: ignore[arg-type]
    with pytest.raises(JobFailed, match="FileNotFoundError") as caught:
        run_jobs([Job(contender=plan.best, numbers=(0,))], setting, 1, print)
    assert "Traceback" in caught.value.details
    assert multiprocessing.active_children() == []


def test_a_killed_process_would_be_waited_for_without_end(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, epochs=100000)
    setting = make_setting(plan, tmp_path)

    def kill(text: str) -> None:
        del text
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    with pytest.raises(JobFailed, match=r"ended by itself \(exit code -9, killed"):
        run_jobs([Job(contender=plan.best, numbers=(0,))], setting, 1, kill)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_processes_or_parts_of_files_would_outlive_a_retrain(
    tmp_path: Path, kind: signal.Signals
) -> None:
    """SIGINT as a terminal sends it, to all processes at once; SIGKILL to the first alone."""
    folder = make_search(tmp_path / "run")
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    with subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert "epoch 1/" in process.stdout.readline()
        if kind is signal.SIGINT:
            os.killpg(process.pid, kind)
        else:
            process.send_signal(kind)
        errors = process.stderr.read()
    wait_until_gone(process.pid)
    assert (tmp_path / "test-openings.jsonl").read_text() == ""
    if kind is signal.SIGINT:
        assert errors.count("Traceback") == 1, errors  # the first process's own
        assert {path.name for path in folder.iterdir()} == {"best.yaml", "space.yaml"}
    else:
        assert not (folder / "retrain").exists() and not (folder / "model").exists()


def test_a_script_that_retrains_would_run_again_in_each_of_its_processes(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    script = tmp_path / "mine.py"
    script.write_text(AS_IN_THE_README)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "two-discriminator-gan"
    assert done.stdout.count("epoch 1/1") == 1


def wait_until_gone(group: int, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("processes were left behind")
