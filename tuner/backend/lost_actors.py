"""An actor that died is a lost worker, whatever killed it."""

from typing import Any

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import RayActorError, RayTaskError

from tuner.worker.error_text import reason_of

_handle = RayActorManager._actor_task_failed


def take_every_death_for_a_lost_actor() -> None:
    """Let Tune go on where it would end the whole run: it knows two kinds of errors.

    Ray has more for actors that are no more, as when its memory monitor kills one before the
    machine runs out, or the machine is gone under an actor that starts.
    """
    RayActorManager._actor_task_failed = _failed


def _failed(manager: RayActorManager, tracked_actor_task: Any, exception: Exception) -> None:
    known = isinstance(exception, RayActorError | RayTaskError)
    error = exception if known else RayActorError(error_msg=reason_of(exception))
    _handle(manager, tracked_actor_task, error)
