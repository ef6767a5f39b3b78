"""What a used-up budget of devices comes to: said at the end, with the option that gives more."""

from __future__ import annotations

from tuner.engine.budget import DeviceBudget
from tuner.errors import OutOfTime
from tuner.record.history import History
from tuner.record.run_folder import RunFolder
from tuner.search.time_budget import resume_command, unrecorded
from tuner.space import Space


def devices_used_up(space: Space, used_s: float) -> str:
    """Say what was used of what; `used_s` are seconds of devices."""
    budget, hours = space.budget, used_s / 3600
    if by_money(space):
        whole, used = f"{budget.money:g}", f"{hours * (budget.price_per_device_hour or 0.0):.2f}"
    else:
        whole, used = f"{budget.device_hours:g} device-hours", f"{hours:.2f}"
    return (
        f"The budget of {whole} is used up: {used} so far, and no further trial would come to its "
        "next rung within it."
    )


def more_devices(space: Space, used_s: float) -> tuple[str, ...]:
    """The words of a command that give a search twice the devices that it has, or has used."""
    budget = space.budget
    if by_money(space):
        spent = used_s / 3600 * (budget.price_per_device_hour or 0.0)
        return "--set", f"budget.money={2 * max(budget.money or 0.0, spent):.4g}"
    hours = max(budget.device_hours or 0.0, used_s / 3600)
    return "--set", f"budget.device_hours={2 * hours:.4g}"


def check_devices(run_folder: RunFolder, history: History, space: Space) -> None:
    """Raise OutOfTime where the trials before have used up the budget of devices."""
    rows = [row for trial in history.by_number for row in trial.rows]
    if not rows:  # a new search, whose scale is still to be chosen: it may have no rungs yet
        return
    budget = DeviceBudget(space, rows)
    if not budget.is_used_up or history.is_over(space.trials):
        return
    more = more_devices(space, budget.used_s)
    limit = more[1].partition("=")[0]
    asked = unrecorded(run_folder, history, space, leaving_out=limit)
    raise OutOfTime(
        f"{devices_used_up(space, budget.used_s)} Nothing was started. Give it more:\n"
        f"  {resume_command(run_folder, None, (*asked, *more))}"
    )


def by_money(space: Space) -> bool:
    """Whether money is what is used up first."""
    budget, limit_s = space.budget, space.budget.device_s
    return budget.device_hours is None or (
        limit_s is not None and limit_s < 3600 * budget.device_hours
    )
