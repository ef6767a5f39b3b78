"""What a search leaves for people and for other programs, all computed from its record."""

from collections.abc import Sequence
from pathlib import Path

from models.data.config import DataConfig
from tuner import leaderboard
from tuner.curves import write_curves
from tuner.files import as_typed
from tuner.record import TrialView
from tuner.space import Space, best_space, dump_space
from tuner.worker.files import trial_files

BEST = "best.yaml"


def write_results(space: Space, run_folder: Path, trials: Sequence[TrialView]) -> None:
    """Write `trials.csv`, `curves.png` and, where a trial has a score, `best.yaml`."""
    leaderboard.write_trials_csv(run_folder / "trials.csv", trials, space.objective)
    best = leaderboard.best(trials, space.objective)
    if best is None:
        return
    write_curves(run_folder / "curves.png", trials, space.objective, note=data_sentence(space.data))
    result = {
        "trial": best.trial.number,
        "objective": space.objective,
        "value": best.value,
        "epoch": best.epoch,
    }
    dump_space(
        best_space(space, best.trial.hyperparameters, result),
        run_folder / BEST,
        heading=(
            f"The best configuration of {run_folder.name}: trial {best.trial.number}, "
            f"{space.objective} {best.value:.4f} on validation.\n"
            f"python -m tuner.retrain --search {as_typed(run_folder)}"
        ),
    )


def data_sentence(data: DataConfig) -> str:
    """What every figure of a search must be read beside."""
    return (
        f"validation figures: normal {', '.join(map(str, data.normal))}; "
        f"{data.anomalies_per_normal:g} known anomalies to a normal, "
        f"from {data.clusters} clusters"
    )


def drop_training_states(run_folder: Path, trials: Sequence[TrialView]) -> None:
    """Remove what only a resume would need from the folders of trials that have ended."""
    for trial in trials:
        if trial.state != "running":
            trial_files(run_folder, trial.number).drop_checkpoint()
