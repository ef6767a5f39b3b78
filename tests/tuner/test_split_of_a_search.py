"""The split that driver and workers share, where its file was damaged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models.data.protocol import make_split
from models.data.sources import find
from models.data.split import Split
from tests.tuner.conftest import make_setting
from tests.tuner.retrain.conftest import make_run
from tuner.record.run_folder import RunFolder
from tuner.search.session import _splits
from tuner.space import dump_space, load_space
from tuner.storage import StorageError
from tuner.worker.setting import SPLIT, TrialSetting

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
    _splits(space, source, run_folder)
    assert capsys.readouterr().out == ""
    run_folder.split.write_bytes(run_folder.split.read_bytes()[:-100])
    _splits(space, source, run_folder)
    assert Split.load(run_folder.split) == made
    assert "split.npz is damaged; it is made anew" in capsys.readouterr().out


def test_a_split_damaged_while_it_is_searched_would_not_say_what_to_do(
    tmp_path: Path, make_setting: Callable[[str], TrialSetting]
) -> None:
    setting = make_setting("run")
    (tmp_path / "run" / SPLIT).write_bytes(b"torn")
    with pytest.raises(StorageError, match=rf"{SPLIT} in .*/run is damaged: .* --resume"):
        setting.splits()
