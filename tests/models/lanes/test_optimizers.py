"""Each lane's optimizer is torch's own on its row, and averages of weights are what they say."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from models.detectors.stage import Adadelta, Adam, Optimizer, RMSprop
from models.lanes.optimizers import LaneOptimizer, WeightAverage

RATES = {"learning_rate": [1e-3, 1e-2, 5e-4], "fast": [1.0, 10.0, 0.5]}
BETAS, DECAYS, NONE = [0.5, 0.9, 0.0], [0.1, 0.0, 0.3], [0.0, 0.0, 0.0]
SETTINGS = {
    **{name: torch.tensor(rates) for name, rates in RATES.items()},
    "beta1": torch.tensor(BETAS),
    "weight_decay": torch.tensor(DECAYS),
}
Theirs = Callable[[list[nn.Parameter], float, float, float], torch.optim.Optimizer]


def _adam(own: list[nn.Parameter], rate: float, beta1: float, decay: float) -> torch.optim.Adam:
    return torch.optim.Adam(own, rate, (beta1, 0.999), weight_decay=decay)


def _rmsprop(own: list[nn.Parameter], rate: float, _: float, decay: float) -> torch.optim.RMSprop:
    return torch.optim.RMSprop(own, rate, alpha=0.9, eps=1e-7, weight_decay=decay)


def _adadelta(own: list[nn.Parameter], rate: float, _: float, decay: float) -> torch.optim.Adadelta:
    return torch.optim.Adadelta(own, rate, rho=0.95, eps=1e-7, weight_decay=decay)


each_kind = pytest.mark.parametrize(
    ("optimizer", "theirs"),
    [
        (Adam(beta1="beta1"), _adam),
        (RMSprop(), _rmsprop),
        (Adadelta(learning_rate="fast"), _adadelta),
    ],
    ids=["adam", "rmsprop", "adadelta"],
)


def _numbers(count: int, seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(3, 50, generator=generator) for _ in range(count)]


def _moved(
    optimizer: Optimizer, gradients: list[Tensor], factors: list[Tensor | None] | None = None
) -> Tensor:
    """Where our optimizer brings three lanes."""
    (rows,) = _numbers(1, seed=1)
    ours = LaneOptimizer(rows, type(optimizer))
    for number, gradient in enumerate(gradients):
        ours.step(rows, gradient, optimizer, SETTINGS, factors[number] if factors else None)
    return rows


def _moved_by_torch(
    theirs: Theirs,
    gradients: list[Tensor],
    decays: list[float] = NONE,
    factors: list[Tensor] | None = None,
) -> Tensor:
    """Where torch's brings each lane alone."""
    (start,) = _numbers(1, seed=1)
    rates = RATES["fast" if theirs is _adadelta else "learning_rate"]
    rows = []
    for lane in range(3):
        row = nn.Parameter(start[lane].clone())
        optimizer = theirs([row], rates[lane], BETAS[lane], decays[lane])
        for number, gradient in enumerate(gradients):
            if factors is not None:
                optimizer.param_groups[0]["lr"] = rates[lane] * float(factors[number][lane])
            row.grad = gradient[lane].clone()
            optimizer.step()
        rows.append(row.detach())
    return torch.stack(rows)


@each_kind
def test_a_lane_would_not_move_as_torchs_own_optimizer_does(
    optimizer: Optimizer, theirs: Theirs
) -> None:
    gradients = _numbers(7, seed=0)
    expected = _moved_by_torch(theirs, gradients)
    torch.testing.assert_close(_moved(optimizer, gradients), expected, rtol=1e-5, atol=1e-6)


@each_kind
def test_a_weight_decay_would_not_be_torchs(optimizer: Optimizer, theirs: Theirs) -> None:
    gradients = _numbers(7, seed=0)
    decayed = type(optimizer)(**{**vars(optimizer), "weight_decay": "weight_decay"})
    expected = _moved_by_torch(theirs, gradients, DECAYS)
    torch.testing.assert_close(_moved(decayed, gradients), expected, rtol=1e-5, atol=1e-6)
    plain = _moved_by_torch(theirs, gradients)
    assert (expected - plain).abs().amax(1)[[0, 2]].min() > 1e-4  # far above the tolerance


@each_kind
def test_a_schedule_would_scale_more_than_the_rate(optimizer: Optimizer, theirs: Theirs) -> None:
    """What the optimizer remembers is of the gradients alone."""
    gradients = _numbers(4, seed=0)
    factors = [torch.tensor([[1.0], [factor], [0.0]]) for factor in (1.0, 0.5, 0.1, 0.01)]
    expected = _moved_by_torch(theirs, gradients, NONE, factors)
    ours = _moved(optimizer, gradients, [*factors])
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(ours[2], _numbers(1, seed=1)[0][2])


@each_kind
def test_numbers_of_an_optimizer_would_only_be_read_by_name(
    optimizer: Optimizer, theirs: Theirs
) -> None:
    gradients = _numbers(3, seed=0)
    fixed = type(optimizer)(**{**vars(optimizer), "learning_rate": 0.01, "weight_decay": 0.3})
    moved = _moved(fixed, gradients)
    for lane in range(3):
        row = nn.Parameter(_numbers(1, seed=1)[0][lane])
        alone = theirs([row], 0.01, BETAS[lane], 0.3)
        for gradient in gradients:
            row.grad = gradient[lane].clone()
            alone.step()
        torch.testing.assert_close(moved[lane], row.detach(), rtol=1e-5, atol=1e-6)


@each_kind
def test_a_lane_that_went_elsewhere_would_move_otherwise(
    optimizer: Optimizer, theirs: Theirs
) -> None:
    gradients = _numbers(6, seed=0)
    (rows,) = _numbers(1, seed=1)
    ours = LaneOptimizer(rows, type(optimizer))
    for gradient in gradients[:3]:
        ours.step(rows, gradient, optimizer, SETTINGS)
    moved, other = rows.clone(), LaneOptimizer(rows, type(optimizer))
    for lane in range(3):
        other.load_state(lane, ours.state(lane))
    for gradient in gradients[3:]:
        ours.step(rows, gradient, optimizer, SETTINGS)
        other.step(moved, gradient, optimizer, SETTINGS)
    assert torch.equal(moved, rows)


def test_reset_forgets_one_lane_only() -> None:
    rows = torch.zeros(2, 4)
    adam = LaneOptimizer(rows, Adam)
    adam.step(rows, torch.ones(2, 4), Adam(learning_rate=0.1, beta1=0.5), {})
    adam.reset(0)
    assert adam.steps.flatten().tolist() == [0, 1]
    first = adam.moments["first_moment"]
    assert not first[0].any() and first[1].all()


def test_a_lane_that_is_not_finite_would_reach_its_neighbours() -> None:
    for optimizer in (Adam(beta1="beta1"), RMSprop(), Adadelta()):
        sick = [gradient.clone() for gradient in _numbers(3, seed=0)]
        sick[1][1] = torch.nan
        ours, expected = _moved(optimizer, sick), _moved(optimizer, _numbers(3, seed=0))
        assert torch.equal(ours[[0, 2]], expected[[0, 2]]) and ours[1].isnan().all()


def test_an_average_would_not_be_the_recursion_that_it_says() -> None:
    decays, steps = [0.0, 0.5, 0.999], _numbers(40, seed=0)
    average = WeightAverage(steps[0])
    for rows in steps[1:]:
        average.follow(rows, torch.tensor(decays)[:, None])
    assert torch.equal(average.rows[0], steps[-1][0])  # without decay it is the weights themselves
    for lane, decay in enumerate(decays):
        expected = steps[0][lane].double()
        for count, rows in enumerate(steps[1:], start=1):
            kept = min(decay, (1 + count) / (10 + count))
            expected = kept * expected + (1 - kept) * rows[lane].double()
        torch.testing.assert_close(average.rows[lane].double(), expected, rtol=1e-5, atol=1e-6)


def test_a_short_training_would_be_averaged_with_the_weights_that_it_began_with() -> None:
    start, after = torch.zeros(1, 4), torch.ones(1, 4)
    average = WeightAverage(start)
    for _ in range(10):
        average.follow(after, torch.tensor([[0.9999]]))
    assert average.rows.min() > 0.99
    assert not start.any()  # which the average must not share
