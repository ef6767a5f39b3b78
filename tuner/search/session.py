"""A whole search, from a space to the files it leaves: the order in which the rooms are used."""

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace

from models import detectors
from models.data.sources import Source, find
from tuner.cli.output import log_lines_shown, say
from tuner.cli.signals import stop_on_signals
from tuner.console.first_report import FirstReport
from tuner.console.lines import duration_text
from tuner.console.listener import ConsoleListener
from tuner.console.state import SearchState
from tuner.durability.run_guard import RunGuard
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.errors import SpaceError, TunerError
from tuner.planning.lanes import choose_lanes
from tuner.planning.machine import find_machine
from tuner.record.provenance import Provenance
from tuner.record.run_folder import RunFolder
from tuner.record.time_budget import time_budget
from tuner.report.writing import report_line
from tuner.results.files import write_if_room
from tuner.results.no_result import lacking_best
from tuner.results.standard_errors import with_standard_errors
from tuner.search.backend import Backend
from tuner.search.budget_words import check_devices, devices_used_up, more_devices
from tuner.search.claim import Claim
from tuner.search.figures_note import figures_note
from tuner.search.images import prepare_images, splits_of
from tuner.search.summary import SearchSummary
from tuner.search.time_budget import check_time, resume_command
from tuner.search.tracked import searched
from tuner.search.warm_start import begin
from tuner.space import (
    Machine,
    Space,
    dump_space,
    resolve_scale,
    scale_sentence,
    trials_at_once,
)
from tuner.space.samplers import package_problems
from tuner.storage.files import as_typed
from tuner.tracking.listener import WandbListener, search_listener
from tuner.tracking.mode import choose_mode
from tuner.worker.search_setting import TrialSetting


def run_search(claim: Claim, backend: Backend, time_budget_s: float | None = None) -> SearchSummary:
    """Search a run that is this driver's, to its end or as far as it comes."""
    name = claim.run_folder.name
    if lacking := package_problems(claim.space):
        raise SpaceError(lacking)
    check_time(claim.run_folder, claim.past.history, claim.space, time_budget_s)
    check_devices(claim.run_folder, claim.past.history, claim.space)
    say(f"New run {name}." if claim.is_new else f"Run {name} goes on.")
    with log_lines_shown():
        source, expected = find(claim.space.data), _expected(claim.space)
        beside = ThreadPoolExecutor(1)  # the split takes as long as Ray's own start
        try:
            made = beside.submit(splits_of, expected, source, claim.run_folder)
            with backend.connected() as machine:
                say(scale_sentence(claim.space, machine))
                space = resolve_scale(claim.space, machine)
                wait([made])
                if space.data == expected.data:
                    splits = made.result()
                else:  # of another scale than this machine's
                    splits = splits_of(space, source, claim.run_folder)
                recorded = claim.past.history.provenance
                provenance = prepare_images(space, source, splits, claim.guard, recorded)
                resolved = replace(claim, space=space)
                return _search_on(machine, backend, resolved, source, provenance, time_budget_s)
        finally:
            beside.shutdown(wait=False, cancel_futures=True)


def _expected(space: Space) -> Space:
    """The space as it is resolved if this machine is like those that train."""
    try:
        return resolve_scale(space, find_machine())
    except TunerError:  # of a cluster's head, say, that has no GPU
        return space


def _search_on(
    machine: Machine,
    backend: Backend,
    claim: Claim,
    source: Source,
    provenance: Provenance,
    time_budget_s: float | None,
) -> SearchSummary:
    run_folder, guard, space = claim.run_folder, claim.guard, claim.space
    dump_space(space, run_folder.space)
    setting = _setting(space, source, guard, machine)
    lanes = _lanes(setting, space, machine, backend)
    slots = trials_at_once(space, machine, lanes)
    budget = time_budget(claim.past.history, space, time_budget_s)
    with ExitStack() as opened:
        engine = Engine(
            space,
            run_folder,
            scheduler=make_scheduler(space),
            slots=slots,
            time_budget_s=None if budget is None else budget.seconds,
            provenance=provenance,
            past=claim.past.events,
            device="gpu" if machine.gpus else "cpu",
        )
        opened.callback(engine.close)
        begin(engine, claim.earlier, space, provenance)
        wandb = _wandb(space, run_folder, engine)
        opened.callback(wandb.close)
        console = ConsoleListener(run_folder.name, _state(space), slots)
        if engine.recorded_until is not None and engine.history.time_budget_s is not None:
            say(_budget_line(engine.history.time_budget_s, engine.seconds))
        first = FirstReport()
        opened.callback(first.close)
        shown = (console,) if console.has_screen else (first, console)
        engine.watch(*shown, wandb, *guard.begin(engine, space))
        with stop_on_signals(engine.interrupt) as caught:
            try:
                with console:
                    used = backend.run(engine, setting, space, machine, lanes=lanes)
                if used is not None:
                    say(f"Packs: {used}.")
            finally:
                first.close()
                engine.close()
                summary = _finish(engine, space, guard, console, wandb)
    return replace(summary, signal=caught.number)


def _lanes(setting: TrialSetting, space: Space, machine: Machine, backend: Backend) -> int:
    """How many lanes the search has, said where there is something to say."""
    values = detectors.resolve(space.detector, space.fixed)
    lanes = choose_lanes(space, machine, lambda: backend.lanes_of_a_gpu(setting, values))
    if lanes.sentence:
        say(lanes.sentence)
    return lanes.count


def _finish(
    engine: Engine,
    space: Space,
    guard: RunGuard,
    console: ConsoleListener,
    wandb: WandbListener,
) -> SearchSummary:
    run_folder = guard.run_folder
    trials = with_standard_errors(engine.trials, space, run_folder)
    if failure := write_if_room(space, run_folder, trials):
        say(failure)
    for line in guard.close():
        say(line)
    if engine.out_of_time:
        say("The time budget of all starts together is used up; --time-budget gives it more.")
    out_of_devices = engine.out_of_devices and not engine.finished
    if out_of_devices:
        say(devices_used_up(space, engine.device_s))
    if lacking := lacking_best(trials):
        say(f"{lacking} See the trials' logs.")
    budget = time_budget(engine.history, space, None)
    more = more_devices(space, engine.device_s) if out_of_devices else ()
    resume = "" if engine.finished else resume_command(run_folder, budget, more)
    console.summary(
        trials,
        as_typed(run_folder.path),
        seconds=engine.seconds,
        note=figures_note(space, run_folder),
        resume=resume,
    )
    say(report_line(run_folder))
    wandb.search_over(
        searched(
            trials,
            space.objective,
            run_folder,
            finished=engine.finished,
            failure=engine.failure or "",
        )
    )
    return SearchSummary(
        trials=trials,
        finished=engine.finished,
        interrupted=engine.interrupted,
        failure=engine.failure,
        out_of_budget=(engine.out_of_time or engine.out_of_devices) and not engine.finished,
    )


def _budget_line(budget_s: float, used_s: float) -> str:
    """What holds for a search that goes on."""
    return (
        f"Time budget of all starts together: {duration_text(budget_s)}, of which "
        f"{duration_text(used_s)} is used; --time-budget changes it."
    )


def _setting(space: Space, source: Source, guard: RunGuard, machine: Machine) -> TrialSetting:
    return TrialSetting(
        detector=space.detector,
        objective=space.objective,
        epochs=space.epochs,
        data=space.data,
        source=source,
        data_seed=space.sampler.seed,
        threads=None if machine.gpus else space.resources.cpus_per_trial,
        storage=guard.storage,
        data_storage=guard.data_storage,
    )


def _state(space: Space) -> SearchState:
    return SearchState(trials=space.trials, epochs=space.epochs, objective=space.objective)


def _wandb(space: Space, run_folder: RunFolder, engine: Engine) -> WandbListener:
    choice = choose_mode(space.wandb.mode, run_folder.wandb)
    if choice.note:
        say(choice.note)
    return search_listener(run_folder, space, choice.mode, engine.history.started, say)
