"""Every detector of one stage, or none, keeps the contract; all come with a search space.

A new one is found by its folder: nothing has to be changed here.
"""

from pathlib import Path

import pytest

from models import detectors
from tests.models.detectors.contracts import contracts
from tuner.detectors.__main__ import space_file
from tuner.space import load_space

REPOSITORY = Path(__file__).parents[3]

globals().update(contracts(name for name in detectors.names() if len(detectors.stages(name)) < 2))


@pytest.mark.parametrize("detector", [name for name in detectors.names() if name != "random"])
def test_a_detector_would_have_no_space_to_search(detector: str) -> None:
    path = REPOSITORY / space_file(detector)
    command = path.read_text().splitlines()[0]
    assert command == f"# python -m tuner.search --space search_spaces/{path.name}"
    assert load_space(path).detector == detector
