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


def _tests_of(detector: str) -> type[DetectorContract]:
    """Its tests, in one group: they share what they train."""
    made = type(f"Test_{detector}", (DetectorContract,), {"detector": detector})
    group = pytest.mark.xdist_group(f"contract of {detector}")
    grouped: type[DetectorContract] = group(made)
    return grouped


globals().update({f"Test_{name}": _tests_of(name) for name in detectors.names()})


@pytest.mark.parametrize("detector", [name for name in detectors.names() if name != "random"])
def test_a_detector_would_have_no_space_to_search(detector: str) -> None:
    path = REPOSITORY / space_file(detector)
    command = path.read_text().splitlines()[0]
    assert command == f"# python -m tuner.search --space search_spaces/{path.name}"
    assert load_space(path).detector == detector
