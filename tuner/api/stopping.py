"""What all work from Python shares: it is stopped as its command is, and may be silent."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from tuner.cli.output import silence
from tuner.cli.signals import stoppable
from tuner.errors import TunerError


@contextmanager
def working(*, quiet: bool) -> Iterator[None]:
    """Work that a notebook's stop button ends by KeyboardInterrupt, where that does no harm.

    What people can mend is a TunerError, as commands say it.
    """
    from models.data.sources import DataProblem  # noqa: PLC0415 - numpy
    from models.detectors import FolderProblem  # noqa: PLC0415

    with silence() if quiet else nullcontext(), stoppable("Stopped before its end."):
        try:
            yield
        except (DataProblem, FolderProblem) as error:
            raise TunerError(str(error)) from error
