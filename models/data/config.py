"""Which images a search uses and how they are divided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from models.data.preprocessing import BITS, RESIZES, Preprocessing, Resize
from models.data.registry import DATASETS, FOLDER, PROTOCOLS, class_index
from models.names import shown, unknown

FOLDS = 5
"""The score mixture is judged on validation in so many parts, each with images of both kinds: it
needs as many of each."""

SIZES = (8, 1024)

MOST = 10**9
"""No number of images, trials or epochs may be larger: what is reckoned from it stays finite."""

EACH = "each"
"""As `normal`: each class in turn is the normal one."""


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """A data set, a protocol and its numbers.

    For published data, `normal` left empty means the first class, and after construction the field
    holds it; in a folder, which classes there are is known when its pictures are looked at.

    Raises:
        ValueError: a value is outside its range; the text says what is allowed.
    """

    # What stands below each key is its description in the schema of space files.
    __pydantic_config__ = {"use_attribute_docstrings": True}  # noqa: RUF012

    dataset: str = "fashion-mnist"
    """The images: folder for pictures of your own, or a published data set by its name."""
    protocol: str = "one-vs-rest"
    """How they are divided: some classes are normal, all others anomalous."""
    normal: tuple[str | int, ...] = ()
    """The normal classes, by name or index. Empty means the first class of published data, and
    `good` in a folder. `each` trains every configuration once for each class as the normal one, and
    judges it by the mean."""
    anomalous: tuple[str | int, ...] = ()
    """The anomalous classes, in place of `normal`: then all others are normal."""
    known_classes: tuple[str | int, ...] = ()
    """Anomalies of these classes alone are seen before test; empty means of all."""
    size: int = 32
    """Height and width that all images are brought to."""
    resize: Resize = "stretch"
    """Pictures that are not square: stretch distorts them, pad adds black borders, crop takes the
    middle."""
    grayscale: bool = False
    """Whether colours are left out."""
    bits: int = 16
    """How many bits a grey value of a 16-bit picture uses: 12 for many cameras."""
    skip_unreadable: bool = False
    """Whether to go on without pictures that cannot be read; else they are named, and nothing
    starts."""
    validation: Literal["labelled", "synthetic"] = "labelled"
    """Where validation's anomalies come from: labelled images, or synthetic ones made of held-out
    normal images."""
    anomalies_per_normal: float = 0.1
    """Known anomalies to a normal image in fit: 0.1 is one to ten, 0 none."""
    clusters: int = 3
    """Known anomalies come in equal numbers from so many K-Means clusters."""
    fit_normals: int | None = None
    """Normal images to train on; without it, the whole fit split."""
    validation_normals: int = 1200
    """Most normal images in validation; a data set with fewer held-out images gives fewer."""
    validation_anomalies: int = 1200
    """Most anomalous images in validation, labelled or synthetic."""
    folder: str | None = None
    """The folder of your pictures, or one with the published data set's own files; without it,
    those are found or downloaded."""
    seed: int = 0
    """Draws what each image is for, the known anomalies, and synthetic anomalies."""

    def __post_init__(self) -> None:
        _check_name("dataset", self.dataset, DATASETS)
        _check_name("protocol", self.protocol, PROTOCOLS)
        for key in ("normal", "anomalous", "known_classes"):
            given = getattr(self, key)
            listed = (given,) if isinstance(given, str | int) else tuple(given)
            object.__setattr__(self, key, listed)
        if fixed := DATASETS[self.dataset].fixed_size:
            object.__setattr__(self, "size", fixed)
        else:
            _check_integer("size", self.size, low=SIZES[0], high=SIZES[1])
        _check_name("resize", self.resize, RESIZES)
        _check_flag("grayscale", self.grayscale)
        if self.grayscale and DATASETS[self.dataset].channels == 2:
            raise ValueError(f"grayscale: {self.dataset} has no colours to leave out; remove it")
        _check_flag("skip_unreadable", self.skip_unreadable)
        if self.bits not in BITS or isinstance(self.bits, bool):
            allowed = ", ".join(map(str, BITS))
            raise ValueError(f"bits: {shown(self.bits)} is not allowed; allowed: {allowed}")
        _check_name("validation", self.validation, ("labelled", "synthetic"))
        _check_ratio(self.anomalies_per_normal)
        _check_integer("clusters", self.clusters, low=1, high=1000)
        if self.fit_normals is not None:
            _check_integer("fit_normals", self.fit_normals, low=1)
        _check_integer("validation_normals", self.validation_normals, low=FOLDS)
        _check_integer("validation_anomalies", self.validation_anomalies, low=FOLDS)
        _check_integer("seed", self.seed, low=0, high=2**32 - 1)
        self._check_folder()
        self._check_classes()

    @property
    def preprocessing(self) -> Preprocessing:
        """What detectors see of a picture."""
        channels = DATASETS[self.dataset].channels
        return Preprocessing(
            size=self.size,
            channels=1 if self.grayscale else channels,
            resize=self.resize,
            bits=self.bits,
        )

    @property
    def each(self) -> bool:
        """Whether each class in turn is the normal one: `tasks` gives the configurations."""
        return self.normal == (EACH,)

    @property
    def normal_classes(self) -> tuple[int, ...]:
        """Indices of the normal classes of published data, ascending.

        () for a folder, and where each class in turn is normal.
        """
        names = DATASETS[self.dataset].class_names
        return normal_classes(self, names) if names and not self.each else ()

    @property
    def normal_text(self) -> str:
        """The normal classes as a person names them."""
        if self.each:
            return "each class in turn"
        if self.anomalous:
            return f"all but {', '.join(map(str, self.anomalous))}"
        names = DATASETS[self.dataset].class_names
        named = [names[each] for each in self.normal_classes] or map(str, self.normal)
        return ", ".join(named) or "good"

    def _check_folder(self) -> None:
        if self.dataset == FOLDER and not self.folder:
            raise ValueError("folder: missing; name the folder of your pictures")

    def _check_classes(self) -> None:
        if self.normal and self.anomalous:
            raise ValueError("anomalous: give either `normal` or `anomalous`, not both")
        if self.each:
            if self.known_classes:
                raise ValueError(
                    "known_classes: with `normal: each` every class is normal once, so none is "
                    "always an anomaly; remove it"
                )
            return
        if EACH in self.normal:
            raise ValueError("normal: each means all classes; name no other beside it")
        names = DATASETS[self.dataset].class_names
        if not names:
            return
        if not self.normal and not self.anomalous:
            object.__setattr__(self, "normal", names[:1])
        known_classes(self, names, normal_classes(self, names))


def tasks(config: DataConfig, class_names: tuple[str, ...]) -> tuple[DataConfig, ...]:
    """What a configuration is trained on: itself, or with `each` one for each class as normal."""
    if not config.each:
        return (config,)
    return tuple(replace(config, normal=(name,)) for name in class_names)


def normal_classes(config: DataConfig, class_names: tuple[str, ...]) -> tuple[int, ...]:
    """Indices of the normal ones of these classes, ascending.

    Raises ValueError where a class does not exist or is named twice, or none is left anomalous.
    """
    key = "anomalous" if config.anomalous else "normal"
    named = _indices(key, config.anomalous or config.normal, class_names)
    chosen = set(range(len(class_names))) - set(named) if config.anomalous else set(named)
    published = bool(DATASETS[config.dataset].class_names)
    if not chosen:
        raise ValueError("anomalous: every class is named, which leaves no normal images")
    if published and len(chosen) == len(class_names):
        raise ValueError("normal: every class is named, which leaves no anomalies; remove one")
    return tuple(sorted(chosen))


def known_classes(
    config: DataConfig, class_names: tuple[str, ...], normal: tuple[int, ...]
) -> tuple[int, ...]:
    """Indices of the anomalous classes that may be seen before test, ascending.

    Raises ValueError where a class does not exist, is named twice or is one of the `normal`.
    """
    named = _indices("known_classes", config.known_classes, class_names)
    for index in named:
        if index in normal:
            raise ValueError(f"known_classes: {class_names[index]} is normal, not an anomaly")
    return named or tuple(each for each in range(len(class_names)) if each not in normal)


def _indices(
    key: str, given: tuple[str | int, ...], class_names: tuple[str, ...]
) -> tuple[int, ...]:
    found = [class_index(key, each, class_names) for each in given]
    if len(set(found)) < len(found):
        raise ValueError(f"{key}: a class is named twice in {shown(list(given))}; name it once")
    return tuple(sorted(found))


def _check_name(field: str, given: str, allowed: Iterable[str]) -> None:
    names = list(allowed)
    if given not in names:
        raise ValueError(f"{field}: {unknown(field, given, names)}")


def _check_flag(field: str, given: bool) -> None:
    if not isinstance(given, bool):
        raise ValueError(f"{field}: {shown(given)} is not allowed; give true or false")


def _check_integer(field: str, given: int, *, low: int, high: int = MOST) -> None:
    right_type = isinstance(given, int) and not isinstance(given, bool)
    if not right_type or not low <= given <= high:
        open_ended = high == MOST and not (right_type and given > high)
        allowed = f"of at least {low}" if open_ended else f"from {low} to {high}"
        raise ValueError(f"{field}: {shown(given)} is not allowed; give a whole number {allowed}")


def _check_ratio(given: float) -> None:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if not is_number or not 0 <= given <= MOST:
        raise ValueError(
            f"anomalies_per_normal: {shown(given)} is not allowed; give a number from 0 to "
            f"{MOST} (0.1 is one known anomaly to ten normals, 0 none)"
        )
