"""From a split to the images that training and choosing see, and to those of the test part.

What a search sees is written once, in the order in which it is used, to one file in the cache:
every process of the machine maps it, and it travels to other machines as it is. The file holds no
test image. It is in the safetensors format, whose library reads it back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from models.data.config import DataConfig
from models.data.decoding import Unreadable, decode_mask, preprocess, preprocess_mask
from models.data.downloads import exclusive
from models.data.images import LabelledImages, TrainingData
from models.data.index import Index, Part, Rows
from models.data.modules import module_of
from models.data.noise import noise_images
from models.data.places import DataNotFound, Source
from models.data.prepared import is_whole, note_sum, noted_sum, prepared_path, sum_file
from models.data.preprocessing import Preprocessing
from models.data.protocol import changed_text
from models.data.retention import remove_unused, used
from models.data.safetensors_file import Block, write_blocks
from models.data.split import Split
from models.data.synthetic import synthesise

CHUNK = 1024  # images resized at a time: bounds the memory of their float copy
NOISE_IMAGES = 200
"""Images of Gaussian noise, for objectives that need no anomaly."""
_SYNTHETIC_STREAM, _NOISE_STREAM = 5, 6


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The file with a search's images, and the sha256 of its content."""

    path: Path
    sha256: str


def load_training(
    config: DataConfig, source: Source, split: Split, *, noise: bool = False
) -> TrainingData:
    """Load what the split names; the test part is not opened. `noise` adds images of noise.

    Raises:
        DataNotFound: an image is missing, unreadable or not the published one.
        ValueError: the split was made for other data.
    """
    if source.cache is not None:
        return open_training(prepare_training(config, source, split).path, noise=noise)
    blocks, facts = _blocks(config, _checked_part(config, source, split), split)
    tensors = {name: _whole(block) for name, block in blocks.items()}
    return _training_data(tensors, facts, noise=noise)


def prepare_training(config: DataConfig, source: Source, split: Split) -> Prepared:
    """Write the images of a search to the source's cache, unless they are there.

    Raises as `load_training` does, and DataNotFound where the cache cannot be written.
    """
    if source.cache is None:
        raise ValueError("the source has no cache to prepare images in")
    path = prepared_path(config, split, source.cache)
    with exclusive(path.parent):
        if not is_whole(path):
            part = _checked_part(config, source, split)
            blocks, facts = _blocks(config, part, split)
            remove_unused(path.parent)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                note_sum(path, write_blocks(path, blocks, facts))
            except OSError as error:
                raise DataNotFound(
                    f"the cache {source.cache} cannot be written ({error.strerror or error}); "
                    "name another folder in the environment variable TUNER_CACHE"
                ) from None
        return Prepared(path=path, sha256=noted_sum(path))


def open_training(path: Path, *, noise: bool = False) -> TrainingData:
    """Map the images that `prepare_training` wrote. Raises DataNotFound for another file."""
    used(path, sum_file(path))
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return _training_data(tensors, file.metadata(), noise=noise)
    except Exception as error:  # the library raises kinds of its own
        raise DataNotFound(f"{path} does not hold a search's images: {error}") from None


def load_test(config: DataConfig, source: Source) -> LabelledImages:
    """Load the whole test part, with masks where there are any, in the order of the data set.

    Raises:
        DataNotFound: a test image is missing, unreadable or not the published one.
    """
    part = module_of(config).test_part(config, source)
    rows = np.arange(len(part.index), dtype=np.int64)
    images = _whole(_pixels(part, rows, config.preprocessing))
    loaded = _labelled(images, part.index, rows)
    masks, masked = _masks(part.index, config.preprocessing)
    return replace(loaded, masks=masks, masked=masked, names=part.index.names)


def resize(images: Tensor, size: int) -> Tensor:
    """Resize bytes `[N, C, height, width]` bilinearly to uint8 `[N, C, size, size]`."""
    channels = images.shape[1]
    preprocessing = Preprocessing(size=size, channels=channels)
    chunks = [
        preprocess(chunk, preprocessing) for chunk in torch.split(images, CHUNK) if len(chunk)
    ]
    return (
        torch.cat(chunks) if chunks else torch.empty((0, channels, size, size), dtype=torch.uint8)
    )


def _checked_part(config: DataConfig, source: Source, split: Split) -> Part:
    part = module_of(config).training_part(config, source)
    _check_split(config, split, part.index)
    return part


def _blocks(
    config: DataConfig, part: Part, split: Split
) -> tuple[dict[str, Block], dict[str, str]]:
    """What the file holds by name, and the plain facts beside."""
    preprocessing = config.preprocessing
    fit = np.concatenate([split.fit_normals, split.fit_anomalies])
    blocks: dict[str, Block] = {}
    blocks |= _of_rows("fit", part, fit, preprocessing)
    if config.validation == "synthetic":
        blocks |= _synthetic_validation(config, part, split)
    else:
        rows = np.concatenate([split.validation_normals, split.validation_anomalies])
        blocks |= _of_rows("validation", part, rows, preprocessing)
    normals = _whole(_pixels(part, split.fit_normals[:NOISE_IMAGES], preprocessing))
    seed = _seed(config.seed, _NOISE_STREAM)
    blocks["noise"] = _block(noise_images(normals, NOISE_IMAGES, seed))
    facts = {"preprocessing": json.dumps(asdict(preprocessing)), "validation": config.validation}
    return blocks, facts


def _synthetic_validation(config: DataConfig, part: Part, split: Split) -> dict[str, Block]:
    """Held-out normals, and as many anomalies made of them; their class comes after all others."""
    rows = split.validation_normals
    normals = _whole(_pixels(part, rows, config.preprocessing))
    count = min(len(rows), config.validation_anomalies)
    made = synthesise(normals, count, _seed(config.seed, _SYNTHETIC_STREAM)).images
    classes = torch.from_numpy(part.index.classes[rows])
    own_class = torch.full((count,), len(split.class_names), dtype=torch.int64)
    anomalous = torch.cat([torch.zeros(len(rows)), torch.ones(count)]).bool()
    return {
        "validation.images": _block(torch.cat([normals, made])),
        "validation.anomalous": _block(anomalous),
        "validation.classes": _block(torch.cat([classes, own_class])),
    }


def _seed(seed: int, stream: int) -> int:
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0])


def _of_rows(name: str, part: Part, rows: Rows, preprocessing: Preprocessing) -> dict[str, Block]:
    index = part.index
    return {
        f"{name}.images": _pixels(part, rows, preprocessing),
        f"{name}.anomalous": _block(torch.from_numpy(index.anomalous[rows])),
        f"{name}.classes": _block(torch.from_numpy(index.classes[rows])),
    }


def _pixels(part: Part, rows: Rows, preprocessing: Preprocessing) -> Block:
    """The pixels of these rows as detectors see them, a chunk at a time."""

    def chunks() -> Iterator[Tensor]:
        for start in range(0, len(rows), CHUNK):
            pixels = torch.from_numpy(
                np.ascontiguousarray(part.pixels(rows[start : start + CHUNK]))
            )
            if preprocessing.channels == 1 and pixels.shape[1] == 3:
                pixels = _grey(pixels)
            yield preprocess(pixels, preprocessing)

    shape = (len(rows), preprocessing.channels, preprocessing.size, preprocessing.size)
    return Block(shape=shape, dtype=torch.uint8, chunks=chunks)


def _grey(pixels: Tensor) -> Tensor:
    """Bytes [N, 3, H, W] -> [N, 1, H, W], in the whole numbers of Pillow's `convert("L")`."""
    red, green, blue = pixels.to(torch.int32).unbind(1)
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).to(torch.uint8)[:, None]


def _block(tensor: Tensor) -> Block:
    def chunks() -> Iterator[Tensor]:
        yield tensor

    return Block(shape=tuple(tensor.shape), dtype=tensor.dtype, chunks=chunks)


def _whole(block: Block) -> Tensor:
    chunks = list(block.chunks())
    return torch.cat(chunks) if chunks else torch.empty(block.shape, dtype=block.dtype)


def _training_data(
    tensors: Mapping[str, Tensor], facts: Mapping[str, str], *, noise: bool
) -> TrainingData:
    fit, validation = (
        LabelledImages(
            images=tensors[f"{name}.images"],
            anomalous=tensors[f"{name}.anomalous"],
            classes=tensors[f"{name}.classes"],
        )
        for name in ("fit", "validation")
    )
    return TrainingData(
        fit=fit,
        validation=validation,
        preprocessing=Preprocessing(**json.loads(facts["preprocessing"])),
        synthetic=facts["validation"] == "synthetic",
        noise=tensors["noise"] if noise else None,
    )


def _labelled(images: Tensor, index: Index, rows: Rows) -> LabelledImages:
    return LabelledImages(
        images=images,
        anomalous=torch.from_numpy(index.anomalous[rows]),
        classes=torch.from_numpy(index.classes[rows]),
    )


def _masks(index: Index, preprocessing: Preprocessing) -> tuple[Tensor | None, Tensor | None]:
    """Masks [N, H, W], and of which images [N] the pixels are known: normal ones need no mask."""
    if not any(index.masks):
        return None, None
    masks = torch.zeros((len(index), preprocessing.size, preprocessing.size), dtype=torch.bool)
    for row, path in enumerate(index.masks):
        if path is not None:
            try:
                masks[row] = preprocess_mask(decode_mask(path), preprocessing)
            except Unreadable as reason:
                raise DataNotFound(f"the mask {path} cannot be read: {reason}") from None
    has_mask = torch.tensor([path is not None for path in index.masks])
    return masks, has_mask | ~torch.from_numpy(index.anomalous)


def _check_split(config: DataConfig, split: Split, index: Index) -> None:
    if split.class_names != index.class_names:
        raise ValueError(f"the split was made for another data set than {config.dataset}")
    if split.normal_classes != index.normal_classes:
        raise ValueError(
            f"the split has the normal classes {split.normal_classes}, "
            f"the configuration {index.normal_classes}; make the split anew"
        )
    if split.content != index.content:
        raise DataNotFound(changed_text(config))
    highest = max((int(rows.max()) for rows in split.row_lists if len(rows)), default=-1)
    if highest >= len(index):
        raise ValueError(
            f"the split names row {highest:,}, and the data has {len(index):,} rows; "
            "make the split anew"
        )
    if split.labels and split.labels != split.labels_in(index.classes):
        raise DataNotFound(changed_text(config))
