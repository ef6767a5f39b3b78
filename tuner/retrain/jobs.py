"""All trainings of a plan: on a GPU as lanes in this process, else one process to a core."""

import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from models import detectors
from tuner.cli.output import Say
from tuner.errors import TunerError
from tuner.planning.machine import find_machine
from tuner.retrain.plan import Job, Plan, Setting
from tuner.retrain.workers import JobFailed, run_jobs

if TYPE_CHECKING:
    from tuner.retrain.training import Trained


def train_all(setting: Setting, say: Say) -> "list[Trained]":
    """Train every contender with every seed; TunerError for the first training that fails."""
    from models.precision import pick_device  # noqa: PLC0415 - torch

    plan = setting.plan
    failure_file = plan.run_folder.retrain_failure
    failure_file.unlink(missing_ok=True)
    try:
        if pick_device().type != "cpu":
            return _train_here(_jobs(plan, fused=True), setting, say)
        return run_jobs(_jobs(plan, fused=False), setting, find_machine().cpus, say)
    except JobFailed as failure:
        raise TunerError(_text(failure, failure_file)) from failure


def _jobs(plan: Plan, *, fused: bool) -> list[Job]:
    """A job for each seed, or where they are fused for all seeds of a detector that has lanes."""
    numbers = tuple(range(len(plan.seeds)))
    return [
        Job(contender=contender, numbers=together)
        for contender in plan.contenders
        for together in (
            [numbers]
            if fused and detectors.packable(contender.detector)
            else [(number,) for number in numbers]
        )
    ]


def _train_here(jobs: Sequence[Job], setting: Setting, say: Say) -> "list[Trained]":
    from tuner.retrain.training import load_images, train  # noqa: PLC0415 - torch

    data = load_images(setting)
    trained = []
    for job in jobs:
        try:
            trained += train(job, setting, data, say)
        except Exception as error:
            text = f"{job.contender.label}: {type(error).__name__}: {error}"
            raise JobFailed(text, traceback.format_exc()) from error
    return trained


def _text(failure: JobFailed, file: Path) -> str:
    text = f"The retrain failed, and no report was written: {failure}"
    if failure.details:
        with suppress(OSError):
            file.write_text(failure.details, encoding="utf-8")
            text += f"\nThe whole traceback is in {file}"
    return text
