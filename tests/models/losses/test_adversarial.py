"""Adversarial losses against their formulas in probabilities."""

import pytest
import torch

from models.losses.adversarial import NAMES, deception, discrimination, rejection, to_target

LOGITS = torch.tensor([-3.0, -0.2, 0.4, 2.5])


@pytest.mark.parametrize("target", [0.0, 0.1, 0.5, 1.0])
def test_losses_to_a_target_would_not_be_cross_entropy_or_squares(target: float) -> None:
    real = LOGITS.sigmoid()
    entropy = -(target * real.log() + (1 - target) * (1 - real).log()).mean()
    torch.testing.assert_close(to_target("bce", LOGITS, target), entropy)
    squares = (real - target).square().mean()
    torch.testing.assert_close(to_target("lsgan", LOGITS, torch.tensor(target)), squares)


@pytest.mark.parametrize("kind", ["bce", "lsgan"])
def test_a_loss_would_not_be_least_at_its_target(kind: str) -> None:
    at_target = torch.logit(torch.tensor([0.3])).requires_grad_()
    (slope,) = torch.autograd.grad(to_target(kind, at_target, 0.3), at_target)
    assert slope.abs().item() < 1e-6
    for other in (-0.1, 0.1):
        assert to_target(kind, at_target + other, 0.3) > to_target(kind, at_target, 0.3)


@pytest.mark.parametrize("kind", ["bce", "lsgan"])
def test_targets_of_1_and_0_would_not_be_discrimination(kind: str) -> None:
    both = to_target(kind, LOGITS, 1.0) + to_target(kind, LOGITS + 1, 0.0)
    torch.testing.assert_close(both, discrimination(kind, LOGITS, LOGITS + 1))


def test_margins_would_take_a_target() -> None:
    with pytest.raises(ValueError, match="'hinge' has no targets; allowed: bce, lsgan"):
        to_target("hinge", LOGITS, 0.1)


@pytest.mark.parametrize("kind", NAMES)
def test_rejection_would_not_be_what_discrimination_says_of_fake_images(kind: str) -> None:
    real = torch.full((4,), 100.0)  # so sure of real images that they cost nothing
    torch.testing.assert_close(rejection(kind, LOGITS), discrimination(kind, real, LOGITS))


def test_deception_would_not_be_what_discrimination_says_of_real_images() -> None:
    """But for the margin: a hinge's generator goes on beyond it."""
    fake = torch.full((4,), -100.0)  # so sure of fake images that they cost nothing
    for kind in ("bce", "lsgan"):
        torch.testing.assert_close(deception(kind, LOGITS), discrimination(kind, LOGITS, fake))
    torch.testing.assert_close(deception("hinge", LOGITS), -LOGITS.mean())
