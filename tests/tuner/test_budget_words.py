"""What is said of a budget of devices, before and after."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.simulated import small_space
from tests.tuner.test_simulation import FORMULA
from tuner.cli.command_text import command
from tuner.errors import OutOfTime
from tuner.planning.dry_run import dry_run_text
from tuner.record.history import History
from tuner.record.past import read_past
from tuner.record.run_folder import RunFolder
from tuner.record.time_budget import time_budget
from tuner.report.material import read_material
from tuner.report.sections import cost
from tuner.search import __main__ as search
from tuner.search.budget_words import check_devices, devices_used_up, more_devices
from tuner.search.time_budget import check_time, resume_command
from tuner.search.wanted_space import wanted_space
from tuner.simulation.search import simulate
from tuner.space import Machine, Space, dump_space, load_space


def limited(**budget: Any) -> Space:
    return small_space(trials=30, budget=budget)


@pytest.mark.parametrize(
    ("budget", "said", "more"),
    [
        ({"device_hours": 2}, "The budget of 2 device-hours is used up: 1.50", "device_hours=4"),
        (
            {"device_hours": 9, "money": 3, "price_per_device_hour": 2.0},
            "The budget of 3 is used up: 3.00",
            "money=6",
        ),
        (
            {"device_hours": 1, "money": 30, "price_per_device_hour": 2.0},
            "The budget of 1 device-hours is used up: 1.50",
            "device_hours=3",  # of what it used: twice the limit would be used up already
        ),
    ],
)
def test_another_limit_would_be_said_than_the_one_that_ended_it(
    budget: dict[str, float], said: str, more: str
) -> None:
    space = limited(**budget)
    assert devices_used_up(space, 1.5 * 3600).startswith(said)
    assert more_devices(space, 1.5 * 3600) == ("--set", f"budget.{more}")


def test_the_command_that_goes_on_would_be_refused() -> None:
    more = more_devices(limited(device_hours=0.5), 0.0)
    typed = resume_command(RunFolder(Path("runs/a b")), None, more)
    assert typed == command(
        "tuner.search", "--resume", "--run", "runs/a b", "--set", "budget.device_hours=1"
    )
    given = search.parser().parse_args(["--resume", "--run", "runs/a b", *more])
    assert given.overrides == ["budget.device_hours=1"]


@pytest.mark.parametrize(
    ("before", "now", "given", "seconds"),
    [
        (None, None, None, None),
        (None, 100.0, None, 100.0),  # a new search
        (100.0, 100.0, None, 300.0),  # --time-budget 300 of an earlier start holds
        (100.0, 200.0, None, 200.0),  # changed in the space since
        (100.0, 200.0, 50.0, 50.0),
    ],
)
def test_the_time_budget_would_be_another_than_the_last_that_was_said(
    before: float | None, now: float | None, given: float | None, seconds: float | None
) -> None:
    history = History()
    if before is not None:
        history.space = limited(time=before).model_dump(mode="json")
        history.time_budget_s = 300.0
    space = small_space() if now is None else limited(time=now)
    found = time_budget(history, space, given)
    assert (None if found is None else found.seconds) == seconds


def test_a_dry_run_would_not_say_what_a_search_costs() -> None:
    space = limited(device_hours=0.001, price_per_device_hour=2.0)
    said = dry_run_text(space, Machine(cpus=2), lambda *_: 36.0)
    (line,) = [line for line in said.splitlines() if line.startswith("Devices:")]
    (epochs,) = [line for line in said.splitlines() if line.startswith("Epochs")]
    hours = float(epochs.split("likely about ")[1].rstrip(".")) * 36 / 3600
    assert line.startswith(f"Devices: likely about {hours * 60:.0f} min of them together")
    assert float(line.split("cost ")[1].split(";")[0]) == pytest.approx(2 * hours, rel=0.02)
    assert line.endswith("more than the budget, 4 s.")
    assert "Devices:" not in dry_run_text(small_space(), Machine(cpus=2), lambda *_: 36.0)


def test_the_report_would_not_say_what_a_search_has_cost(tmp_path: Path) -> None:
    simulate(limited(price_per_device_hour=7.2), tmp_path / "run", FORMULA, workers=2)
    found = cost.section(read_material(RunFolder(tmp_path / "run")))
    hours = found.context["total"]["hours"]
    assert f"which cost {7.2 * hours:.2f}, " in found.sentence


def test_a_search_whose_devices_are_used_up_would_start_to_do_nothing(tmp_path: Path) -> None:
    space = limited(device_hours=100 / 3600)
    simulate(space, tmp_path / "run", FORMULA, workers=2)
    run, past = RunFolder(tmp_path / "run"), read_past(RunFolder(tmp_path / "run"))
    used = sum(row.seconds for trial in past.history.by_number for row in trial.rows)
    smaller = limited(device_hours=used / 3600)
    with pytest.raises(OutOfTime, match=r"Nothing was started. Give it more:\n.*--set budget.dev"):
        check_devices(run, past.history, smaller)
    check_devices(run, past.history, limited(device_hours=2 * used / 3600))
    check_devices(run, past.history, small_space(trials=30))


def searched_for_two(folder: Path, **budget: Any) -> RunFolder:
    simulate(small_space(trials=2, budget=budget), folder, FORMULA, workers=2)
    return RunFolder(folder)


@pytest.mark.parametrize("budget", [{}, {"device_hours": 1 / 3600}])
def test_the_command_that_gives_more_would_forget_what_was_asked_for(
    tmp_path: Path, budget: dict[str, float]
) -> None:
    """Where nothing was started, nothing of it is in the run's space file."""
    run = searched_for_two(tmp_path / "run", **budget)
    history = read_past(run).history
    wandb = {"mode": "off", "project": "1"}
    wanted = small_space(trials=6, budget={"time": 1, **budget}, wandb=wandb)
    with pytest.raises(OutOfTime) as refused:
        if budget:
            check_devices(run, history, wanted)
        else:
            check_time(run, history, wanted, None)
    typed = shlex.split(str(refused.value).splitlines()[-1])[3:]
    given = search.parser().parse_args(typed)
    dump_space(small_space(trials=2), run.space)
    again = wanted_space(given, run, small_space(trials=2))
    assert (again.trials, again.wandb) == (6, wanted.wandb)
    assert again.budget.time == (1 if budget else None)
    assert len(given.overrides) == len({each.partition("=")[0] for each in given.overrides})


def test_the_budget_of_a_new_search_would_be_judged_before_its_scale_is_known(
    tmp_path: Path,
) -> None:
    """Four stages, and the one epoch that a space has before: there are no rungs to count."""
    space = load_space(Path(__file__).parents[2] / "search_spaces" / "omasgan.yaml")
    assert space.scale == "auto"
    assert space.epochs < 4
    check_devices(RunFolder(tmp_path), History([]), space)
