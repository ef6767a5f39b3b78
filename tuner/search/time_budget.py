"""What a used-up time budget comes to: said before anything starts, with the command that helps."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.cli.command_line import seconds_text
from tuner.cli.command_text import command
from tuner.cli.run_option import run_words
from tuner.console.lines import duration_text
from tuner.errors import OutOfTime
from tuner.record.history import History
from tuner.record.run_folder import RunFolder
from tuner.record.time_budget import TimeBudget, time_budget
from tuner.space import Space


def check_time(
    run_folder: RunFolder, history: History, space: Space, given_s: float | None
) -> None:
    """Raise OutOfTime where the drivers before have used up the budget."""
    budget = time_budget(history, space, given_s)
    if budget is None or budget.left_s > 0 or history.is_over(space.trials):
        return
    raise OutOfTime(
        f"The time budget of all starts together, {duration_text(budget.seconds)}, is used up "
        f"({duration_text(budget.used_s)}), and nothing was started. Give it more:\n"
        f"  {resume_command(run_folder, budget)}"
    )


def resume_command(
    run_folder: RunFolder, budget: TimeBudget | None = None, more: Sequence[str] = ()
) -> str:
    """The command that goes on with a run; with twice the time where that is used up."""
    if budget is not None and budget.left_s <= 0:
        more = (*more, "--time-budget", seconds_text(2 * budget.used_s))
    return command("tuner.search", "--resume", *run_words(run_folder.path), *more)
