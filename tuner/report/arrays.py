"""The arrays that a retrain has left, read with care: a report is written without them too."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


def read_arrays(path: Path, needed: Sequence[str]) -> Arrays | None:
    """All arrays of a file; None where it is gone or damaged, or lacks one that is needed."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error):
        return None
    return found if found.keys() >= set(needed) else None
