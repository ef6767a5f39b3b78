"""What the figures of a report are of, beside the scores. Imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Labels
from models.data.config import DataConfig
from models.data.registry import class_index
from models.data.split import Split
from tuner.retrain.ledger import Openings


@dataclass(frozen=True, kw_only=True, eq=False)
class Facts:
    """The images that a report judges by.

    `labels` are by split ("validation", "test"), `test_classes` [N] indices into
    `test_class_names`, which are the split's own and those of made anomalies. `synthetic_test`
    says that all of test's anomalies were made.
    """

    split: Split
    labels: Mapping[str, Labels]
    test_classes: NDArray[np.int64]
    test_class_names: tuple[str, ...]
    synthetic_test: bool
    openings: Openings

    @property
    def normal_names(self) -> list[str]:
        """The classes that are normal."""
        return [self.split.class_names[index] for index in self.split.normal_classes]

    def seen(self, data: DataConfig) -> frozenset[int] | None:
        """Classes of anomalies that may be seen before test; None where no class is set apart."""
        if not data.known_classes or self.synthetic_test:
            return None
        names = self.split.class_names
        return frozenset(class_index("known_classes", each, names) for each in data.known_classes)
