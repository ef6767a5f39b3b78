"""A record that is a copy, checkpoints that know more: what comes back, and what is lost."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.tuner.simulated import Simulation, row, small_space
from tuner.durability.record_sync import RecordCopies, fetch_record
from tuner.durability.recovery import Recovery
from tuner.engine.attempt import Report
from tuner.record.journal import read_lines
from tuner.record.run_folder import RunFolder
from tuner.storage import Storage, local_storage
from tuner.storage.checkpoints import Checkpoints


@dataclass
class Checkpointed(Simulation):
    """Keeps a checkpoint after every epoch, before it is reported, as workers do."""

    storage: Storage = field(default_factory=lambda: local_storage(Path()))

    def step(self) -> None:
        attempt_id = self._order.choice(sorted(self.running))
        attempt = self.running[attempt_id]
        epoch = self.engine.history.trials[attempt.number].epochs + 1
        configuration = {**attempt.hyperparameters, "seed": attempt.seed}
        Checkpoints(self.storage, attempt.number).put(epoch, configuration, b"state")
        report = Report(outcome="epoch", row=row(attempt.hyperparameters, epoch, self.curve))
        if self.engine.report(attempt_id, report).action == "stop":
            self.let_go(attempt_id)


def interrupted(tmp_path: Path, copied_after: int, lost_after: int) -> tuple[Storage, RunFolder]:
    """A search whose record was copied after some epochs and whose disk was lost after more."""
    (tmp_path / "shared").mkdir()
    storage = local_storage(tmp_path / "shared")
    simulation = Checkpointed(small_space(), tmp_path / "run", storage=storage)
    copies = RecordCopies(RunFolder(tmp_path / "run"), storage)
    for steps in range(lost_after):
        if steps == copied_after:
            copies.copy()
        simulation.fill()
        simulation.step()
    shutil.rmtree(tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    assert fetch_record(storage, folder)
    return storage, folder


def test_epochs_that_checkpoints_hold_would_be_counted_as_lost(tmp_path: Path) -> None:
    storage, folder = interrupted(tmp_path, copied_after=4, lost_after=8)
    simulation, said = Simulation(small_space(), folder.path), list[str]()
    recovery = Recovery(storage, note=simulation.engine.note, say=said.append)
    recovery.begin(simulation.engine.trials, simulation.engine.recorded_until)
    simulation.engine.listeners.all = (recovery,)
    (event,) = (e for e in read_lines(folder.journal) if e["event"] == "restored")
    assert event["epochs_from_checkpoints"] == 4
    assert event["epochs_of_unknown_trials"] == {}
    assert "Checkpoints bring back 4 epochs of 1 trials" in said[0]
    assert "No epoch is lost" in said[1]
    simulation.run()
    assert recovery.lost_epochs == 0


def test_a_trial_that_the_copy_does_not_know_would_be_lost_unsaid(tmp_path: Path) -> None:
    """The published sets come again as they were, the sampler's first suggestions too."""
    storage, folder = interrupted(tmp_path, copied_after=4, lost_after=24)
    before = {n: Checkpoints(storage, n).held() for n in (1, 2)}
    assert all(before.values())
    simulation, said = Simulation(small_space(), folder.path), list[str]()
    recovery = Recovery(storage, note=simulation.engine.note, say=said.append)
    recovery.begin(simulation.engine.trials, simulation.engine.recorded_until)
    simulation.engine.listeners.all = (recovery,)
    assert "trials that the copy does not know" in said[1]
    simulation.run()
    assert recovery.lost_epochs == 0
    assert recovery.summary() == "Lost with the other machine: 0 epochs."


def test_a_checkpoint_of_other_hyperparameters_would_not_be_counted(tmp_path: Path) -> None:
    storage, folder = interrupted(tmp_path, copied_after=4, lost_after=8)
    Checkpoints(storage, 3).put(5, {"patch_n": 2, "seed": 1}, b"state")
    Checkpoints(storage, 3).put_best({"weights": b"w"})
    simulation, said = Simulation(small_space(), folder.path), list[str]()
    recovery = Recovery(storage, note=simulation.engine.note, say=said.append)
    recovery.begin(simulation.engine.trials, simulation.engine.recorded_until)
    simulation.engine.listeners.all = (recovery,)
    assert "5 epochs of trials not asked for yet" in recovery.summary()
    simulation.run()
    assert recovery.summary() == "Lost with the other machine: 5 epochs."
    lost = [e for e in read_lines(folder.journal) if e["event"] == "epochs_lost"]
    assert [(e["trial"], e["epochs"]) for e in lost] == [(3, 5)]
    assert storage.sizes("trials/3/") == {}
    assert "other hyperparameters now" in said[-1]
