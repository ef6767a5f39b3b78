"""What is drawn for a search stays what it was: another version's split would be another search."""

import hashlib
from pathlib import Path

import numpy as np

from models.data import digits
from models.data.config import DataConfig
from models.data.folder.division import divide
from models.data.folder.picture import Picture
from models.data.one_vs_rest import cluster
from models.data.places import Source
from models.data.protocol import make_split
from models.data.split import ROW_FIELDS

SOURCE = Source(folder=None, description="scikit-learn")
CONFIG = DataConfig(
    dataset="digits",
    normal=(3,),
    anomalies_per_normal=0.5,
    clusters=3,
    fit_normals=60,
    validation_normals=20,
    validation_anomalies=40,
    seed=7,
)


def hash_of(array: np.ndarray) -> str:
    return hashlib.sha256(array.astype("<i8").tobytes()).hexdigest()[:12]


def test_another_stream_of_random_numbers_would_make_another_split() -> None:
    """Each list is drawn from a stream of its own; two that change places change both."""
    split = make_split(CONFIG, SOURCE)
    assert {name: hash_of(getattr(split, name)) for name in ROW_FIELDS} == {
        "fit_normals": "313017ad2063",
        "fit_anomalies": "7bb542c886b0",
        "validation_normals": "923c678d1073",
        "validation_anomalies": "b0ede07da5da",
    }


def test_k_means_would_be_seeded_by_nothing_or_something_else() -> None:
    """Of noise, where each start ends in clusters of its own."""
    images = np.random.RandomState(0).randint(0, 256, (120, 1, 8, 8)).astype(np.uint8)
    found = [hash_of(cluster(images, 5, seed)) for seed in (0, 1)]
    assert found == ["5e384d3cd12a", "abe2b6bc80f5"]


def test_a_folder_would_be_divided_otherwise_between_versions() -> None:
    pictures = [
        Picture(path=Path(name), name=name, kind=kind, part="")
        for kind, count in (("good", 100), ("crack", 10), ("hole", 10))
        for name in (f"{kind}/{number}" for number in range(count))
    ]
    sides = divide(
        DataConfig(dataset="folder", folder="/x", anomalies_per_normal=0.1, seed=7),
        pictures,
        [picture.name for picture in pictures],
        is_normal=lambda picture: picture.kind == "good",
        is_known=lambda picture: True,
    )
    order = ("fit", "validation", "test", "unused")
    assert hash_of(np.array([order.index(side) for side in sides])) == "55ee9dc4d59b"


def test_the_split_would_not_be_of_these_images() -> None:
    """The hashes above are of the digits that scikit-learn has."""
    part = digits.training_part(CONFIG, SOURCE)
    assert hash_of(part.index.classes) == "2d8643577267"
