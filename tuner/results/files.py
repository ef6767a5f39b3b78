"""What a search leaves for people and for other programs, all computed from its record."""

from collections.abc import Sequence

from models import detectors
from tuner.cli.command_text import command
from tuner.cli.text import os_error_text
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.results import leaderboard
from tuner.results.curves import write_curves
from tuner.results.leaderboard import value_text
from tuner.space import Space, best_space, dump_space


def write_results(space: Space, run_folder: RunFolder, trials: Sequence[TrialView]) -> None:
    """Write `trials.csv`, `curves.png` and, where a trial has a score, `best.yaml`.

    The trials have standard errors as far as there are any.
    """
    leaderboard.write_trials_csv(run_folder.table, trials, space.objective)
    write_curves(run_folder.curves, trials, space.objective, note=data_sentence(space))
    best = leaderboard.best(trials, space.objective)
    if best is None:
        return
    result = {
        "trial": best.trial.number,
        "objective": space.objective,
        "value": best.value,
        "epoch": best.epoch,
        **({} if best.error is None else {"standard_error": best.error}),
    }
    unused = f"Inactive in it: {', '.join(best.trial.inactive)}.\n" if best.trial.inactive else ""
    dump_space(
        best_space(space, best.trial.hyperparameters, result),
        run_folder.best,
        heading=(
            f"The best configuration of {run_folder.name}: trial {best.trial.number}, "
            f"{space.objective} {value_text(best)} on validation.\n"
            f"{unused}"
            f"{command('tuner.retrain', '--run', run_folder.path)}"
        ),
    )


def write_if_room(space: Space, run_folder: RunFolder, trials: Sequence[TrialView]) -> str:
    """Do so as far as the disk lets it; what is to be said where it does not, else ""."""
    try:
        write_results(space, run_folder, trials)
    except OSError as error:
        why = os_error_text(error)
        return f"The results cannot be written: {why}. --resume writes them when that is mended."
    return ""


def data_sentence(space: Space) -> str:
    """What every figure of a search must be read beside."""
    data = space.data
    known = (
        f"{data.anomalies_per_normal:g} known anomalies to a normal, from {data.clusters} clusters"
    )
    if not detectors.learns_anomalies(space.detector):
        known = "no known anomalies in fit"
    sentence = f"validation figures: normal {data.normal_text}; {known}"
    return f"{sentence}; ON SYNTHETIC ANOMALIES" if data.validation == "synthetic" else sentence
