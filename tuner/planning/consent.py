"""A search that is long or costs money is asked about, where a person is there to answer."""

from __future__ import annotations

import sys

from tuner.cli.output import say, waiting
from tuner.cli.text import duration
from tuner.planning.dry_run import measured_how
from tuner.planning.forecast import Probe, epochs_left, estimate_seconds
from tuner.space import Machine, Space, resolve_scale, trials_at_once

ASK_ABOVE_S = 3600
_MEASURE_ABOVE = 20  # epochs one after the other: fewer are not worth measuring one first


def somebody_is_there() -> bool:
    """Whether a person types at a terminal and sees what is asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def agreed(space: Space, machine: Machine, probe: Probe) -> bool:
    """Ask about a search that will take over an hour; whether it shall start.

    Raises DataProblem where its images cannot be had.
    """
    return _answered(long_search(resolve_scale(space, machine), machine, probe))


def agreed_to_pay(space: Space) -> bool:
    """Ask about a search on a cluster whose devices have a price; whether it shall start."""
    return _answered(paid_search(space))


def _answered(question: str) -> bool:
    """Whether the answer is yes; nothing is asked where there is no question."""
    if not question:
        return True
    say(question)
    try:
        answer = input("Start it? [Y/n] (--yes does not ask) ")
    except EOFError:
        answer = "no"
    return answer.strip().lower() in ("", "y", "yes")


def paid_search(space: Space) -> str:
    """What to say of a search on devices that have a price; "" where they have none."""
    price, limit_s = space.budget.price_per_device_hour, space.budget.device_s
    if price is None:
        return ""
    most = "and no limit is set: --set budget.money=20 sets one"
    if limit_s is not None:
        most = f"and its budget is {price * limit_s / 3600:.2f}"
    return (
        f"A device-hour of this search costs {price:g}, {most}. Ctrl-C loses nothing, --resume "
        "goes on."
    )


def long_search(space: Space, machine: Machine, probe: Probe) -> str:
    """What to say of a resolved space whose search takes over an hour; "" of a shorter one."""
    epochs = epochs_left(space, ())
    if epochs.likely <= _MEASURE_ABOVE * trials_at_once(space, machine):
        return ""
    with waiting("Measuring an epoch, to say how long the search takes"):
        times = estimate_seconds(space, machine, probe, epochs)
    if times.likely <= ASK_ABOVE_S:
        return ""
    limits = f"{times.spelt(duration)} at this pace"
    return (
        f"This search will likely take about {duration(times.likely)} ({limits}, "
        f"{measured_how(space, machine)}). Ctrl-C loses nothing, --resume goes on; "
        "--time-budget 1h stops it in time."
    )
