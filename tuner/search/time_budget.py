"""What a used-up time budget comes to: said before anything starts, with the command that helps."""

from __future__ import annotations

from tuner.cli.command_line import seconds_text
from tuner.cli.run_option import run_words
from tuner.cli.typed import command
from tuner.console.lines import duration_text
from tuner.errors import OutOfTime
from tuner.record.history import History
from tuner.record.run_folder import RunFolder
from tuner.space import Space


def budget_of(history: History, given_s: float | None) -> float | None:
    """The seconds of all drivers together: those given, else those recorded; None for no limit."""
    return history.time_budget_s if given_s is None else given_s


def check_time(
    run_folder: RunFolder, history: History, space: Space, given_s: float | None
) -> None:
    """Raise OutOfTime where the drivers before have used up the budget."""
    budget_s = budget_of(history, given_s)
    if budget_s is None or history.seconds < budget_s or history.is_over(space.trials):
        return
    raise OutOfTime(
        f"The time budget of all starts together, {duration_text(budget_s)}, is used up "
        f"({duration_text(history.seconds)}), and nothing was started. Give it more:\n"
        f"  {resume_command(run_folder, max(budget_s, history.seconds))}"
    )


def resume_command(run_folder: RunFolder, used_s: float | None = None) -> str:
    """The command that goes on with a run; with twice the time where so much is used up."""
    more = () if used_s is None else ("--time-budget", seconds_text(2 * used_s))
    return command("tuner.search", "--resume", *run_words(run_folder.path), *more)
