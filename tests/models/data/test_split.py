from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from models.data.places import SplitDamaged
from models.data.split import ROW_FIELDS, Split, images_digest


@pytest.fixture
def split() -> Split:
    return Split(
        fit_normals=np.array([0, 4, 5]),
        fit_anomalies=np.array([], dtype=np.int64),
        validation_normals=np.array([1]),
        validation_anomalies=np.array([2, 3]),
        normal_classes=(1,),
        class_names=("Größe", "b/c"),
    )


def test_a_stored_split_reads_back_equal(split: Split, tmp_path: Path) -> None:
    split.save(tmp_path / "new" / "split.npz")
    loaded = Split.load(tmp_path / "new" / "split.npz")
    assert loaded == split
    assert (loaded.class_names, loaded.normal_classes) == (split.class_names, split.normal_classes)
    for field in ROW_FIELDS:
        assert np.array_equal(getattr(loaded, field), getattr(split, field))
        assert getattr(loaded, field).dtype == np.int64
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["split.npz"]


def test_the_digest_covers_every_field(split: Split) -> None:
    changed = [
        replace(split, fit_normals=np.array([9])),
        replace(split, fit_anomalies=np.array([9])),
        replace(split, validation_normals=np.array([9])),
        replace(split, validation_anomalies=np.array([9])),
        replace(split, normal_classes=(0,)),
        replace(split, class_names=("a", "b/c")),
        replace(split, content="a" * 64),
    ]
    assert len({split.digest} | {other.digest for other in changed}) == 8


def test_a_row_moved_to_the_next_list_changes_the_digest(split: Split) -> None:
    moved = replace(split, validation_normals=np.array([1, 2]), validation_anomalies=np.array([3]))
    assert moved.digest != split.digest


def test_the_digest_never_changes_between_versions(split: Split) -> None:
    # A stored digest is compared years later; a new way to compute it needs a new field.
    assert split.digest == "54b92b86253133ad38fb5592fb8fe42dd90e35c417b9c0e5c03cf830491c0117"


def test_a_split_edited_by_hand_is_refused(split: Split, tmp_path: Path) -> None:
    split.save(tmp_path / "split.npz")
    with np.load(tmp_path / "split.npz") as stored:
        fields = dict(stored)
    np.savez(tmp_path / "split.npz", **(fields | {"fit_normals": np.array([0, 2])}))
    with pytest.raises(ValueError, match=r"split\.npz was changed"):
        Split.load(tmp_path / "split.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_split_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "split.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"split\.npz is not a stored split"):
        Split.load(tmp_path / "split.npz")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_and_not_waited_for(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "split.npz")
    with pytest.raises(SplitDamaged, match=r"split\.npz is no ordinary file"):
        Split.load(tmp_path / "split.npz")


def test_damage_at_any_byte_is_found_and_said(split: Split) -> None:
    whole = BytesIO()
    np.savez_compressed(whole, allow_pickle=False, **split.arrays())
    refused = 0
    for at in range(whole.tell()):
        damaged = bytearray(whole.getvalue())
        damaged[at] ^= 0xFF
        try:
            assert Split.load(BytesIO(damaged)) == split  # a time stamp, or the like
        except SplitDamaged:
            refused += 1
    assert refused > whole.tell() / 3


def test_a_failed_save_leaves_the_old_file_whole(
    split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split.save(tmp_path / "split.npz")

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="disk full"):
        replace(split, normal_classes=(0,)).save(tmp_path / "split.npz")
    assert Split.load(tmp_path / "split.npz") == split
    assert [path.name for path in tmp_path.iterdir()] == ["split.npz"]


def test_a_reader_of_the_old_file_never_sees_half_of_the_new_one(
    split: Split, tmp_path: Path
) -> None:
    path = tmp_path / "split.npz"
    split.save(path)
    before = path.read_bytes()
    with path.open("rb") as reader:
        replace(split, normal_classes=(0,)).save(path)
        assert reader.read() == before
    assert Split.load(path).normal_classes == (0,)


def test_another_split_of_the_same_images_would_be_one_of_other_images(split: Split) -> None:
    ours = replace(split, content="a" * 64, labels="b" * 64)
    others = replace(ours, fit_normals=ours.fit_normals[1:], labels="c" * 64)
    assert images_digest([ours]) == images_digest([others]) != ""
    assert images_digest([ours]) != images_digest([replace(ours, content="c" * 64)])
    assert images_digest([replace(ours, content="")]) == "", "published data never changes"
