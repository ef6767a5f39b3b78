"""A study as optuna-dashboard shows it in a real browser, opened as it is."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.tuner.simulated import Simulation, small_space
from tuner.engine.attempt import Report
from tuner.record.trials import TrialView
from tuner.study.on_disk import study_url

pytestmark = pytest.mark.long

SPACE = small_space(
    trials=30, scheduler={"type": "promote"}, resources={"error_retries": 0}, sampler={"seed": 3}
)
WORDS = {"complete": "Complete", "pruned": "Pruned", "failed": "Fail", "paused": "Running"}
INFEASIBLE = "rgb(204, 204, 204)"


def searched(folder: Path) -> Simulation:
    """A search that goes on: trials of each state, one of the stopped ones diverged."""
    simulation = Simulation(SPACE, folder, slots=3)
    ends = {
        (1, 3): Report(outcome="diverged", reason="diverged: loss is NaN"),
        (2, 0): Report(outcome="error", reason="ValueError: no"),
    }
    while len(simulation.engine.trials) < 28:
        simulation.fill()
        for attempt_id, attempt in list(simulation.running.items()):
            epochs = simulation.engine.history.trials[attempt.number].epochs
            if (attempt.number, epochs) in ends:
                simulation.engine.report(attempt_id, ends[attempt.number, epochs])
                simulation.let_go(attempt_id)
        if simulation.running:
            simulation.step()
    return simulation


class Dashboard:
    """The pages of a study."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url

    def text(self, path: str, *awaited: str) -> str:
        """What a page says, once it says all that is `awaited`."""
        self.page.goto(f"{self.url}/dashboard{path}")
        for each in awaited:
            self.page.wait_for_selector(f"text={each}", timeout=30_000)
        return str(self.page.inner_text("body"))

    def trial(self, view: TrialView) -> str:
        """A trial's page, without the list of trials at its side."""
        heading = f"Trial {view.number} (trial_id="
        shown = self.text(f"/studies/1/trials?numbers={view.number}", heading)
        return shown.partition(heading)[2]


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    made = searched(tmp_path_factory.mktemp("runs") / "night shift")
    yield made
    made.engine.close()


@pytest.fixture(scope="module")
def dashboard(simulation: Simulation, browser: Any) -> Iterator[Dashboard]:
    command = shutil.which("optuna-dashboard", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("optuna-dashboard is not installed: pip install optuna-dashboard")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    study = study_url(simulation.folder / "study.db")
    served = subprocess.Popen(
        [command, study, "--port", str(port), "--server", "wsgiref", "--quiet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    page = browser.new_page()
    try:
        _wait_for(f"{url}/api/studies", served)
        yield Dashboard(page, url)
    finally:
        page.close()
        served.terminate()
        served.wait(20)


def _wait_for(url: str, served: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            with urlopen(url, timeout=10):
                return
        except OSError:
            assert served.poll() is None, "optuna-dashboard has ended"
            assert time.monotonic() < until, "optuna-dashboard does not answer"
            time.sleep(0.2)


def of(simulation: Simulation, state: str) -> TrialView:
    """The first trial in a state; the one that was stopped has diverged."""
    return next(trial for trial in simulation.engine.trials if trial.state == state)


def test_a_study_would_have_no_name_or_not_say_what_it_is_about(dashboard: Dashboard) -> None:
    assert "night shift" in dashboard.text("", "night shift")
    shown = dashboard.text("/studies/1", "night shift (id=1)", SPACE.detector)
    dashboard.page.wait_for_selector(".ytitle:has-text('best_auroc')")
    for told in (f"detector\t{SPACE.detector}", "data\tdigits", "normal\t0"):
        assert told in shown


@pytest.mark.parametrize("state", WORDS)
def test_a_trial_would_be_without_state_settings_or_epochs(
    dashboard: Dashboard, simulation: Simulation, state: str
) -> None:
    trial = of(simulation, state)
    lines = dashboard.trial(trial).splitlines()
    assert WORDS[state] in lines
    for name in SPACE.search:
        written = next(line for line in lines if line.startswith(f"{name} "))
        assert float(written.split()[1]) == pytest.approx(trial.hyperparameters[name])
    for row in trial.rows:
        assert f"{row.epoch} {row.metrics['auroc']}" in lines
    told = {
        "failed": "reason error: ValueError: no",
        "paused": "paused after epoch 1",
        "pruned": "reason diverged: loss is NaN",
    }
    assert told.get(state, "User Attributes") in lines


def test_a_published_set_would_look_like_any_other(
    dashboard: Dashboard, simulation: Simulation
) -> None:
    published = [trial for trial in simulation.engine.trials if trial.published]
    assert published
    for trial in published:
        assert f"published {trial.published}" in dashboard.trial(trial).splitlines()


def test_a_diverged_trial_would_look_like_one_that_counts(dashboard: Dashboard) -> None:
    dashboard.text("/studies/1", "Best Trial")
    dashboard.page.wait_for_selector(".scatterlayer path.point", timeout=60_000)
    colours = dashboard.page.eval_on_selector_all(
        ".scatterlayer path.point", "all => all.map(one => getComputedStyle(one).fill)"
    )
    assert INFEASIBLE in colours
    assert {*colours} > {INFEASIBLE}
