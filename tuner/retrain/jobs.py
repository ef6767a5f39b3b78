"""All trainings of a plan: one after the other in this process, or as Ray tasks side by side."""

import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from models import detectors
from tuner.backend.address import named_address
from tuner.backend.ray_backend import connected
from tuner.cli.output import Say
from tuner.errors import TunerError
from tuner.planning.machine import find_machine
from tuner.retrain.plan import Job, Plan, Setting
from tuner.retrain.remote_training import Errand, Failed, run_errand
from tuner.space import Machine
from tuner.storage import Storage
from tuner.worker.error_text import reason_of

if TYPE_CHECKING:
    from tuner.retrain.training import Trained


class JobFailed(Exception):  # noqa: N818 - it says what happened
    """A job could not be done; `details` is the traceback, "" where a process just went."""

    def __init__(self, text: str, details: str = "") -> None:
        super().__init__(text)
        self.details = details


Done = Callable[[Job, "Trained"], "Trained"]
"""Hears of a training as soon as it has ended, and may put its files elsewhere."""


def usable(plan: Plan, job: Job, trained: "Trained") -> "Trained":
    """Raise JobFailed for a training that has come to nothing: it has no detector to test."""
    if not trained.usable:
        name = plan.seed_text(job.contender, trained.number)
        raise JobFailed(f"{name} {nothing_text(trained)}")
    return trained


def nothing_text(trained: "Trained") -> str:
    """What became of a training that is not usable, after its name."""
    return f"came to nothing in its first epoch: {trained.why or 'it diverged'}"


def train_all(
    setting: Setting,
    say: Say,
    *,
    address: str | None = None,
    storage: Storage | None = None,
    joined: Machine | None = None,
    done: Done | None = None,
) -> "list[Trained]":
    """Train every contender with its seeds; TunerError for the first training that fails.

    One that comes to nothing fails, unless `done` takes it. At `address` or $RAY_ADDRESS is the
    cluster that trains, `storage` then brings it the images; else it is this machine, and without
    Ray where nothing could run beside anything. Where Ray is `joined` already, it trains.
    """
    failure_file = setting.plan.run_folder.retrain_failure
    failure_file.unlink(missing_ok=True)
    done = done or partial(usable, setting.plan)
    try:
        alone = joined is None and named_address(address) is None
        if alone and (jobs := _one_by_one(setting.plan)) is not None:
            return _train_here(jobs, setting, say, done)
        return _train_on_ray(setting, say, address, storage, joined, done)
    except JobFailed as failure:
        raise TunerError(_text(failure, failure_file)) from failure


def _one_by_one(plan: Plan) -> list[Job] | None:
    """The jobs where this machine has no room for two, or there is but one; else None."""
    from models.precision import pick_device  # noqa: PLC0415 - torch

    jobs = _jobs(plan, fused=pick_device().type != "cpu")
    return jobs if min(room_here(), len(jobs)) <= 1 else None


def room_here() -> int:
    """How many jobs this machine can have under way at once."""
    from models.precision import pick_device  # noqa: PLC0415 - torch

    machine = find_machine()
    return machine.cpus if pick_device().type == "cpu" else machine.gpus


def _jobs(plan: Plan, *, fused: bool) -> list[Job]:
    """A job for each seed, or where they are fused for all seeds of a detector that has lanes."""
    return [
        Job(contender=contender, numbers=together)
        for contender in plan.contenders
        for together in (
            [plan.numbers_of(contender)]
            if fused and detectors.packable(contender.detector)
            else [(number,) for number in plan.numbers_of(contender)]
        )
    ]


def _train_here(jobs: Sequence[Job], setting: Setting, say: Say, done: Done) -> "list[Trained]":
    from models.precision import pick_device  # noqa: PLC0415 - torch
    from tuner.retrain.training import load_images, train  # noqa: PLC0415
    from tuner.threads import one_thread  # noqa: PLC0415

    data = load_images(setting)
    trained = []
    with one_thread(pick_device().type == "cpu"):
        for job in jobs:
            try:
                made = train(job, setting, data, say)
            except Exception as error:
                text = f"{job.contender.label}: {reason_of(error)}"
                raise JobFailed(text, traceback.format_exc()) from error
            trained += [done(job, one) for one in made]
    return trained


def _train_on_ray(
    setting: Setting,
    say: Say,
    address: str | None,
    storage: Storage | None,
    joined: Machine | None,
    done: Done,
) -> "list[Trained]":
    split, place = setting.split_file.read_bytes(), None
    if storage is not None and named_address(address) is not None:
        place = _shipped(setting, storage)
    with nullcontext(joined) if joined else connected(address) as machine:
        gpus = machine.gpus > 0
        errands = [
            Errand(job=job, setting=setting, split=split, storage=place, one_thread=not gpus)
            for job in _jobs(setting.plan, fused=gpus)
        ]
        return _run(errands, setting, say, gpus=gpus, done=done)


def _shipped(setting: Setting, storage: Storage) -> Storage:
    """The place of the images in the storage, with those of this retrain in it."""
    from models.data.split import Split  # noqa: PLC0415
    from tuner.durability.data_staging import data_storage, upload  # noqa: PLC0415

    place = data_storage(storage)
    upload(place, setting.plan.data, setting.source, Split.load(setting.split_file))
    return place


def _run(
    errands: Sequence[Errand], setting: Setting, say: Say, *, gpus: bool, done: Done
) -> "list[Trained]":
    from tuner.backend.ray_tasks import Lost, run_tasks  # noqa: PLC0415 - ray

    trained = []
    for errand, item in run_tasks(run_errand, errands, gpus=gpus):
        job = errand.job
        match item:
            case str():
                say(item)
            case Lost(why=why, given_up=False):
                say(f"{_name(job, setting.plan)} is lost, since {why}: it begins anew")
            case Lost(why=why):
                raise JobFailed(f"{_name(job, setting.plan)} was lost again and again: {why}")
            case Failed(text=text, details=details):
                raise JobFailed(f"{job.contender.label}: {text}", details)
            case list():
                for one in item:
                    place = setting.folder(job.contender, one.trained.number)
                    trained.append(done(job, one.unpacked(place)))
    return trained


def _name(job: Job, plan: Plan) -> str:
    if len(job.numbers) > 1:
        return job.contender.label
    return plan.seed_text(job.contender, job.numbers[0])


def _text(failure: JobFailed, file: Path) -> str:
    text = f"The retrain failed, and no report was written: {failure}"
    if failure.details:
        with suppress(OSError):
            file.write_text(failure.details, encoding="utf-8")
            text += f"\nThe whole traceback is in {file}"
    return text
