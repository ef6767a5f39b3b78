"""A search that is over, shown again from its record alone: no Ray, torch or Optuna is loaded."""

from __future__ import annotations

from tuner.cli.output import say
from tuner.console.listener import ConsoleListener
from tuner.console.state import SearchState
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.lock import sole_driver
from tuner.record.run_folder import RunFolder
from tuner.results.files import data_sentence, write_results
from tuner.space import Space
from tuner.storage.files import as_typed
from tuner.study.study_file import told
from tuner.tracking.listener import WandbListener, search_listener
from tuner.tracking.mode import choose_mode


def show_finished(space: Space, run_folder: RunFolder) -> bool:
    """Show the result of a search whose record is complete; False where there is work to do.

    Its files are written anew and W&B's unfinished runs completed, as a kill after the last trial
    may have kept the driver from it. `space` is resolved, and may ask for more trials by now.
    """
    events = read_journal(run_folder.journal)
    if not events or events[-1]["event"] != "closed":
        return False
    history = History(events)
    trials = [history.trials[number] for number in sorted(history.trials)]
    if len(trials) < space.trials or not all(trial.ended for trial in trials):
        return False
    if told(run_folder.study) is None:  # a driver makes it anew
        return False
    with sole_driver(run_folder):
        state = SearchState(trials=space.trials, epochs=space.epochs, objective=space.objective)
        console = ConsoleListener(run_folder.name, state, slots=1)
        wandb = _wandb(space, run_folder, history, console)
        wandb.rebuild(trials)
        folder, note = as_typed(run_folder.path.absolute()), data_sentence(space)
        console.summary(trials, folder, seconds=history.seconds, note=note)
        try:
            write_results(space, run_folder, trials)
        except OSError as error:
            why = error.strerror or error
            say(f"The results cannot be written: {why}. --resume writes them when there is room.")
        wandb.close()
    return True


def _wandb(
    space: Space, run_folder: RunFolder, history: History, console: ConsoleListener
) -> WandbListener:
    mode = choose_mode(space.wandb.mode).mode
    folder = run_folder.absolute()
    return search_listener(folder, space.wandb.project, mode, history.started, console.say)
