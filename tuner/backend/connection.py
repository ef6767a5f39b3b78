"""Join a cluster of Ray, or start Ray on this machine, for as long as one driver needs it."""

import logging
import os
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import ray

from tuner.backend.address import named_address, no_entry, reached
from tuner.backend.capacity import cluster_capacity, node_capacity
from tuner.backend.local import start_ray
from tuner.backend.ray_internals import CONNECTION_TRIES
from tuner.space import Machine


@contextmanager
def connection(address: str | None) -> Iterator[Machine]:
    """Join the cluster at `address` or `$RAY_ADDRESS`, else start Ray on this machine, for a while.

    Raises TunerError where the cluster cannot be reached.
    """
    address = named_address(address)
    found = reached(address) if address else "local"
    warnings.filterwarnings("ignore", module="ray")
    logging.getLogger("ray").setLevel(logging.ERROR)
    with _sigterm_given_back():
        if address and found != "local":
            _join(address, found)
        else:
            start_ray()
        try:
            yield node_capacity() if found == "local" else cluster_capacity()
        finally:
            ray.shutdown()


def head_address() -> str:
    """Return where the joined cluster's head listens."""
    return str(ray.get_runtime_context().gcs_address)


@contextmanager
def _sigterm_given_back() -> Iterator[None]:
    """Ray takes SIGTERM for itself, and would keep it after it has ended."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _join(address: str, found: str) -> None:
    """Something answers there: Ray need not try often. One try takes up to 40 seconds."""
    given = os.environ.get(CONNECTION_TRIES)
    os.environ.setdefault(CONNECTION_TRIES, "1")
    try:
        ray.init(address=found, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # other versions of Ray or Python are bare ones
        raise no_entry(address, found, error) from error
    finally:
        if given is None:
            os.environ.pop(CONNECTION_TRIES, None)
