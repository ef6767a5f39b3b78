"""What a used-up time budget comes to: said before anything starts, with the command that helps."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tuner.cli.command_line import seconds_text
from tuner.cli.command_text import command
from tuner.cli.run_option import run_words
from tuner.console.lines import duration_text
from tuner.errors import OutOfTime
from tuner.record.compatibility import resume_changes
from tuner.record.history import History
from tuner.record.run_folder import RunFolder
from tuner.record.time_budget import TimeBudget, time_budget
from tuner.space import Space
from tuner.space.yaml_reader import read_yaml


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
        f"  {resume_command(run_folder, budget, unrecorded(run_folder, history, space))}"
    )


def unrecorded(
    run_folder: RunFolder, history: History, space: Space, leaving_out: str = "budget.time"
) -> tuple[str, ...]:
    """The words that ask for the space again, of which nothing is written where nothing starts.

    Of the limit that the command gives anew they say nothing.
    """
    changes = resume_changes(history, space, run_folder)
    changes.pop(leaving_out, None)
    return tuple(word for key, value in changes.items() for word in _words(key, value))


def _words(key: str, value: object) -> tuple[str, str]:
    if key == "trials":
        return "--trials", str(value)
    plain = isinstance(value, str) and read_yaml(value).value == value
    return "--set", f"{key}={value if plain else json.dumps(value)}"


def resume_command(
    run_folder: RunFolder, budget: TimeBudget | None = None, more: Sequence[str] = ()
) -> str:
    """The command that goes on with a run; with twice the time where that is used up."""
    if budget is not None and budget.left_s <= 0:
        more = (*more, "--time-budget", seconds_text(2 * budget.used_s))
    return command("tuner.search", "--resume", *run_words(run_folder.path), *more)
