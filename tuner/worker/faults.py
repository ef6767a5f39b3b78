"""What is the machine's fault and not the trial's. Imports torch only where an error is judged."""

import socket
from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

from tuner.engine.attempt import OutOfReachError, WorkerLostError
from tuner.worker.error_text import reason_of

_FIRST_WAIT_S, _LONGER, _PATIENCE_S = 1.0, 3.0, 60.0

Read = TypeVar("Read")


def within_reach(read: Callable[[], Read]) -> Read:
    """What `read` returns, asked again a few times over up to a minute where it fails.

    Only for what is not a matter of the trial: its error, whatever it is, becomes OutOfReachError.
    """
    begun, wait_s, waited_s = monotonic(), _FIRST_WAIT_S, 0.0
    while True:
        try:
            return read()
        except Exception as error:
            if max(monotonic() - begun, waited_s) + wait_s > _PATIENCE_S:
                raise OutOfReachError(f"{socket.gethostname()}: {reason_of(error)}") from error
        sleep(wait_s)
        waited_s += wait_s
        wait_s *= _LONGER


def check_gpu(error: Exception) -> None:
    """Raise WorkerLostError where `error` has left this process without its GPU.

    After an illegal access or a failed launch, whatever a process asks of CUDA fails. Not to be
    called while another thread may be capturing a graph, which it would break.
    """
    import torch  # noqa: PLC0415  # the driver does without

    if not torch.cuda.is_available():
        return
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        text = f"the GPU answers this process no more: {reason_of(error)}"
        raise WorkerLostError(f"{socket.gethostname()}: {text}") from error
