"""Every detector that there is keeps the contract, and comes with a search space.

A new one is found by its folder: nothing has to be changed here.
"""

from pathlib import Path

import pytest

from models import detectors
from models.testing.contract import DetectorContract
from tuner.detectors.__main__ import space_file
from tuner.space import load_space

REPOSITORY = Path(__file__).parents[3]


globals().update(
    {
        f"Test_{name}": type(f"Test_{name}", (DetectorContract,), {"detector": name})
        for name in detectors.names()
    }
)


@pytest.mark.parametrize("detector", [name for name in detectors.names() if name != "random"])
def test_a_detector_would_have_no_space_to_search(detector: str) -> None:
    path = REPOSITORY / space_file(detector)
    command = path.read_text().splitlines()[0]
    assert command == f"# python -m tuner.search --space search_spaces/{path.name}"
    assert load_space(path).detector == detector
