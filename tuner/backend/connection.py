"""Join a cluster of Ray, or start Ray on this machine, for as long as one driver needs it."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import ray

from tuner.backend.address import named_address, no_entry, reached
from tuner.backend.capacity import cluster_capacity, node_capacity
from tuner.backend.ray_files import ray_files
from tuner.backend.ray_internals import (
    CONNECTION_TRIES,
    end_what_was_started,
    sigterm_left_alone,
    start_for_this_machine_alone,
)
from tuner.backend.token import have_token
from tuner.cli.output import say
from tuner.cli.signals import unbroken
from tuner.errors import TunerError
from tuner.planning.machine import cores
from tuner.space import Machine

_TRIES = 3


@contextmanager
def connection(address: str | None) -> Iterator[Machine]:
    """Join the cluster at `address` or `$RAY_ADDRESS`, else start Ray on this machine, for a while.

    Raises TunerError where the cluster cannot be reached.
    """
    address = named_address(address)
    found = reached(address) if address else "local"
    warnings.filterwarnings("ignore", module="ray")
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        if address and found != "local":
            _join(address, found)
        else:
            _start()
        yield node_capacity() if found == "local" else cluster_capacity()
    finally:
        with unbroken():  # Ray ends a process, such as a notebook's kernel, that loses its raylet
            ray.shutdown()
            end_what_was_started()


def head_address() -> str:
    """Return where the joined cluster's head listens."""
    return str(ray.get_runtime_context().gcs_address)


def _start() -> None:
    """Start Ray where nothing but this machine can reach it; raises TunerError if it cannot start.

    Its processes have 30 seconds to start, too few on a machine that is busy with other things:
    then they are started again. They are a group of their own, so that a signal to the driver's,
    as `timeout` sends it, leaves them to the driver to end.
    """
    have_token()
    folder, note = ray_files()
    if note:
        say(note)
    for left in reversed(range(_TRIES)):
        try:
            start_for_this_machine_alone(cores(), folder)
            return
        except Exception as error:  # Ray raises bare ones
            ray.shutdown()
            if not left or "timed out" not in str(error):
                raise TunerError(
                    f"Ray cannot start on this machine: {error} See its logs under "
                    f"{folder}/session_latest/logs; free memory, disk and cores, and try again."
                ) from error


def _join(address: str, found: str) -> None:
    """Something answers there: Ray need not try often. One try takes up to 40 seconds."""
    given = os.environ.get(CONNECTION_TRIES)
    os.environ.setdefault(CONNECTION_TRIES, "1")
    try:
        with sigterm_left_alone():
            ray.init(address=found, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # other versions of Ray or Python are bare ones
        raise no_entry(address, found, error) from error
    finally:
        if given is None:
            os.environ.pop(CONNECTION_TRIES, None)
