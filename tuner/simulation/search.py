"""A whole simulated search, recorded as a real one is."""

from pathlib import Path

from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.record.journal import read_journal
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.results.files import write_results
from tuner.simulation.backend import SimulatedBackend
from tuner.simulation.curves import Curves
from tuner.space import Space, dump_space


def simulate(space: Space, folder: Path, curves: Curves, *, workers: int) -> list[TrialView]:
    """Search a resolved space on curves; the record and results lie in `folder` afterwards.

    A folder that holds a record goes on from it. Sampler, early stopping, record and results are
    those of a real search; times are the curves'.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run_folder, backend = RunFolder(folder), SimulatedBackend(curves, workers)
    past = read_journal(run_folder.journal)
    backend.clock.now = past[-1].time if past else 0.0
    dump_space(space, run_folder.space)
    engine = Engine(
        space,
        run_folder,
        scheduler=make_scheduler(space),
        slots=workers,
        clock=backend.clock,
    )
    try:
        backend.run(engine)
    finally:
        engine.close()
    write_results(space, run_folder, engine.trials)
    return engine.trials
