"""A whole simulated search, recorded as a real one is."""

from pathlib import Path

from tuner.durability.record_check import check_record
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.record.compatibility import recorded_space, resumed_space
from tuner.record.lock import sole_driver
from tuner.record.past import Past, read_past
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.results.files import write_results
from tuner.simulation.backend import SimulatedBackend
from tuner.simulation.curves import Curves
from tuner.space import Space, dump_space
from tuner.storage import local_storage


def simulate(space: Space, folder: Path, curves: Curves, *, workers: int) -> list[TrialView]:
    """Search a resolved space on curves; the record and results lie in `folder` afterwards.

    A folder that holds a record goes on from it. Sampler, early stopping, record and results are
    those of a real search; times are the curves'. Raises TunerError where another driver has the
    folder, the record is not whole, or it is of a space that cannot go on as this one.
    """
    run_folder = RunFolder(folder)
    with sole_driver(run_folder):
        past = read_past(run_folder)
        check_record(run_folder, past.history, local_storage(folder))
        if recorded := recorded_space(run_folder):
            space = resumed_space(recorded, space, run_folder)
        return _search(space, run_folder, past, SimulatedBackend(curves, workers), workers)


def _search(
    space: Space, run_folder: RunFolder, past: Past, backend: SimulatedBackend, workers: int
) -> list[TrialView]:
    backend.clock.now = past.events[-1].time if past.events else 0.0
    dump_space(space, run_folder.space)
    engine = Engine(
        space,
        run_folder,
        scheduler=make_scheduler(space),
        slots=workers,
        clock=backend.clock,
        past=past.events,
    )
    try:
        backend.run(engine)
    finally:
        engine.close()
    write_results(space, run_folder, engine.trials)
    return engine.trials
