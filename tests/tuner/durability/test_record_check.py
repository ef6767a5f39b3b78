"""A lost journal is never an empty one, and a search goes on with what it was recorded with."""

import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from models.data.sources import find
from models.data.split import splits_digest
from models.data.tasks import make_splits
from tests.tuner.simulated import Simulation, small_space
from tuner.durability.record_check import check_record
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine
from tuner.errors import TunerError
from tuner.record.compatibility import recorded_space
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.past import read_past
from tuner.record.provenance import Provenance, check_provenance, code_changes, code_versions
from tuner.record.run_folder import RunFolder
from tuner.results.files import write_results
from tuner.retrain.run_check import check_run, check_splits
from tuner.space import dump_space, load_space
from tuner.storage import local_storage

SPACE = small_space(trials=4)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    simulation = Simulation(SPACE, folder, slots=2)
    dump_space(SPACE, folder / "space.yaml")
    simulation.run().close()
    write_results(SPACE, RunFolder(folder), simulation.engine.trials)
    best = folder / "trials" / "3" / "best"
    best.mkdir(parents=True)
    (best / "config.json").write_text("{}")
    return folder


@pytest.fixture
def run_folder(tmp_path: Path, searched: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(searched, tmp_path / "one")))


def checked(run_folder: RunFolder) -> History:
    history = read_past(run_folder).history
    check_record(run_folder, history, local_storage(run_folder.path))
    return history


def test_a_whole_record_would_be_refused(run_folder: RunFolder) -> None:
    assert len(checked(run_folder).trials) == 4


WITNESSES = {
    "study.db tells of 4 trials": "study.db",
    "trials.csv tells of 4 trials": "trials.csv",
    "best.yaml is there": "best.yaml",
    "there are checkpoints of trials": "trials",
}


def gone(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("lose", [gone, emptied, zeroed])
def test_a_lost_journal_would_be_an_empty_one(
    run_folder: RunFolder, lose: Callable[[Path], None]
) -> None:
    """As long as anything tells of trials."""
    lose(run_folder.journal)
    for said, name in WITNESSES.items():
        with pytest.raises(TunerError, match=f"but {said}: the record of this search is lost"):
            checked(run_folder)
        path = run_folder.path / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert not checked(run_folder).trials


def test_a_start_that_came_to_nothing_would_be_taken_for_a_lost_record(tmp_path: Path) -> None:
    Simulation(SPACE, tmp_path).engine.close()
    (tmp_path / "events.jsonl").unlink()
    dump_space(SPACE, tmp_path / "space.yaml")
    assert not checked(RunFolder(tmp_path)).trials


def test_lines_lost_at_the_end_would_be_trained_again_without_a_word(
    run_folder: RunFolder,
) -> None:
    lines = run_folder.journal.read_bytes().splitlines(keepends=True)
    run_folder.journal.write_bytes(b"".join(lines[:-6]))
    with pytest.raises(TunerError, match=r"has lost lines at its end, or study\.db is of another"):
        checked(run_folder)
    run_folder.study.unlink()
    assert checked(run_folder).trials


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("sampler.seed=7", "sampler.seed: recorded is 0, the file has 7"),
        (
            "search.patch_n={int: [1, 3]}",
            r"search.patch_n.int: recorded is \[1, 9\], the file has \[1, 3\]",
        ),
        ("epochs=3", "epochs: recorded is 9, the file has 3"),
    ],
)
def test_an_edited_space_would_go_on(run_folder: RunFolder, change: str, line: str) -> None:
    dump_space(load_space(run_folder.space, [change]), run_folder.space)
    with pytest.raises(TunerError, match=line) as caught:
        checked(run_folder)
    assert "remove it to have it made anew" in str(caught.value)
    run_folder.space.unlink()
    checked(run_folder)
    assert recorded_space(run_folder) == SPACE


def test_what_may_change_would_be_refused(run_folder: RunFolder) -> None:
    """As where a driver was killed between the space's file and its first event."""
    dump_space(load_space(run_folder.space, ["trials=9", "wandb=off"]), run_folder.space)
    checked(run_folder)


@pytest.mark.parametrize("content", [b"", b"\x00" * 80, b"detector: [", b"\xff\xfe"])
def test_a_damaged_space_would_not_say_how_to_mend_it(
    run_folder: RunFolder, content: bytes
) -> None:
    run_folder.space.write_bytes(content)
    with pytest.raises(TunerError, match=r"space\.yaml is damaged: remove it to have it made anew"):
        checked(run_folder)


def test_a_dry_run_would_mend_the_record(run_folder: RunFolder) -> None:
    run_folder.space.unlink()
    with pytest.raises(TunerError, match=r"space\.yaml is missing: --resume makes it anew"):
        past = read_past(run_folder)
        check_record(run_folder, past.history, local_storage(run_folder.path), mend=False)
    assert not run_folder.space.exists()


def test_a_configuration_that_no_trial_had_would_be_retrained_as_the_best(
    run_folder: RunFolder,
) -> None:
    check_run(run_folder)
    best = load_space(run_folder.best)
    dump_space(load_space(run_folder.best, ["data.folder=/elsewhere"]), run_folder.best)
    check_run(run_folder)
    for change, line in (
        ("fixed.patch_n=9", "fixed.patch_n: recorded is 6, the file has 9"),
        ("data.normal=[1]", "data.normal"),
        ("epochs=2", "epochs: recorded is 9, the file has 2"),
    ):
        dump_space(load_space(run_folder.best, [change]), run_folder.best)
        with pytest.raises(TunerError, match=line):
            check_run(run_folder)
        dump_space(best, run_folder.best)
    dump_space(best.model_copy(update={"result": {"trial": 17}}), run_folder.best)
    with pytest.raises(TunerError, match="names no trial that"):
        check_run(run_folder)


def test_a_retrain_would_take_the_split_of_another_search(tmp_path: Path) -> None:
    splits = make_splits(SPACE.data, find(SPACE.data))
    for digest, refused in ((splits_digest(splits), False), ("f" * 64, True)):
        (tmp_path / digest).mkdir()
        engine = Engine(
            SPACE,
            RunFolder(tmp_path / digest),
            scheduler=make_scheduler(SPACE),
            slots=1,
            provenance=Provenance(split_digest=digest),
        )
        engine.close()
        with pytest.raises(TunerError) if refused else nullcontext():
            check_splits(splits, RunFolder(tmp_path / digest))


def test_other_images_or_another_split_would_go_on() -> None:
    run_folder = RunFolder(Path("runs/one"))
    recorded = Provenance(split_digest="a" * 64, images_digest="b" * 64)
    check_provenance(recorded, recorded, run_folder)
    check_provenance(Provenance(), recorded, run_folder)  # of an earlier version
    check_provenance(recorded, Provenance(), run_folder)
    with pytest.raises(TunerError, match="is not the split that this search was recorded on"):
        check_provenance(
            recorded, Provenance(split_digest="c" * 64, images_digest="b" * 64), run_folder
        )
    with pytest.raises(TunerError, match="the images are not those"):  # and so the split another
        check_provenance(
            recorded, Provenance(split_digest="c" * 64, images_digest="c" * 64), run_folder
        )


def test_other_code_would_go_on_without_a_word_or_not_at_all() -> None:
    now = Provenance(code=code_versions())
    assert {"python", "tuner", "torch"} <= now.code.keys()
    assert code_changes(now, now) == code_changes(Provenance(), now) == ""
    before = Provenance(code={**now.code, "torch": "1.0", "gone": "2"})
    said = code_changes(before, now)
    assert f"torch 1.0, now {now.code['torch']}; gone 2, now none" in said


def test_what_trials_depend_on_would_not_be_recorded_or_be_forgotten_by_a_later_driver(
    tmp_path: Path,
) -> None:
    provenance = Provenance(split_digest="a", images_digest="b", code={"torch": "1.0"})
    for given in (provenance, Provenance()):
        engine = Engine(
            SPACE, RunFolder(tmp_path), scheduler=make_scheduler(SPACE), slots=1, provenance=given
        )
        engine.close()
    assert History(read_journal(tmp_path / "events.jsonl")).provenance == provenance
