"""The data sets and protocols there are: one entry each, in this one place.

Each entry names the module that does the work, so that reading a configuration needs neither
numpy nor scikit-learn. To add a data set, write its module with the functions of
`models.data.modules.DatasetModule` and add an entry; of protocols see `models.data.protocol`.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.names import nearest, shown

FOLDER = "folder"
"""The data set that is a folder of pictures of one's own."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One data set; the position of a name in `class_names` is the class's index.

    `training_counts` are the images of each class in the official training part. Both are () where
    only the data itself tells. `fixed_size` is the side of images that no resizing makes sense for.
    """

    module_name: str
    channels: int
    class_names: tuple[str, ...] = ()
    training_counts: tuple[int, ...] = ()
    fixed_size: int | None = None


DATASETS = {
    "fashion-mnist": Dataset(
        module_name="models.data.fashion_mnist",
        channels=1,
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        training_counts=(6000,) * 10,
    ),
    "digits": Dataset(
        module_name="models.data.digits",
        channels=1,
        class_names=tuple("0123456789"),
        training_counts=(142, 145, 141, 146, 144, 145, 144, 143, 139, 144),
    ),
    "mnist": Dataset(
        module_name="models.data.mnist",
        channels=1,
        class_names=tuple("0123456789"),
        training_counts=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    ),
    "cifar-10": Dataset(
        module_name="models.data.cifar10",
        channels=3,
        class_names=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        training_counts=(5000,) * 10,
    ),
    "points-2d": Dataset(
        module_name="models.data.points",
        channels=2,
        class_names=("normal", "anomaly"),
        training_counts=(5120, 5120),
        fixed_size=1,
    ),
    FOLDER: Dataset(module_name="models.data.folder.dataset", channels=3),
}

PROTOCOLS = {"one-vs-rest": "models.data.one_vs_rest"}


def class_index(key: str, given: str | int, class_names: tuple[str, ...]) -> int:
    """Look a class up by its name, upper and lower case alike, or by its index.

    Raises:
        ValueError: there is no such class; the text names the nearest one. `key` is the setting
            that names it.
    """
    if isinstance(given, str):
        for index, name in enumerate(class_names):
            if name.lower() == given.strip().lower():
                return index
    elif type(given) is int and 0 <= given < len(class_names):
        return given
    like = nearest(given, class_names) if isinstance(given, str) else ""
    hint = f"; nearest: {like}" if like else ""
    raise ValueError(
        f"{key}: there is no class {shown(given)}; allowed are the names "
        f"{', '.join(class_names)} or an index from 0 to {len(class_names) - 1}{hint}"
    )
