"""What nobody uses goes, and nothing else."""

import os
from pathlib import Path

from models.data.retention import UNUSED_DAYS, remove_unused, used


def test_a_file_that_is_used_would_be_removed_or_an_old_one_kept(tmp_path: Path) -> None:
    old, fresh = tmp_path / "old", tmp_path / "fresh"
    for file in (old, fresh):
        file.write_text("")
        os.utime(file, (1e9, 1e9))
    used(fresh)
    remove_unused(tmp_path)
    assert (old.exists(), fresh.exists()) == (False, True)
    remove_unused(tmp_path, now=fresh.stat().st_atime + UNUSED_DAYS * 24 * 3600 + 1)
    assert not fresh.exists()


def test_noting_the_use_of_a_file_that_is_gone_would_make_an_empty_one(tmp_path: Path) -> None:
    used(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_daily_use_would_go_for_having_been_written_long_ago(tmp_path: Path) -> None:
    file = tmp_path / "old but used"
    file.write_text("")
    os.utime(file, (1e9, 1e9))
    used(file)
    now = file.stat().st_atime
    remove_unused(tmp_path, now=now + 1)
    assert file.exists() and file.stat().st_mtime == 1e9
