import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from models.losses import divergence
from models.losses.divergence import FGan, KlWgan, conjugate, dual, rising_conjugate, weights

VALUES = torch.linspace(-6, 3, 37, dtype=torch.float64)
GENERATORS: dict[str, Callable[[Tensor], Tensor]] = {
    "pearson": lambda u: (u - 1).square(),
    "kl": lambda u: u * u.log(),
    "js": lambda u: u * u.log() - (u + 1) * ((u + 1) / 2).log(),
    "gan": lambda u: u * u.log() - (u + 1) * (u + 1).log(),
}
"""f of each f-divergence, E_q[f(p / q)]."""


def greatest(name: str, at: Tensor) -> Tensor:
    """sup over u > 0 of u t - f(u), which is f*(t), by looking: [N] -> [N]."""
    ratios = torch.logspace(-9, 4, 200_000, dtype=torch.float64)
    lines = GENERATORS[name](ratios)
    return torch.stack([(ratios * each - lines).max() for each in at])


def test_a_divergence_would_be_untested() -> None:
    assert set(GENERATORS) == set(divergence.NAMES)


@pytest.mark.parametrize("name", divergence.NAMES)
def test_the_conjugate_would_not_be_that_of_the_divergence(name: str) -> None:
    values = VALUES[VALUES >= -2] if name == "pearson" else VALUES
    wanted = greatest(name, dual(name, values))
    torch.testing.assert_close(conjugate(name, values), wanted, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(rising_conjugate(name, values), wanted, atol=1e-5, rtol=1e-5)


def test_pearsons_conjugate_would_rise_again_where_generators_and_scores_see_it() -> None:
    below = VALUES[VALUES < -2]
    torch.testing.assert_close(
        rising_conjugate("pearson", below), greatest("pearson", below), atol=1e-5, rtol=1e-5
    )
    scored = FGan("pearson").evidence(VALUES)
    assert (scored.diff() > 0).all()
    torch.testing.assert_close(scored[VALUES < -2], -1 + 0.01 * (below + 2))
    value = torch.tensor([-3.0], requires_grad=True)
    (slope,) = torch.autograd.grad(FGan("pearson").likeness(value), value)
    assert slope.item() == 0.0


@pytest.mark.parametrize("name", divergence.NAMES)
def test_the_best_critic_would_not_find_the_divergence(name: str) -> None:
    """Of p from q on three places: the bound is reached where T(v) = f'(p / q), by no other v."""
    p, q = (torch.tensor(of, dtype=torch.float64) for of in ((0.5, 0.3, 0.2), (0.2, 0.3, 0.5)))
    ratio = (p / q).requires_grad_()
    slopes = torch.autograd.grad(GENERATORS[name](ratio).sum(), ratio)[0]
    best = {
        "pearson": slopes,
        "kl": slopes,
        "js": -torch.log(torch.expm1(math.log(2) - slopes)),
        "gan": -torch.log(torch.expm1(-slopes)),
    }[name]

    def estimate(values: Tensor) -> Tensor:
        return (p * dual(name, values)).sum() - (q * conjugate(name, values)).sum()

    wanted = (q * GENERATORS[name](p / q)).sum()
    torch.testing.assert_close(estimate(best), wanted)
    for change in torch.eye(3, dtype=torch.float64):
        for sign in (-0.1, 0.1):
            assert estimate(best + sign * change) < wanted


@pytest.mark.parametrize(
    "form", [FGan("pearson"), FGan("kl"), FGan("gan"), FGan("js"), KlWgan(5.0)]
)
def test_a_target_would_be_swapped(form: divergence.Form) -> None:
    values = torch.tensor([-0.5, 0.2, 0.6], requires_grad=True)

    def slope(loss: Tensor) -> Tensor:
        (gradient,) = torch.autograd.grad(loss, values)
        return gradient

    assert (slope(form.high(values)) < 0).all()
    assert (slope(form.low(values)) > 0).all()
    assert (slope(form.likeness(values)) > 0).all()
    assert (slope(form.dual(values).sum()) > 0).all()
    assert (slope(form.evidence(values).sum()) > 0).all()


@pytest.mark.parametrize("name", divergence.NAMES)
def test_a_critics_losses_would_not_be_minus_the_bound(name: str) -> None:
    form, first, second = FGan(name), VALUES[20:], VALUES[5:25]
    bound = dual(name, first).mean() - conjugate(name, second).mean()
    torch.testing.assert_close(form.high(first) + form.low(second), -bound)


def test_weights_would_not_average_to_one_or_not_follow_the_critic() -> None:
    values = torch.tensor([3.0, -1.0, 0.5, 400.0], requires_grad=True)
    made = weights(values, 5.0)
    assert made.mean().item() == pytest.approx(1.0)
    assert (made[0] / made[1]).item() == pytest.approx(math.exp(4 / 5), rel=1e-4)
    slow = torch.exp(values.double() / 5) / torch.exp(values.double() / 5).mean()
    torch.testing.assert_close(made.double(), slow, atol=1e-6, rtol=1e-4)
    (slope,) = torch.autograd.grad(weights(values[:3], 5.0)[0], values)
    assert slope[0] > 0 > slope[1]


def test_klwgans_losses_would_not_be_those_of_its_paper() -> None:
    form = KlWgan(torch.tensor(2.0))
    values = torch.tensor([0.3, -2.0, 1.4])
    weight = torch.exp(values / 2) / torch.exp(values / 2).mean()
    weighed = form.weighed(values)
    torch.testing.assert_close(weighed, weight * values)
    torch.testing.assert_close(form.low(weighed), (1 + weight * values).clamp_min(0).mean())
    torch.testing.assert_close(form.high(values), (1 - values).clamp_min(0).mean())
    torch.testing.assert_close(form.likeness(weighed), (weight * values).mean())


@pytest.mark.parametrize("function", [dual, conjugate, rising_conjugate])
def test_an_unknown_divergence_would_be_taken_for_another(
    function: Callable[[str, Tensor], Tensor],
) -> None:
    with pytest.raises(ValueError, match="'chi'; allowed: pearson, kl, js, gan"):
        function("chi", VALUES)
