"""Training processes: one for each core, one thread each, gone when the work is done or given up.

Each is bound to this process by a pipe and nothing else. If this process goes, however it goes,
the pipe breaks and its children end; if a child goes, its pipe ends and this process hears of it.
"""

import multiprocessing
import signal
import sys
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import TYPE_CHECKING

from tuner.cli.output import Say
from tuner.retrain.plan import Job, Setting

if TYPE_CHECKING:
    from tuner.retrain.training import Trained

_PATIENCE_S = 5.0


class JobFailed(Exception):  # noqa: N818 - it says what happened
    """A job could not be done; `details` is the traceback, "" where a process just went."""

    def __init__(self, text: str, details: str = "") -> None:
        super().__init__(text)
        self.details = details


@dataclass(frozen=True, kw_only=True)
class _Line:
    text: str


@dataclass(frozen=True, kw_only=True)
class _Done:
    trained: "list[Trained]"


@dataclass(frozen=True, kw_only=True)
class _Failed:
    text: str
    details: str


@dataclass(frozen=True, kw_only=True)
class _Member:
    process: BaseProcess
    pipe: Connection


def run_jobs(jobs: Sequence[Job], setting: Setting, processes: int, say: Say) -> "list[Trained]":
    """Do the jobs in their order, as many at a time as there are processes.

    Raises JobFailed with the first failure; the others are then given up.
    """
    waiting, trained = deque(jobs), []
    with _crew(min(processes, len(jobs)), setting) as crew:
        busy: dict[Connection, tuple[_Member, Job]] = {}
        idle = list(crew)
        while waiting or busy:
            while waiting and idle:
                member, job = idle.pop(), waiting.popleft()
                with suppress(ConnectionError):  # a process that is gone is heard of below
                    member.pipe.send(job)
                busy[member.pipe] = member, job
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                member, job = busy[pipe]
                match _heard(member, job):
                    case _Line(text=text):
                        say(text)
                    case _Failed(text=text, details=details):
                        raise JobFailed(f"{job.contender.label}: {text}", details)
                    case _Done(trained=done):
                        trained += done
                        idle.append(busy.pop(pipe)[0])
        for member in crew:
            member.pipe.send(None)
            member.process.join(_PATIENCE_S)
    return trained


def _heard(member: _Member, job: Job) -> object:
    try:
        return member.pipe.recv()
    except (EOFError, ConnectionError):
        member.process.join(_PATIENCE_S)
        code = member.process.exitcode
        why = ", killed, most often for want of memory" if code == -signal.SIGKILL else ""
        raise JobFailed(
            f"{job.contender.label}: its process ended by itself (exit code {code}{why})"
        ) from None


@contextmanager
def _crew(count: int, setting: Setting) -> Iterator[list[_Member]]:
    """The processes; whatever happens inside, none is left afterwards."""
    crew: list[_Member] = []
    try:
        for _ in range(count):
            crew.append(_start(setting))
        yield crew
    finally:
        for member in crew:
            member.process.terminate()
        for member in crew:
            member.process.join(_PATIENCE_S)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()
            member.pipe.close()


def _start(setting: Setting) -> _Member:
    """Start a process to which Ctrl-C means nothing: it is this process that ends it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, setting), daemon=True)
    # A child inherits the mask, so that Ctrl-C cannot reach it even while it is starting. The
    # tracker, which every first start brings with it, would take SIGINT out of the mask again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _main_hidden():
            process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return _Member(process=process, pipe=ours)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Whoever starts meanwhile does not import the main module, which may be anybody's script.

    A spawned process would, and a script whose work is not under `if __name__ == "__main__":`
    would be run again in each.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _serve(pipe: Connection, setting: Setting) -> None:
    """A child's life: jobs in, lines and outcomes out, until None or the end of the pipe."""
    # An error of the pipe: the parent is gone, and with it the need for an answer.
    with suppress(EOFError, ConnectionError):
        _work(pipe, setting)


def _work(pipe: Connection, setting: Setting) -> None:
    data = None
    while (job := pipe.recv()) is not None:
        try:
            from tuner.retrain.training import load_images, train  # noqa: PLC0415 - torch

            if data is None:
                _use_one_thread()
                data = load_images(setting)
            pipe.send(_Done(trained=train(job, setting, data, lambda text: _tell(pipe, text))))
        except ConnectionError:
            raise
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            pipe.send(_Failed(text=text, details=traceback.format_exc()))


def _tell(pipe: Connection, text: str) -> None:
    pipe.send(_Line(text=text))


def _use_one_thread() -> None:
    import torch  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    torch.set_num_threads(1)
    threadpool_limits(1)
