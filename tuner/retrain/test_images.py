"""The test images once the test part is open. Imports torch."""

from dataclasses import dataclass, replace

import torch

from models.data.config import DataConfig
from models.data.images import LabelledImages
from models.data.loading import load_test
from models.data.sources import Source
from models.data.split import Split
from models.data.synthetic import KINDS, synthesise
from tuner.seeds import derive


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """Images of the test part; `class_names` are those of all their `classes`.

    `synthetic` says that the part has normal images alone, and that the anomalies were made of
    them: as many as there are normals, after these, each kind of defect a class of its own.
    """

    images: LabelledImages
    class_names: tuple[str, ...]
    synthetic: bool = False


def open_images(config: DataConfig, source: Source, split: Split) -> Opened:
    """Load the test part; raises DataNotFound as `load_test` does."""
    images = load_test(config, source)
    if images.anomalous.any():
        return Opened(images=images, class_names=split.class_names)
    return _with_anomalies(images, split.class_names, config.seed)


def _with_anomalies(normals: LabelledImages, class_names: tuple[str, ...], seed: int) -> Opened:
    count = len(normals.images)
    made = synthesise(normals.images, count, derive(seed, "synthetic test", 0))
    images = replace(
        normals,
        images=torch.cat([normals.images, made.images]),
        anomalous=torch.cat([normals.anomalous, torch.ones(count, dtype=torch.bool)]),
        classes=torch.cat([normals.classes, made.kinds + len(class_names)]),
        masks=torch.cat([torch.zeros_like(made.masks), made.masks]),
        masked=torch.ones(2 * count, dtype=torch.bool),
    )
    return Opened(images=images, class_names=(*class_names, *KINDS), synthetic=True)
