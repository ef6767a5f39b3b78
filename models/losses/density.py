"""Kernel density: how far a vector lies from those that were seen, by a Gaussian around each.

In D dimensions log p(v) = logsumexp_i(-||v - v_i||^2 / 2h^2) - log N - D log(h sqrt(2 pi)). Of
thousands of dimensions the last term is thousands, and what tells vectors apart is lost beside it;
so here densities stay the distances that they are of. D values, N known vectors, M others.
"""

import math

import torch
from torch import Tensor

_CHUNK = 256


def squared_distances(vectors: Tensor, known: Tensor) -> Tensor:
    """||v_j - k_i||^2 of vectors [M, D] to known ones [N, D]: [M, N], float64.

    In float32 the difference of the large squares would be rounding alone for near vectors. Of the
    known ones few at a time are held in float64.
    """
    wide = vectors.double()
    squares = wide.square().sum(1, keepdim=True)
    chunks = []
    for part in torch.split(known, _CHUNK):
        few = part.double()
        chunks.append(squares + few.square().sum(1) - 2 * wide @ few.t())
    return torch.cat(chunks, 1).clamp_min(0)


def soft_minimum(squared: Tensor, bandwidth: float | Tensor) -> Tensor:
    """-2h^2 (log p + D log(h sqrt(2 pi))) of each row of squared distances [M, N]: [M], at least 0.

    It falls as the density of bandwidth h rises. For a small h it is the smallest of the row, plus
    2h^2 log N; for a large one their mean.
    """
    scale = 2 * bandwidth**2
    count = squared.shape[1]
    return -scale * (torch.logsumexp(-squared / scale, 1) - math.log(count))


def left_out(squared: Tensor) -> Tensor:
    """Squared distances of vectors among each other [N, N], none to itself: [N, N - 1].

    A density of the same vectors that it is of is the highest there is; without its own each is
    judged as a new one.
    """
    count = len(squared)
    # Rows of N + 1 numbers from the second on: the diagonal comes last in each.
    return squared.flatten()[1:].view(count - 1, count + 1)[:, :-1].reshape(count, count - 1)
