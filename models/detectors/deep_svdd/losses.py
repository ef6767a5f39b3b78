"""The loss of the soft boundary, of squared distances [N] to the centre."""

import torch
from torch import Tensor


def quantile(values: Tensor, share: Tensor) -> Tensor:
    """The number below which that share of [N] lies, linear between two of them.

    By ranks: `share`, a 0-d tensor, may differ between lanes, which an index may not.
    """
    ordered = values.sort().values
    ranks = torch.arange(len(values), device=values.device)
    nearness = torch.relu(1 - (ranks - share * (len(values) - 1)).abs())
    return (ordered * nearness).sum()


def soft_boundary(distances: Tensor, nu: Tensor) -> Tensor:
    """R^2 + mean of max(0, d - R^2) / nu: equation 3 of Ruff et al. 2018, its sums as means.

    R^2 is the (1 - nu) quantile of the batch's own distances, a constant to the gradient: the
    radius that minimises this loss while the network stands still.
    """
    squared_radius = quantile(distances.detach(), 1 - nu)
    return squared_radius + torch.relu(distances - squared_radius).mean() / nu
