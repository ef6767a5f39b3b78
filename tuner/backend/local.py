"""Ray on this machine alone, for as long as one driver needs it."""

import ray

from tuner.backend.ray_internals import start_for_this_machine_alone
from tuner.errors import TunerError
from tuner.planning.machine import cores

_TRIES = 3


def start_ray() -> None:
    """Start Ray where nothing but this machine can reach it; raises TunerError if it cannot start.

    Its processes have 30 seconds to start, too few on a machine that is busy with other things:
    then they are started again. They are a group of their own, so that a signal to the driver's,
    as `timeout` sends it, leaves them to the driver to end.
    """
    for left in reversed(range(_TRIES)):
        try:
            start_for_this_machine_alone(cores())
            return
        except Exception as error:  # Ray raises bare ones
            ray.shutdown()
            if not left or "timed out" not in str(error):
                raise TunerError(
                    f"Ray cannot start on this machine: {error} See its logs under "
                    "/tmp/ray/session_latest/logs; free memory, disk and cores, and try again."
                ) from error
