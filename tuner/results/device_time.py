"""How long trials had a device: a GPU, or a worker's cores. Pure functions of the record."""

from collections import Counter
from collections.abc import Sequence

from tuner.record.pack_names import is_pack
from tuner.record.trials import EpochRow, TrialView


def device_seconds(trials: Sequence[TrialView]) -> dict[int, float]:
    """Seconds of each trial, by number; lanes that trained an epoch together share its time.

    So those of all trials add up to what the devices trained. A pack measures an epoch once: the
    rows of its lanes have the same seconds, to the last digit. `trials` must be all of the search.
    """
    together = Counter(_step(row) for trial in trials for row in trial.rows if is_pack(row.worker))
    return {
        trial.number: sum(row.seconds / together.get(_step(row), 1) for row in trial.rows)
        for trial in trials
    }


def _step(row: EpochRow) -> tuple[str, float]:
    return row.worker, row.seconds
