"""A job in another process, perhaps on another machine: what it is sent, and what comes back.

Imports no torch before it trains.
"""

import io
import shutil
import tempfile
import traceback
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.data.split import Split
from tuner.objectives import needs_noise
from tuner.retrain.plan import Job, Setting
from tuner.storage import Storage
from tuner.worker.error_text import reason_of

if TYPE_CHECKING:
    from models.data.images import TrainingData
    from tuner.retrain.training import Trained


@dataclass(frozen=True, kw_only=True)
class Errand:
    """A job with all that it needs; `split` is the file's content.

    `storage` is the place of the images for machines that do not see the driver's.
    """

    job: Job
    setting: Setting
    split: bytes
    storage: Storage | None
    one_thread: bool


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A training, and the files of its detector by name; its `folder` is no longer there."""

    trained: "Trained"
    files: Mapping[str, bytes]

    def unpacked(self, folder: Path) -> "Trained":
        """The training with its detector in this folder."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return replace(self.trained, folder=folder)


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The training raised something: what, and the traceback."""

    text: str
    details: str


_images: "list[TrainingData]" = []  # of this process, which works for one driver alone


def run_errand(errand: Errand) -> Iterator[str | list[Brought] | Failed]:
    """Train the job: a line for each epoch, and its trainings or its failure at the end."""
    try:
        yield (yield from _trained(errand))
    except Exception as error:
        yield Failed(text=reason_of(error), details=traceback.format_exc())


def _trained(errand: Errand) -> Generator[str, None, list[Brought]]:
    from tuner.retrain.training import train_told  # noqa: PLC0415
    from tuner.threads import one_thread  # noqa: PLC0415 - torch

    with (
        tempfile.TemporaryDirectory(prefix="tuner-retrain-") as work,
        one_thread(errand.one_thread),
    ):
        setting = replace(errand.setting, work=Path(work))
        trained = yield from train_told(errand.job, setting, _loaded(errand))
        return [Brought(trained=one, files=_files(one.folder)) for one in trained]


def _loaded(errand: Errand) -> "TrainingData":
    """The images, loaded once in this process."""
    from tuner.worker.images import load_shipped  # noqa: PLC0415 - torch

    if not _images:
        plan, source = errand.setting.plan, errand.setting.source
        split = Split.load(io.BytesIO(errand.split))
        noise = needs_noise(plan.data, plan.objective)
        _images.append(load_shipped(plan.data, source, split, noise=noise, storage=errand.storage))
    return _images[0]


def _files(folder: Path) -> dict[str, bytes]:
    """Of a training that came to nothing there are none."""
    return {path.name: path.read_bytes() for path in folder.glob("*")}
