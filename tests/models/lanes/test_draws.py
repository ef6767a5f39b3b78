"""Random numbers of the steps are functions of the data's seed, the epoch and their name."""

import hashlib

import pytest
import torch
from torch import Tensor

from models.detectors.stage import Draw
from models.lanes.draws import EpochDraws

CPU = torch.device("cpu")
NOISE, MIX = Draw(name="noise", shape=(3,)), Draw(name="mix", kind="uniform")


def _draws(
    *draws: Draw, seed: int = 0, epochs: tuple[int, ...] = (2,), rows: int = 5
) -> EpochDraws:
    return EpochDraws(draws, seed, epochs, rows, CPU)


def _steps(draws: EpochDraws, name: str = "noise", count: int = 3) -> Tensor:
    """The numbers of some steps [steps, K, rows, ...]."""
    return torch.stack([draws.next()[name] for _ in range(count)])


def test_the_same_seed_epoch_and_name_would_give_other_numbers() -> None:
    assert torch.equal(_steps(_draws(NOISE)), _steps(_draws(NOISE)))


@pytest.mark.parametrize(
    "other",
    [
        _draws(NOISE, seed=1),
        _draws(NOISE, epochs=(3,)),
        _draws(Draw(name="noises", shape=(3,))),
    ],
    ids=["seed", "epoch", "name"],
)
def test_another_seed_epoch_or_name_would_give_the_same_numbers(other: EpochDraws) -> None:
    (name,) = other.next()
    assert not torch.isin(_steps(other, name), _steps(_draws(NOISE))).any()


def test_a_step_would_see_the_numbers_of_the_one_before() -> None:
    first, second = _steps(_draws(NOISE), count=2)
    assert not torch.isin(first, second).any()


def test_numbers_would_depend_on_what_else_is_drawn() -> None:
    """A detector that draws more in one of its phases leaves the others' numbers alone."""
    assert torch.equal(_steps(_draws(NOISE)), _steps(_draws(MIX, NOISE)))


def test_lanes_in_the_same_epoch_would_differ_by_their_numbers() -> None:
    steps = _steps(_draws(NOISE, epochs=(2, 2, 2)))
    assert steps.shape == (3, 3, 5, 3)
    assert torch.equal(steps, _steps(_draws(NOISE)).expand_as(steps))


def test_a_lane_would_not_have_the_numbers_of_its_own_epoch() -> None:
    steps = _steps(_draws(NOISE, epochs=(2, 7, 2)))
    for lane, epoch in enumerate((2, 7, 2)):
        assert torch.equal(steps[:, lane], _steps(_draws(NOISE, epochs=(epoch,)))[:, 0])


def test_rows_or_shapes_would_not_be_what_was_asked_for() -> None:
    drawn = _draws(NOISE, MIX, Draw(name="wide", shape=(2, 4))).next()
    assert {name: list(tensor.shape) for name, tensor in drawn.items()} == {
        "noise": [1, 5, 3],
        "mix": [1, 5],
        "wide": [1, 5, 2, 4],
    }


def test_numbers_would_not_be_of_the_kind_that_was_asked_for() -> None:
    normal = _steps(_draws(Draw(name="a"), rows=20_000), "a", count=1)
    uniform = _steps(_draws(Draw(name="a", kind="uniform"), rows=20_000), "a", count=1)
    # 20,000 numbers: 5 standard errors of a mean are 0.035, and 0.010 of uniform ones.
    assert abs(normal.mean()) < 0.035 and normal.std().item() == pytest.approx(1, abs=0.025)
    assert uniform.min() >= 0 and uniform.max() < 1
    assert uniform.mean().item() == pytest.approx(0.5, abs=0.01)


def test_the_numbers_would_be_others_than_those_of_earlier_versions() -> None:
    """Curves that were recorded would no longer come out again, and no other test would tell."""
    uniform = _steps(_draws(MIX, epochs=(0,), seed=7), "mix", count=4)
    assert uniform.dtype == torch.float32
    assert hashlib.sha256(uniform.numpy().tobytes()).hexdigest()[:16] == "00afe265cbb5e6d3"
    # The logarithms in normal ones may differ in their last digits between processors.
    normal = _steps(_draws(NOISE, epochs=(0,), seed=7), count=1)[0, 0, 0]
    pinned = torch.tensor([0.682825, -0.625678, 2.018966])
    torch.testing.assert_close(normal, pinned, rtol=1e-4, atol=1e-5)
