"""Ray on this machine alone, for as long as one driver needs it."""

import logging

import ray
from ray._private import ray_constants

from tuner.errors import TunerError

_TRIES = 3


def start_ray() -> None:
    """Start Ray where nothing but this machine can reach it; raises TunerError if it cannot start.

    Ray takes any loopback address for a mistake and looks for one that others can reach, but on
    systems where it keeps to itself. Its processes have 30 seconds to start, too few on a machine
    that is busy with other things: then they are started again.
    """
    for left in reversed(range(_TRIES)):
        try:
            _start()
            return
        except Exception as error:  # Ray raises bare ones
            ray.shutdown()
            if not left or "timed out" not in str(error):
                raise TunerError(
                    f"Ray cannot start on this machine: {error} See its logs under "
                    "/tmp/ray/session_latest/logs; free memory, disk and cores, and try again."
                ) from error


def _start() -> None:
    elsewhere, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False
    try:
        ray.init(
            address="local",
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = elsewhere
