"""A search that is over, shown again from its record alone: no Ray, torch or Optuna is loaded."""

from __future__ import annotations

from tuner.cli.output import say
from tuner.console.listener import ConsoleListener
from tuner.console.state import SearchState
from tuner.errors import TunerError
from tuner.record.history import History
from tuner.record.past import Past
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.report.writing import report_line
from tuner.results.files import write_if_room
from tuner.results.standard_errors import with_standard_errors
from tuner.search.figures_note import figures_note
from tuner.search.tracked import searched
from tuner.space import Space
from tuner.storage.files import as_typed
from tuner.study.study_file import told
from tuner.tracking.listener import WandbListener, search_listener
from tuner.tracking.mode import choose_mode


def show_finished(space: Space, run_folder: RunFolder, past: Past) -> list[TrialView] | None:
    """Show the result of a search that has no trial left; None where there is work to do.

    Its files are written anew and W&B's unfinished runs completed, as a kill after the last trial
    may have kept the driver from it. `space` is resolved, and may ask for more trials by now.
    Returns the trials. The run must be this driver's.
    """
    history = past.history
    if not history.is_over(space.trials):
        return None
    if told(run_folder.study) is None:
        _make_study(space, run_folder, past)
    trials = with_standard_errors(history.by_number, space, run_folder)
    state = SearchState(trials=space.trials, epochs=space.epochs, objective=space.objective)
    console = ConsoleListener(run_folder.name, state, slots=1)
    wandb = _wandb(space, run_folder, history, console)
    wandb.search_started(trials)
    folder, note = as_typed(run_folder.path.absolute()), figures_note(space, run_folder)
    console.summary(trials, folder, seconds=history.seconds, note=note)
    if failure := write_if_room(space, run_folder, trials):
        say(failure)
    line = report_line(run_folder)
    wandb.search_over(searched(trials, space.objective, run_folder, finished=True, failure=""))
    wandb.close()
    say(line)
    return trials


def _make_study(space: Space, run_folder: RunFolder, past: Past) -> None:
    """Make Optuna's file anew, as a driver would that has trials left."""
    from tuner.engine.recorder import study_of  # noqa: PLC0415 - loads optuna, not needed else

    try:
        study = study_of(space, run_folder, past.events)
    except TunerError as error:  # a full disk: the result is shown all the same
        say(str(error))
    else:
        study.close()


def _wandb(
    space: Space, run_folder: RunFolder, history: History, console: ConsoleListener
) -> WandbListener:
    mode = choose_mode(space.wandb.mode).mode
    folder = run_folder.absolute()
    return search_listener(folder, space, mode, history.started, console.say)
