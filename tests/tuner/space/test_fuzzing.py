"""Space files and `--set`s as people damage them: read, or refused in words, at once."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.tuner.space.judging import judged
from tests.tuner.space.mutations import Case, mutation, override
from tests.tuner.space.test_space_files import FILES
from tuner.space import load_space

Maker = Callable[[str, Random], Case]
ORIGINALS = {path: load_space(path) for path in FILES}


def broken(make: Maker, seeds: range, folder: Path) -> dict[int, str]:
    """What must not be, by the seed of the case, and the case."""
    found = {}
    for seed in seeds:
        random = Random(seed)
        path = FILES[seed % len(FILES)]
        case = make(path.read_text(encoding="utf-8"), random)
        if said := judged(case, ORIGINALS[path], folder).broken:
            found[seed] = f"{path.name}: {said}\n{case.overrides} {case.content[-300:]!r}"
    return found


@pytest.mark.parametrize(("make", "count"), [(mutation, 400), (override, 100)])
def test_a_damaged_space_file_would_end_in_a_traceback_or_be_read_wrongly(
    make: Maker, count: int, tmp_path: Path
) -> None:
    assert broken(make, range(count), tmp_path) == {}


@pytest.mark.long
@pytest.mark.parametrize(("make", "count"), [(mutation, 4000), (override, 1000)])
def test_one_of_thousands_of_damaged_space_files_would_end_in_a_traceback(
    make: Maker, count: int, tmp_path: Path
) -> None:
    assert broken(make, range(1000, 1000 + count), tmp_path) == {}
