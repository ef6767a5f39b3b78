"""What lies where in a run's folder; a trial's own files are in `storage.checkpoints`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run, `runs/<name>`; says where its files are, not that they are there.

    The record is `space`, `journal`, `study` and `split`; all else is computed from it or comes
    from training.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def absolute(self) -> RunFolder:
        """The same folder, wherever the working folder goes."""
        return RunFolder(self.path.absolute())

    @property
    def name(self) -> str:
        """The run's name, under which people know it; a class's folder is named below its search's.

        Keys of a storage begin with it.
        """
        folder = self.path.absolute()
        if search := self._search:
            return folder.relative_to(search.path.parent).as_posix()
        return folder.name

    @property
    def _search(self) -> RunFolder | None:
        """The search that this is the folder of a class of, if it is one."""
        folder = self.path.absolute()
        search = RunFolder(folder.parent.parent)
        return search if folder.parent == search.classes and search.best.exists() else None

    @property
    def lock(self) -> Path:
        """Names the driver process, which holds a lock on it."""
        return self.path / "driver.lock"

    @property
    def space(self) -> Path:
        """The space as it was resolved; made anew from the events where it is missing."""
        return self.path / "space.yaml"

    @property
    def journal(self) -> Path:
        """Every suggestion, epoch and decision: the record that all else follows from.

        A line an event, each with its number and a checksum over all before it.
        """
        return self.path / "events.jsonl"

    @property
    def study(self) -> Path:
        """Optuna's study, for `optuna-dashboard` and Optuna's own tools.

        Made again from the events where it is damaged or differs from them.
        """
        return self.path / "study.db"

    @property
    def split(self) -> Path:
        """Which images are for fit and which for validation, the same for all trials."""
        return self.path / "split.npz"

    @property
    def storage(self) -> Path:
        """The storage that copies and checkpoints go to, or none: `--resume` uses it again."""
        return self.path / "storage.txt"

    @property
    def restored(self) -> Path:
        """Marks a record that came from the storage's copy, until a driver has gone on with it."""
        return self.path / "restored.json"

    @property
    def of_a_start(self) -> tuple[Path, ...]:
        """What a start leaves before there is a record, so that alone it is worth nothing."""
        return self.lock, self.split, self.storage

    @property
    def best(self) -> Path:
        """The best configuration, as a space file: `tuner.retrain` and `tuner.search` read it."""
        return self.path / "best.yaml"

    @property
    def table(self) -> Path:
        """A row for each trial."""
        return self.path / "trials.csv"

    @property
    def curves(self) -> Path:
        """The learning curves of all trials, on validation."""
        return self.path / "curves.png"

    @property
    def page(self) -> Path:
        """The report, for a browser: `tuner.report` writes it, and every search and retrain."""
        return self.path / "report.html"

    @property
    def wandb(self) -> Path:
        """W&B's own folder; `python -m wandb sync` uploads the runs that were kept offline."""
        return self.path / "wandb"

    @property
    def report(self) -> Path:
        """The test report of `tuner.retrain`."""
        return self.path / "retrain"

    @property
    def metrics(self) -> Path:
        """All figures of the test report."""
        return self.report / "metrics.json"

    @property
    def scores(self) -> Path:
        """Every score of every seed, with the images' rows, labels and classes."""
        return self.report / "scores.npz"

    @property
    def telling_images(self) -> Path:
        """The test images that are found best, missed, and flagged falsely, for the report."""
        return self.report / "telling-images.npz"

    @property
    def model(self) -> Path:
        """The retrained detector (safetensors) and its card."""
        return self.path / "model"

    @property
    def classes(self) -> Path:
        """With `data.normal: each`, a retrain's folder for each class."""
        return self.path / "classes"

    @property
    def candidates(self) -> Path:
        """The choice of `tuner.retrain --top`: of each candidate its fresh seeds' values.

        On validation, with the probability after each round that it is the best.
        """
        return self.path / "candidates.json"

    @property
    def candidate_trainings(self) -> Path:
        """What such a choice has trained: after a stop it goes on, a longer one begins with it."""
        return self.path / ".candidate-trainings"

    @property
    def retrain_work(self) -> Path:
        """Unfinished files of a retrain; removed when it ends."""
        return self.path / ".retrain-work"

    @property
    def retrain_failure(self) -> Path:
        """The traceback of a training that failed in a retrain."""
        return self.path / "retrain-failure.txt"

    @property
    def test_openings(self) -> Path:
        """All openings of the test split: beside the run's folder, so that it outlives each.

        A copied run goes on from what its own `retrain/metrics.json` counts. In a
        folder that holds no run but a configuration alone, it stays within. A class's folder has
        no openings of its own: they are its search's.
        """
        if search := self._search:
            return search.test_openings
        folder = self.path.absolute()
        return (folder.parent if self.holds_run() else folder) / "test-openings.jsonl"

    def holds_run(self) -> bool:
        """Whether a search has left a record here, or a part of one."""
        return any(os.path.lexists(path) for path in (self.space, self.journal))

    def is_recorded(self) -> bool:
        """Whether a search's record is here; that of a class is its search's."""
        return (self._search or self).holds_run()

    def foreign_files(self) -> list[str]:
        """The names in the folder beyond what a start leaves that came to nothing."""
        names = sorted(entry.name for entry in self.path.iterdir()) if self.path.is_dir() else []
        started = [file.name for file in self.of_a_start]
        return [name for name in names if name not in started]
