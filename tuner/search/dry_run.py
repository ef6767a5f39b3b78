"""`--dry-run`: everything that a search would do before it trains, and nothing else."""

from __future__ import annotations

import argparse
import sys

from models.data.split import Split, images_digest
from tuner.backend.ray_backend import connected
from tuner.cli.output import log_lines_shown, say
from tuner.durability.record_check import check_record
from tuner.durability.restore import at_hand
from tuner.durability.storage_choice import storage_of
from tuner.planning.dry_run import check_start, dry_run_text, found_splits, run_line
from tuner.planning.epoch_timing import epoch_seconds
from tuner.planning.machine import find_machine
from tuner.record.compatibility import recorded_space
from tuner.record.past import Past, read_past
from tuner.record.provenance import Provenance, check_provenance
from tuner.record.run_folder import RunFolder
from tuner.record.time_budget import time_budget
from tuner.search.budget_words import check_devices
from tuner.search.named_run import check_new, earlier_of
from tuner.search.time_budget import check_time
from tuner.search.wanted_space import address_of, wanted_space
from tuner.space import Machine, Space, resolve_scale
from tuner.storage import local_storage


def dry_run(given: argparse.Namespace, run_folder: RunFolder) -> int:
    """Say what would happen; returns the exit code."""
    place = storage_of(run_folder, given.storage)
    with at_hand(place if given.resume else None, run_folder) as record:
        kept = local_storage(record.path) if place is None else place.within(record.name)
        past = read_past(record) if given.resume else Past()
        if given.resume:
            check_record(record, past.history, kept, mend=False)
        recorded = recorded_space(record) if given.resume else None
        space, goes_on = wanted_space(given, record, recorded), recorded is not None
        trials = past.history.by_number if goes_on else None
    check_new(given, run_folder, past.events)
    earlier = earlier_of(given, space)
    check_start(run_folder, place, goes_on=goes_on)
    check_time(run_folder, past.history, space, given.time_budget)
    check_devices(run_folder, past.history, space)
    address = address_of(given)
    machine = _cluster(address) if address else find_machine()
    probe = None if address else epoch_seconds
    say(run_line(space, run_folder, place, trials))
    if earlier:
        say(f"It begins with what {', '.join(each.name for each in earlier)} has found.")
    with log_lines_shown():  # it may download images; the probe opens the same once more
        splits = () if address else _splits(resolve_scale(space, machine), past, run_folder)
    budget = time_budget(past.history, space, given.time_budget)
    sys.stdout.write(dry_run_text(space, machine, probe, trials or (), splits, budget))
    return 0


def _splits(space: Space, past: Past, run_folder: RunFolder) -> tuple[Split, ...]:
    """The images that would be trained on, which have to be those on record."""
    splits = found_splits(space)
    found = Provenance(images_digest=images_digest(splits))
    check_provenance(past.history.provenance, found, run_folder)
    return splits


def _cluster(address: str) -> Machine:
    with connected(address) as machine:
        return machine
