"""A run made this driver's own: lock, storage, lease, what the storage knows, and the space, once.

What a search goes on from is read under its lock, so that no other driver changes it meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.cli.output import say
from tuner.durability.record_check import check_record
from tuner.durability.restore import fetch
from tuner.durability.run_guard import RunGuard, guarded
from tuner.durability.storage_choice import check_free, storage_of
from tuner.record.compatibility import recorded_space
from tuner.record.past import Past, read_past
from tuner.record.run_folder import RunFolder
from tuner.space import Space
from tuner.storage import NONE

if TYPE_CHECKING:
    from tuner.search.warm_start import EarlierRun  # loads optuna

Wanted = Callable[[Space | None], Space]
"""The space to search, given the recorded one; None of a new run. Raises TunerError."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A run that nobody else drives: its folder, what looks after it, and the space to search.

    `past` is what is recorded of it, and it `is_new` where that is nothing. It begins with what the
    `earlier` runs have found.
    """

    run_folder: RunFolder
    guard: RunGuard
    past: Past
    space: Space
    is_new: bool
    earlier: Sequence[EarlierRun] = ()


@contextmanager
def claimed(
    run_folder: RunFolder, wanted: Wanted, *, storage: str | None, past: Past | None
) -> Iterator[Claim]:
    """Hold a run whose lock this driver has until the end. `storage` is what --storage names.

    Without it, it is the recorded one. `past` is what is known of a run that goes on: what the
    storage knows more of is fetched first. Raises TunerError where the storage does not work or
    holds a run of this name that is not to go on, or `wanted` raises it.
    """
    folder = run_folder.absolute()
    place = storage_of(folder, storage)
    if place is not None and past is None:
        check_free(place, folder)
    if place is not None and storage is None:
        kept = f"--storage {NONE} keeps them here"
        say(f"Checkpoints and a copy of the record go to {place.uri}; {kept}.")
    with guarded(folder, place) as guard:
        if past is not None:
            if place is not None and fetch(place, folder):
                past = read_past(folder)
            check_record(folder, past.history, guard.storage)
        recorded = recorded_space(folder)
        space = wanted(recorded)
        guard.record_storage()
        yield Claim(
            run_folder=folder,
            guard=guard,
            past=read_past(folder) if past is None else past,
            space=space,
            is_new=recorded is None,
        )
