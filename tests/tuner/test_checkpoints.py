"""What is kept of a trial in a storage, and what is believed of it when it is read."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from models.data.preprocessing import Preprocessing
from models.detector_files import DetectorNotWhole
from models.evaluation.mixture import Mixture
from models.fitted import FittedDetector
from tests.tuner.fake_trials import row
from tuner.storage import StorageError, local_storage
from tuner.storage.checkpoints import CheckpointLabel, Checkpoints, held_checkpoints
from tuner.storage.checksummed import Damaged, checked_body, label_of, with_checksum
from tuner.storage.folder import FolderStorage
from tuner.worker.files import Checkpoint, TrialFiles

CONFIGURATION = {"patch_n": 3, "rate": 1e-4, "seed": 7}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "foreign": lambda data: b"x" * 500,
    "half": lambda data: data[: len(data) // 2],
    "short by one": lambda data: data[:-1],
    "longer by one": lambda data: data + b"x",
    "a bit of the body": lambda data: data[:-20] + bytes([data[-20] ^ 1]) + data[-19:],
    "a bit of the label": lambda data: data.replace(b'"epochs": 3', b'"epochs": 9'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_state_would_be_trained_on(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    checkpoints, said = Checkpoints(local_storage(tmp_path), 5), []
    for epochs in (1, 2, 3):
        checkpoints.put(epochs, CONFIGURATION, b"state %d" % epochs * 20)
    assert checkpoints.newest(CONFIGURATION, said.append) == b"state 3" * 20
    assert said == []
    newest = tmp_path / "trials" / "5" / "checkpoint-1"
    newest.write_bytes(damage(newest.read_bytes()))
    assert checkpoints.newest(CONFIGURATION, said.append) == b"state 2" * 20
    assert len(said) == 1
    assert said[0].startswith("trials/5/checkpoint-1 is refused: it")


def test_a_state_of_another_configuration_would_be_trained_on(tmp_path: Path) -> None:
    checkpoints, said = Checkpoints(local_storage(tmp_path), 5), []
    checkpoints.put(9, CONFIGURATION | {"patch_n": 4}, b"other")
    assert checkpoints.newest(CONFIGURATION, said.append) is None
    assert said == ["trials/5/checkpoint-1 is not used: it is of another configuration"]
    checkpoints.put(2, CONFIGURATION, b"own")
    assert checkpoints.newest(CONFIGURATION, said.append) == b"own"


class Unreadable(FolderStorage):
    """A storage that fails to read some of its keys."""

    failing: tuple[str, ...] = ()

    def get(self, key: str, limit: int | None = None) -> bytes | None:
        if key.endswith(Unreadable.failing):
            raise StorageError("it cannot be reached")
        return super().get(key, limit)


@pytest.mark.parametrize(("failing", "left"), [("checkpoint-0", 3), ("checkpoint-1", 2)])
def test_a_place_that_cannot_be_read_would_hide_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, left: int
) -> None:
    checkpoints, said = Checkpoints(Unreadable(root=tmp_path, base=tmp_path), 5), list[str]()
    for epochs in (2, 3):
        checkpoints.put(epochs, CONFIGURATION, b"state %d" % epochs)
    monkeypatch.setattr(Unreadable, "failing", (failing,))
    assert checkpoints.newest(CONFIGURATION, said.append) == b"state %d" % left
    assert said == [f"trials/5/{failing} cannot be read: it cannot be reached"]


@pytest.mark.parametrize("other", ["none", "damaged", "of another configuration"])
def test_a_place_that_cannot_be_read_would_pass_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    checkpoints = Checkpoints(Unreadable(root=tmp_path, base=tmp_path), 5)
    checkpoints.put(3, CONFIGURATION, b"state")
    if other != "none":
        checkpoints.put(2, {"patch_n": 9}, b"state")
    if other == "damaged":
        (tmp_path / "trials" / "5" / "checkpoint-0").write_bytes(b"x")
    monkeypatch.setattr(Unreadable, "failing", ("checkpoint-1",))
    with pytest.raises(StorageError, match="it cannot be reached"):
        checkpoints.newest(CONFIGURATION, lambda _text: None)


def test_a_driver_would_not_see_what_checkpoints_hold(tmp_path: Path) -> None:
    storage = local_storage(tmp_path)
    for epochs in (4, 5):
        Checkpoints(storage, 12).put(epochs, CONFIGURATION, b"state")
    Checkpoints(storage, 3).put_best({"weights": b"w"})
    held = [
        CheckpointLabel(number=12, epochs=epochs, configuration=CONFIGURATION) for epochs in (5, 4)
    ]
    assert held_checkpoints(storage) == {12: held}


def detector(weight: float, weighted: float) -> FittedDetector:
    return FittedDetector(
        detector="random",
        hyperparameters={},
        preprocessing=Preprocessing(size=16, channels=1),
        weights={"network.weight": torch.tensor([weight])},
        mixture=Mixture(weights={"a": weighted}, offset=0.0),
        threshold=0.5,
        error_threshold=None,
    )


class FailingFrom(FolderStorage):
    """A storage that is full after so many more objects."""

    left = 0

    def put(self, key: str, data: bytes) -> None:
        if FailingFrom.left == 0:
            raise StorageError("it is full")
        FailingFrom.left -= 1
        super().put(key, data)


@pytest.mark.parametrize("written", [0, 1, 2, 3])
def test_a_best_detector_would_be_loaded_that_is_mixed_from_two_epochs(
    tmp_path: Path, written: int
) -> None:
    first, second = detector(1.0, 0.1), detector(2.0, 0.2)
    checkpoints = Checkpoints(FailingFrom(root=tmp_path, base=tmp_path, durable=False), 3)
    FailingFrom.left = 3
    checkpoints.put_best(first.files())
    FailingFrom.left = written
    with nullcontext() if written == 3 else pytest.raises(StorageError):
        checkpoints.put_best(second.files())
    best = tmp_path / "trials" / "3" / "best"
    if written in (1, 2):
        with pytest.raises(DetectorNotWhole, match=r"trials/3/best does not hold one whole"):
            FittedDetector.load(best)
    else:
        assert FittedDetector.load(best).files() == (second if written else first).files()


def at(epochs: int) -> Checkpoint:
    rows = tuple(row(epoch, 0.5) for epoch in range(1, epochs + 1))
    return Checkpoint(configuration=CONFIGURATION, state={}, rows=rows)


@pytest.mark.parametrize("written", [0, 1, 2, 3, 4])
def test_a_full_storage_would_cost_the_best_detector_for_good(tmp_path: Path, written: int) -> None:
    """Its epoch is trained again from the checkpoint before it, or it waits for room."""
    storage = FailingFrom(root=tmp_path, base=tmp_path, durable=False)
    files, (first, second) = TrialFiles(storage, 3), (detector(1.0, 0.1), detector(2.0, 0.2))
    FailingFrom.left = 4
    files.write_best(first)
    files.write_checkpoint(at(1))
    FailingFrom.left = written
    files.write_best(second)
    files.write_checkpoint(at(2))
    found, best = Checkpoints(storage, 3).held()[0], tmp_path / "trials" / "3" / "best"
    assert found.epochs == (2 if written == 4 else 1)
    assert bool(files.trouble) == (written < 4)
    assert files.lacks_best == (written < 3)
    FailingFrom.left = 9
    files.write_checkpoint(at(3))
    assert FittedDetector.load(best).files() == second.files()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_best_detector_would_be_loaded_without_one_of_its_files(
    tmp_path: Path, name: str
) -> None:
    detector(1.0, 0.1).save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(DetectorNotWhole, match=f"{name} is missing"):
        FittedDetector.load(tmp_path)


def test_a_detector_saved_before_there_were_sums_would_not_load(tmp_path: Path) -> None:
    saved = detector(1.0, 0.1)
    saved.save(tmp_path)
    (tmp_path / "sums.json").unlink()
    config = json.loads((tmp_path / "config.json").read_text())
    old = {"size": config["preprocessing"]["size"], "channels": config["preprocessing"]["channels"]}
    del config["preprocessing"]
    (tmp_path / "config.json").write_text(json.dumps(config | old))
    assert FittedDetector.load(tmp_path).files() == saved.files()


def test_dropping_would_leave_bytes_or_take_what_is_needed(tmp_path: Path) -> None:
    storage = local_storage(tmp_path)
    checkpoints = Checkpoints(storage, 3)
    for epochs in (1, 2):
        checkpoints.put(epochs, CONFIGURATION, b"state")
    checkpoints.put_best({"weights": b"1"})
    checkpoints.drop_states()
    assert set(storage.sizes()) == {"trials/3/best/weights"}
    checkpoints.drop_best()
    assert storage.sizes() == {}


def test_what_a_killed_writer_left_would_pile_up(tmp_path: Path) -> None:
    left = tmp_path / "trials" / "3" / ".checkpoint-0.node-7-4711-1.part"
    left.parent.mkdir(parents=True)
    left.touch()
    TrialFiles(local_storage(tmp_path), 3).read_checkpoint({})
    assert not left.exists()


def test_a_label_would_not_be_read_without_the_body() -> None:
    data = with_checksum({"epochs": 3}, b"x" * 10_000)
    assert label_of(data[:200]) == {"epochs": 3}
    assert checked_body(data) == ({"epochs": 3}, b"x" * 10_000)
    assert label_of(b"no label") is None
    with pytest.raises(Damaged, match="instead of"):
        checked_body(data[:200])
