"""The images of a search, before it trains: the splits of all its drivers, checked and shipped."""

from collections.abc import Sequence

from models.data.protocol import check_content
from models.data.sources import Source, SplitDamaged
from models.data.split import Split, images_digest, load_splits, save_splits, splits_digest
from models.data.tasks import make_splits, with_splits
from tuner.cli.output import say
from tuner.durability.run_guard import RunGuard
from tuner.planning.data_summary import check_enough, search_warnings
from tuner.record.compatibility import recorded_space
from tuner.record.own_files import is_own_file
from tuner.record.provenance import Provenance, check_provenance, code_changes, code_versions
from tuner.record.run_folder import RunFolder
from tuner.space import Space


def prepare_images(
    space: Space, source: Source, splits: Sequence[Split], guard: RunGuard, recorded: Provenance
) -> Provenance:
    """Check the splits, say what is to be said of them, and let other machines have the images.

    Returns what the trials depend on. Raises TunerError where those `recorded` had other images.
    """
    run_folder = guard.run_folder
    for data, split in with_splits(space.data, splits):
        check_content(data, source, split)
    provenance = Provenance(
        split_digest=splits_digest(splits),
        images_digest=images_digest(splits),
        code=code_versions(),
    )
    check_provenance(recorded, provenance, run_folder)
    if said := code_changes(recorded, provenance):
        say(said)
    check_enough(space, splits)
    for warning in search_warnings(space, splits):
        say(warning)
    guard.upload(space.data, source)
    return provenance


def splits_of(space: Space, source: Source, run_folder: RunFolder) -> tuple[Split, ...]:
    """The splits that all workers read, made once for all drivers of a search.

    `space` is resolved: its scale says how many images there are to train on. Any without a record
    beside them are left from a start that came to nothing, perhaps other data's.
    """
    if not _has_split(run_folder) or recorded_space(run_folder) is None:
        save_splits(run_folder.split, make_splits(space.data, source))
    return load_splits(run_folder.split)


def _has_split(run_folder: RunFolder) -> bool:
    """Whether there is one that can be read; a damaged one follows from the space's data again.

    Raises TunerError where it is no file, which nothing is written over.
    """
    if not is_own_file(run_folder.split):
        return False
    try:
        load_splits(run_folder.split)
    except SplitDamaged:
        say(f"{run_folder.split} is damaged; it is made anew.")
        return False
    return True
