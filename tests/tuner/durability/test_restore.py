"""A run that only its storage has, and what a retrain elsewhere reads of it."""

from pathlib import Path

import pytest

from tests.tuner.simulated import small_space
from tuner.durability.record_sync import RecordCopies
from tuner.durability.restore import fetch_best
from tuner.durability.storage_choice import storage_of
from tuner.record.run_folder import RunFolder
from tuner.retrain.choosing.candidates import candidates_of
from tuner.retrain.run_check import check_run, searched_in
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate
from tuner.space import load_space
from tuner.storage import Storage, open_storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """With the record of a search and its best, as the search leaves them."""
    (tmp_path / "shared").mkdir()
    storage = open_storage(str(tmp_path / "shared"))
    space = small_space(trials=4, search={"patch_n": {"int": [1, 9]}}, scheduler={"name": "none"})
    simulate(space, tmp_path / "there" / "run", Formula(best={"patch_n": 5.0}), workers=1)
    RecordCopies(RunFolder(tmp_path / "there" / "run"), storage.within("run")).copy_results()
    return storage


def test_a_fetched_run_would_have_no_candidates(tmp_path: Path, storage: Storage) -> None:
    folder = RunFolder(tmp_path / "here" / "run")
    fetch_best(storage, folder)
    check_run(folder)
    found, _ = candidates_of(searched_in(folder), load_space(folder.best), 2)
    assert len(found) == 2


def test_a_resume_of_a_fetched_run_would_go_on_apart_from_its_copy(
    tmp_path: Path, storage: Storage
) -> None:
    folder = RunFolder(tmp_path / "here" / "run")
    fetch_best(storage, folder)
    assert storage_of(folder, None) == storage
    assert folder.restored.exists()


def test_a_record_that_is_here_would_be_replaced(tmp_path: Path, storage: Storage) -> None:
    """It may be the search's own, which is still writing."""
    folder = RunFolder(tmp_path / "here" / "run")
    fetch_best(storage, folder)
    part = folder.journal.read_bytes()[:200]
    folder.journal.write_bytes(part)
    fetch_best(storage, folder)
    assert folder.journal.read_bytes() == part
