"""Ray on this machine alone, for as long as one driver needs it."""

import logging
from functools import partial

import ray
from ray._private import ray_constants, services

from tuner.errors import TunerError
from tuner.planning.machine import cores

_TRIES = 3
_popen_apart = partial(services.ConsolePopen, process_group=0)


def start_ray() -> None:
    """Start Ray where nothing but this machine can reach it; raises TunerError if it cannot start.

    Ray takes any loopback address for a mistake and looks for one that others can reach, but on
    systems where it keeps to itself. Its processes have 30 seconds to start, too few on a machine
    that is busy with other things: then they are started again. They are a group of their own, so
    that a signal to the driver's, as `timeout` sends it, leaves them to the driver to end.
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
    popen, services.ConsolePopen = services.ConsolePopen, _popen_apart
    try:
        ray.init(
            address="local",
            num_cpus=cores(),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    finally:
        ray_constants.ENABLE_RAY_CLUSTER, services.ConsolePopen = elsewhere, popen
