"""A whole search, from a space to the files it leaves: the order in which the rooms are used."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from models.data.protocol import make_split
from models.data.sources import Source, find
from tuner.backend.asha import Asha, NoStopping
from tuner.backend.run import connection, run
from tuner.console import ConsoleListener
from tuner.console_state import SearchState
from tuner.engine import Engine, Scheduler
from tuner.files import as_typed
from tuner.lock import sole_driver
from tuner.notices import log_lines_shown, say
from tuner.record import TrialView
from tuner.results import drop_training_states, write_results
from tuner.resume import RECORD
from tuner.setting import SPLIT, TrialSetting
from tuner.signals import stop_on_signals
from tuner.space import (
    Machine,
    Space,
    dump_space,
    resolve_scale,
    scale_sentence,
    trials_at_once,
)
from tuner.tracking import TrackingConfig
from tuner.tracking_listener import WandbListener
from tuner.tracking_mode import choose_mode


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
) -> SearchSummary:
    """Search `space` and leave record and results in `run_folder`.

    Where the folder holds a record, the search goes on from it. `time_budget_s` counts all drivers
    of the search together. Raises TunerError or DataProblem for what people can mend.
    """
    run_folder = run_folder.absolute()
    with sole_driver(run_folder), log_lines_shown():
        source = find(space.data)
        with ThreadPoolExecutor(1) as beside:  # the split takes as long as Ray's own start
            split = beside.submit(_split, space, source, run_folder)
            with connection(address) as machine:
                split.result()
                return _search_on(machine, space, source, run_folder, time_budget_s)


def _search_on(
    machine: Machine, space: Space, source: Source, run_folder: Path, time_budget_s: float | None
) -> SearchSummary:
    say(scale_sentence(space, machine))
    space = resolve_scale(space, machine)
    dump_space(space, run_folder / RECORD)
    engine = Engine(
        space,
        run_folder,
        scheduler=_scheduler(space),
        slots=trials_at_once(space, machine),
        time_budget_s=time_budget_s,
    )
    console = ConsoleListener(run_folder.name, _state(space), trials_at_once(space, machine))
    wandb = _wandb(space, run_folder, engine)
    engine.listeners = (console, wandb)
    if engine.trials:
        console.restore(engine.trials)
        wandb.rebuild(engine.trials)
    try:
        with stop_on_signals(engine.interrupt), console:
            run(engine, _setting(space, source, run_folder), space.resources, machine)
    finally:
        engine.close()
        wandb.close()
    return _finish(engine, space, run_folder, console)


def _finish(
    engine: Engine, space: Space, run_folder: Path, console: ConsoleListener
) -> SearchSummary:
    trials = engine.trials
    write_results(space, run_folder, trials)
    drop_training_states(run_folder, trials)
    again = f"python -m tuner.search --resume --name {run_folder.name}"
    if run_folder.parent != Path("runs").absolute():
        again += f" --runs {as_typed(run_folder.parent)}"
    console.summary(trials, as_typed(run_folder), resume="" if engine.finished else again)
    return SearchSummary(
        run_folder=run_folder,
        trials=trials,
        seconds=engine.seconds,
        finished=engine.finished,
        interrupted=engine.interrupted,
        failure=engine.failure,
    )


def _split(space: Space, source: Source, run_folder: Path) -> None:
    """Make the split that all workers read, once for all drivers of the search."""
    path = run_folder / SPLIT
    if not path.exists():
        make_split(space.data, source).save(path)


def _setting(space: Space, source: Source, run_folder: Path) -> TrialSetting:
    return TrialSetting(
        detector=space.detector,
        metric=space.objective.removeprefix("best_"),
        data=space.data,
        source=source,
        data_seed=space.sampler.seed,
        run_folder=run_folder,
    )


def _scheduler(space: Space) -> Scheduler:
    if space.scheduler.name == "none":
        return NoStopping()
    return Asha(space.scheduler, space.epochs)


def _state(space: Space) -> SearchState:
    return SearchState(trials=space.trials, epochs=space.epochs, objective=space.objective)


def _wandb(space: Space, run_folder: Path, engine: Engine) -> WandbListener:
    choice = choose_mode(space.wandb.mode)
    if choice.note:
        say(choice.note)
    config = TrackingConfig(
        folder=run_folder,
        search=run_folder.name,
        uid=str(engine.history.started),
        mode=choice.mode,
        project=space.wandb.project,
    )
    return WandbListener(config, say)
