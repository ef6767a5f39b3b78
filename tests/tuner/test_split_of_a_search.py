"""The split that driver and workers share, where its file was damaged."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from models.data.protocol import make_split
from models.data.sources import DataNotFound, find
from models.data.split import Split
from tests.tuner.conftest import make_setting
from tests.tuner.new.folders import picture, workpieces
from tests.tuner.retrain.conftest import make_run
from tests.tuner.simulated import small_space
from tuner.engine.engine import Engine
from tuner.errors import TunerError
from tuner.planning.lanes import LaneChoice
from tuner.record.lock import sole_driver
from tuner.record.past import read_past
from tuner.record.run_folder import RunFolder
from tuner.search.claim import Claim, claimed
from tuner.search.figures_note import figures_note
from tuner.search.images import splits_of
from tuner.search.session import run_search
from tuner.space import Machine, Space, dump_space, load_space
from tuner.storage import StorageError
from tuner.worker.search_setting import SPLIT, TrialSetting

__all__ = ["make_setting"]


def test_a_damaged_split_would_fail_every_trial_of_a_search_that_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder = RunFolder(make_run(tmp_path / "run"))
    space = load_space(run_folder.best)
    dump_space(space, run_folder.space)
    source = find(space.data)
    made = make_split(space.data, source)
    made.save(run_folder.split)
    splits_of(space, source, run_folder)
    assert capsys.readouterr().out == ""
    run_folder.split.write_bytes(run_folder.split.read_bytes()[:-100])
    splits_of(space, source, run_folder)
    assert Split.load(run_folder.split) == made
    assert "split.npz is damaged; it is made anew" in capsys.readouterr().out


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_would_be_waited_for_or_leave_a_traceback(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    run_folder = RunFolder(tmp_path)
    make(run_folder.split)
    with pytest.raises(TunerError, match=r"split\.npz is .*, where a file of the run belongs"):
        splits_of(small_space(), find(small_space().data), run_folder)
    assert "figures: normal 0; " in figures_note(small_space(), run_folder)


def test_a_split_damaged_while_it_is_searched_would_not_say_what_to_do(
    tmp_path: Path, make_setting: Callable[[str], TrialSetting]
) -> None:
    setting = make_setting("run")
    (tmp_path / "run" / SPLIT).write_bytes(b"torn")
    with pytest.raises(StorageError, match=rf"{SPLIT} in .*/run is damaged: .* --resume"):
        setting.splits()


class Nowhere:
    """A backend of one core that trains nothing."""

    def check(self, space: Space) -> None: ...

    def connected(self) -> AbstractContextManager[Machine]:
        return nullcontext(Machine(cpus=1, gpus=self.gpus))

    def __init__(self, gpus: int) -> None:
        self.gpus = gpus

    def lanes_of_a_gpu(self, *_: Any) -> LaneChoice:
        return LaneChoice()

    def run(self, engine: Engine, *_: Any, **__: Any) -> None:
        engine.interrupt()


@contextmanager
def driven(folder: RunFolder, space: Space, *, goes_on: bool = False) -> Iterator[Claim]:
    """A run as its only driver has it."""
    with sole_driver(folder.absolute()):
        past = read_past(folder) if goes_on else None
        with claimed(folder, lambda _: space, storage="none", past=past) as claim:
            yield claim


@pytest.mark.parametrize(("gpus", "count"), [(0, 40), (1, 60)])
def test_the_images_of_a_scale_would_not_be_those_that_are_trained_on(
    tmp_path: Path, gpus: int, count: int
) -> None:
    """On the cluster's machines too, which may be of another scale than the one that drives."""
    scales = {"cpu": {"fit_normals": 40, "trials": 3}, "gpu": {"fit_normals": 60, "trials": 4}}
    space = small_space(scale="auto", scales=scales, wandb={"mode": "off"})
    folder = RunFolder(tmp_path / "run")
    with driven(folder, space) as claim:
        run_search(claim, Nowhere(gpus))
    assert len(Split.load(folder.split).fit_normals) == count
    assert load_space(folder.space).data.fit_normals == count


def test_changed_pictures_would_be_called_a_changed_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the split is made anew, nothing but the record tells of the pictures before."""
    monkeypatch.setenv("TUNER_CACHE", str(tmp_path / "cache"))
    pictures = workpieces(tmp_path / "pictures")
    data = {"dataset": "folder", "folder": str(pictures), "size": 32}
    space, folder = small_space(data=data, wandb="off"), RunFolder(tmp_path / "run")
    with driven(folder, space) as claim:
        run_search(claim, Nowhere(0))
    split = folder.split.read_bytes()
    picture(pictures / "good" / "000.png", seed=77)
    for left, said in (
        (split, "pictures in .* are no longer those that the split was made of"),
        (None, "the images are not those that .*run was recorded on"),
    ):
        folder.split.write_bytes(left) if left else folder.split.unlink()
        with (
            pytest.raises((TunerError, DataNotFound), match=said),
            driven(folder, space, goes_on=True) as claim,
        ):
            run_search(claim, Nowhere(0))
    picture(pictures / "good" / "000.png", seed=0)
    folder.split.unlink()
    with driven(folder, space, goes_on=True) as claim:
        run_search(claim, Nowhere(0))
    assert Split.load(folder.split) == Split.load(BytesIO(split))
