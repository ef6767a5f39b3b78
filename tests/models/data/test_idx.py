from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.idx import parse, read_checked
from models.data.places import DataDamaged, DataNotFound
from tests.models.data.conftest import idx_bytes

CONTENT = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


@given(
    shape=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
def test_parsing_gives_back_every_array(shape: list[int], seed: int) -> None:
    array = np.random.default_rng(seed).integers(0, 256, size=shape).astype(np.uint8)
    assert np.array_equal(parse(idx_bytes(array)), array)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0\0\x0d\x01" + bytes(8), id="floats"),
        pytest.param(CONTENT[:-1], id="one byte short"),
        pytest.param(CONTENT + b"\0", id="one byte long"),
        pytest.param(CONTENT[:9], id="header cut"),
    ],
)
def test_bytes_that_are_no_idx_file_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="idx"):
        parse(content)


def test_the_gzip_header_plays_no_part_in_the_checksum(tmp_path: Path) -> None:
    for time in (0, 1_504_176_627):
        path = tmp_path / f"{time}.gz"
        path.write_bytes(gzip.compress(CONTENT, mtime=time))
        assert read_checked(path, CHECKSUM).shape == (2, 3, 4)


def test_one_changed_byte_is_found_and_the_file_named(tmp_path: Path) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(CONTENT[:-1] + b"\xff", mtime=0))
    with pytest.raises(DataDamaged, match=r"images\.gz is not the published file"):
        read_checked(path, CHECKSUM)


@pytest.mark.parametrize(
    "content", [b"", b"<html>404</html>", gzip.compress(CONTENT, mtime=0)[:-9]]
)
def test_a_file_that_is_not_whole_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(content)
    with pytest.raises(DataDamaged, match=r"images\.gz"):
        read_checked(path, CHECKSUM)


def test_a_missing_file_and_a_folder_in_its_place_are_not_found(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="does not exist"):
        read_checked(tmp_path / "nothing.gz", CHECKSUM)
    with pytest.raises(DataNotFound, match="cannot be read"):
        read_checked(tmp_path, CHECKSUM)
