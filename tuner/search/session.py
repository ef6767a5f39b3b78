"""A whole search, from a space to the files it leaves: the order in which the rooms are used."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models import detectors
from models.data.protocol import check_content
from models.data.sources import Source, SplitDamaged, find
from models.data.split import Split, load_splits, save_splits, splits_digest
from models.data.tasks import make_splits, with_splits
from tuner.backend.address import named_address, reached
from tuner.backend.connection import connection
from tuner.backend.packs import lanes_of_a_gpu
from tuner.backend.run import run
from tuner.cli.output import log_lines_shown, say
from tuner.cli.signals import stop_on_signals
from tuner.console.lines import duration_text
from tuner.console.listener import ConsoleListener
from tuner.console.state import SearchState
from tuner.durability.location import check_free, storage_of
from tuner.durability.restore import restore
from tuner.durability.run_guard import Keeper, kept
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.errors import TunerError
from tuner.planning.data_summary import check_enough, search_warnings
from tuner.planning.lanes import choose_lanes
from tuner.planning.machine import find_machine
from tuner.record.compatibility import recorded_space, resumed_space
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.lock import sole_driver
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.results.files import data_sentence, write_results
from tuner.space import (
    Machine,
    Space,
    dump_space,
    resolve_scale,
    scale_sentence,
    trials_at_once,
)
from tuner.storage.files import as_typed
from tuner.tracking.listener import WandbListener, search_listener
from tuner.tracking.mode import choose_mode
from tuner.worker.setting import TrialSetting


@dataclass(frozen=True, kw_only=True)
class SearchSummary:
    """How a search stands at the end of this driver's work; `finished` if no trial is left."""

    run_folder: Path
    trials: Sequence[TrialView]
    seconds: float
    finished: bool
    interrupted: bool
    failure: str | None


def search(
    space: Space,
    *,
    run_folder: Path,
    time_budget_s: float | None = None,
    address: str | None = None,
    storage: str | None = None,
) -> SearchSummary:
    """Search `space` and leave record and results in `run_folder`.

    Where the folder holds a record, the search goes on from it. `time_budget_s` counts all drivers
    of the search together and is recorded: it holds until another is given. `storage` names a
    folder that all machines see, or s3://bucket/prefix; without it, it is the recorded one or
    $TUNER_STORAGE.

    Raises TunerError or DataProblem for what people can mend.
    """
    folder = RunFolder(run_folder.absolute())
    if cluster := named_address(address):
        reached(cluster)
    else:
        resolve_scale(space, find_machine())  # what this machine cannot do is said before all else
    place = storage_of(folder, storage)
    if place is not None and recorded_space(folder):
        restore(place, folder)
    elif place is not None:
        check_free(place, folder)
    if recorded := recorded_space(folder):
        space = resumed_space(recorded, space, folder)
    with _announced(folder), kept(folder, place) as keeper, log_lines_shown():
        source = find(space.data)
        with ThreadPoolExecutor(1) as beside:  # the split takes as long as Ray's own start
            images = beside.submit(_images, space, source, keeper)
            with connection(address) as machine:
                split_digest = images.result()
                return _search_on(machine, space, source, keeper, split_digest, time_budget_s)


@contextmanager
def _announced(run_folder: RunFolder) -> Iterator[None]:
    """Be the run's driver, and say which run it is before anything else."""
    with sole_driver(run_folder):
        goes_on = recorded_space(run_folder) is not None
        name = run_folder.name
        say(f"Run {name} goes on." if goes_on else f"New run {name}.")
        yield


def _search_on(
    machine: Machine,
    space: Space,
    source: Source,
    keeper: Keeper,
    split_digest: str,
    time_budget_s: float | None,
) -> SearchSummary:
    run_folder = keeper.run_folder
    say(scale_sentence(space, machine))
    space = resolve_scale(space, machine)
    dump_space(space, run_folder.space)
    setting = _setting(space, source, keeper, machine)
    lanes = _lanes(setting, space, machine)
    slots = trials_at_once(space, machine, lanes)
    engine = Engine(
        space,
        run_folder,
        scheduler=make_scheduler(space),
        slots=slots,
        time_budget_s=time_budget_s,
        split_digest=split_digest,
    )
    console = ConsoleListener(run_folder.name, _state(space), slots)
    wandb = _wandb(space, run_folder, engine)
    engine.listeners = (console, wandb, *keeper.begin(engine, space))
    if engine.recorded_until is not None and engine.history.time_budget_s is not None:
        say(_budget_line(engine.history.time_budget_s, engine.seconds))
    if engine.trials:
        console.restore(engine.trials)
        wandb.rebuild(engine.trials)
    with stop_on_signals(engine.interrupt):
        try:
            with console:
                used = run(engine, setting, space, machine, lanes=lanes)
            if used is not None:
                say(f"Packs: {used}.")
        finally:
            engine.close()
            summary = _finish(engine, space, keeper, console)
            wandb.close()
    return summary


def _lanes(setting: TrialSetting, space: Space, machine: Machine) -> int:
    """How many lanes the search has, said where there is something to say."""
    values = detectors.resolve(space.detector, space.fixed)
    lanes = choose_lanes(space, machine, lambda: lanes_of_a_gpu(setting, values))
    if lanes.sentence:
        say(lanes.sentence)
    return lanes.count


def _finish(
    engine: Engine, space: Space, keeper: Keeper, console: ConsoleListener
) -> SearchSummary:
    trials, run_folder = engine.trials, keeper.run_folder
    try:
        write_results(space, run_folder, trials)
    except OSError as error:
        say(f"The results cannot be written: {error}. --resume writes them when there is room.")
    for line in keeper.close():
        say(line)
    if engine.out_of_time:
        say("The time budget of all starts together is used up; --time-budget gives it more.")
    resume = "" if engine.finished else _resume_command(run_folder)
    console.summary(
        trials,
        as_typed(run_folder.path),
        seconds=engine.seconds,
        note=data_sentence(space),
        resume=resume,
    )
    return SearchSummary(
        run_folder=run_folder.path,
        trials=trials,
        seconds=engine.seconds,
        finished=engine.finished,
        interrupted=engine.interrupted,
        failure=engine.failure,
    )


def _budget_line(budget_s: float, used_s: float) -> str:
    """What holds for a search that goes on."""
    return (
        f"Time budget of all starts together: {duration_text(budget_s)}, of which "
        f"{duration_text(used_s)} is used; --time-budget changes it."
    )


def _resume_command(run_folder: RunFolder) -> str:
    command = f"python -m tuner.search --resume --name {run_folder.name}"
    if run_folder.path.parent != Path("runs").absolute():
        command += f" --runs {as_typed(run_folder.path.parent)}"
    return command


def _images(space: Space, source: Source, keeper: Keeper) -> str:
    """Make the splits that all workers read, once for all drivers of the search; ship the images.

    Any without a record beside them are left from a start that came to nothing, perhaps other
    data's. Returns the digest of them all.
    """
    run_folder = keeper.run_folder
    splits = _splits(space, source, run_folder)
    digest = splits_digest(splits)
    for data, split in with_splits(space.data, splits):
        check_content(data, source, split)
    _check_recorded(digest, run_folder)
    check_enough(space, splits)
    for warning in search_warnings(space, splits):
        say(warning)
    keeper.ship(space.data, source)
    return digest


def _splits(space: Space, source: Source, run_folder: RunFolder) -> tuple[Split, ...]:
    """The search's own, made if there are none or they are another start's."""
    if not _has_split(run_folder) or recorded_space(run_folder) is None:
        save_splits(run_folder.split, make_splits(space.data, source))
    return load_splits(run_folder.split)


def _check_recorded(digest: str, run_folder: RunFolder) -> None:
    """Raise TunerError where the record was made on another split."""
    recorded = History(read_journal(run_folder.journal)).split_digest
    if recorded and recorded != digest:
        raise TunerError(
            f"{run_folder.split} is not the split that this search was recorded on (its digest is "
            f"{digest[:16]}, recorded is {recorded[:16]}): bring the old file back, or "
            "remove it to have it made anew, or start another search"
        )


def _has_split(run_folder: RunFolder) -> bool:
    """Whether there is one that can be read; a damaged one follows from the space's data again."""
    try:
        load_splits(run_folder.split)
    except FileNotFoundError:
        return False
    except SplitDamaged:
        say(f"{run_folder.split} is damaged; it is made anew.")
        return False
    return True


def _setting(space: Space, source: Source, keeper: Keeper, machine: Machine) -> TrialSetting:
    return TrialSetting(
        detector=space.detector,
        objective=space.objective,
        epochs=space.epochs,
        data=space.data,
        source=source,
        data_seed=space.sampler.seed,
        threads=None if machine.gpus else space.resources.cpus_per_trial,
        storage=keeper.storage,
        data_storage=keeper.data_storage,
    )


def _state(space: Space) -> SearchState:
    return SearchState(trials=space.trials, epochs=space.epochs, objective=space.objective)


def _wandb(space: Space, run_folder: RunFolder, engine: Engine) -> WandbListener:
    choice = choose_mode(space.wandb.mode)
    if choice.note:
        say(choice.note)
    started = engine.history.started
    return search_listener(run_folder, space.wandb.project, choice.mode, started, say)
