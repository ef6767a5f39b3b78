"""A lab of hosts for the tests that need one."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.lab.commands import LabError
from tests.cluster.lab.lab import Lab, lab

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tuner-lab"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three hosts and an operator's machine, gone with the module's last test."""
    with ExitStack() as stack:
        try:
            booted = stack.enter_context(lab(tmp_path_factory.mktemp("lab"), CACHE))
        except LabError as problem:
            pytest.skip(str(problem))
        yield booted
