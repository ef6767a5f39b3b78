"""Is what a retrain reads of a run what its search recorded? A configuration alone has no run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.data.split import Split, splits_digest
from tuner.record.compatibility import check_best, recorded_space
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.provenance import Provenance, check_provenance
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.space import Space, load_space


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What a record says was searched, and the trials of it; of no run there is neither."""

    space: Space | None
    trials: Sequence[TrialView]
    journal: Path


def searched_in(run_folder: RunFolder) -> Searched:
    """Read the record of a run. Raises JournalError where it is damaged."""
    return Searched(
        space=recorded_space(run_folder),
        trials=History(read_journal(run_folder.journal)).by_number,
        journal=run_folder.journal,
    )


def check_run(run_folder: RunFolder) -> None:
    """Raise TunerError where best.yaml is not the configuration of the trial that it names."""
    history = _history(run_folder)
    if history is not None:
        check_best(load_space(run_folder.best), history, run_folder)


def check_splits(splits: Sequence[Split], run_folder: RunFolder) -> None:
    """Raise TunerError where the run's split is not the one that its trials were trained on."""
    history = _history(run_folder)
    if history is not None:
        check_provenance(
            history.provenance, Provenance(split_digest=splits_digest(splits)), run_folder
        )


def _history(run_folder: RunFolder) -> History | None:
    history = History(read_journal(run_folder.journal))
    return None if history.started is None else history
