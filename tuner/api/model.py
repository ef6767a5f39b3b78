"""The model that a retrain has left, put to use: pictures in, scores out. Loads torch."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from models.precision import pick_device
from models.scoring import Scorer
from tuner.retrain.model_folder import StoredModel
from tuner.score.inputs import named_pictures
from tuner.score.stream import scored_batches
from tuner.score.table import COLUMNS

if TYPE_CHECKING:
    from pandas import DataFrame


class Model(Scorer):
    """Scores pictures as `python -m tuner.score` does, to the last digit.

    `score`, `anomalous` and `scaled_score` take paths, folders, arrays and tensors; `table` takes
    files and folders, and says of each which it is. `threshold` is the score above which a picture
    counts as an anomaly.
    """

    def __init__(self, stored: StoredModel) -> None:
        super().__init__(stored.detector.to(str(pick_device())))
        self.folder = stored.folder
        self.synthetic = stored.synthetic
        """Whether it was chosen, and its threshold set, without one real anomaly."""

    def table(self, *pictures: str | Path) -> DataFrame:
        """A row for each picture of these files and folders: the table that the command writes.

        A picture that cannot be read has a `reason`, and no score. Raises TunerError naming
        everything that does not exist or has no pictures.
        """
        from pandas import DataFrame  # noqa: PLC0415 - 0.5 s

        named = named_pictures([Path(picture) for picture in pictures])
        with closing(scored_batches(self.detector, named, maps=False)) as batches:
            rows = [
                (str(one.picture.path), one.score, one.scaled, one.verdict, one.reason)
                for batch in batches
                for one in batch
            ]
        return DataFrame(rows, columns=list(COLUMNS))

    def __repr__(self) -> str:
        """In a line: a notebook shows it."""
        detector = self.detector
        size = f"{detector.size} x {detector.size}"
        return f"<Model {self.folder}: {detector.detector}, {size}, threshold {self.threshold:.6g}>"
