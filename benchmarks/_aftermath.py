"""What a disturbed search's record must still hold, and what the disturbance cost."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna

from tuner.objectives import metric_of
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.space import Space


@dataclass
class Witness:
    """Remembers what the record held after each driver's death: none of it may ever change."""

    record: Path
    seen: list[tuple[int, str]] = field(default_factory=list)

    def look(self) -> None:
        content = self.record.read_bytes() if self.record.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        self.seen.append((len(whole), _digest(whole)))

    def events_lost(self) -> int:
        """Events that were on disk after a driver's death and are not any more."""
        content = self.record.read_bytes()
        changed = [size for size, digest in self.seen if _digest(content[:size]) != digest]
        return len(changed)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def results_lost(run_folder: Path, witness: Witness, space: Space) -> int:
    """Recorded results that are gone: from the record, from its trials or from Optuna's study."""
    history = History(read_journal(witness.record))
    unended = sum(trial.state == "running" for trial in history.trials.values())
    storage = f"sqlite:///{run_folder / 'study.db'}"
    frozen = optuna.load_study(study_name=None, storage=storage).get_trials()
    missing = abs(len(frozen) - len(history.trials))
    for number, view in history.trials.items():
        values = {row.epoch: row.metrics[metric_of(space.objective)] for row in view.rows}
        if number < len(frozen):
            study = frozen[number]
            state = {"failed": "fail"}.get(view.state, view.state).upper()
            missing += study.intermediate_values != values or study.state.name != state
    return witness.events_lost() + unended + missing


def results_twice(events: Sequence[Mapping[str, Any]]) -> int:
    """Epochs, ends and suggestions that the record holds more than once."""
    keys = Counter(
        (event["event"], event["trial"], event.get("epoch"))
        for event in events
        if event["event"] in ("asked", "epoch", "ended")
    )
    return sum(count - 1 for count in keys.values())


def epochs_trained_again(run_folder: Path) -> int:
    """Epochs that a trial's log names more than once: trained whole, and lost before the record."""
    again = 0
    for log in (run_folder / "trials").glob("*/log.txt"):
        epochs = Counter(re.findall(r"^epoch (\d+):", log.read_text(), re.M))
        again += sum(count - 1 for count in epochs.values())
    return again
