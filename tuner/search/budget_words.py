"""What a used-up budget of devices comes to: said at the end, with the option that gives more."""

from __future__ import annotations

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


def more_devices(space: Space) -> tuple[str, ...]:
    """The words of a command that give a search twice the devices."""
    if by_money(space):
        return "--set", f"budget.money={2 * (space.budget.money or 0.0):g}"
    return "--set", f"budget.device_hours={2 * (space.budget.device_hours or 0.0):g}"


def by_money(space: Space) -> bool:
    """Whether money is what is used up first."""
    budget, limit_s = space.budget, space.budget.device_s
    return budget.device_hours is None or (
        limit_s is not None and limit_s < 3600 * budget.device_hours
    )
