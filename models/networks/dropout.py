"""Dropout by numbers that were drawn before: networks draw none themselves."""

from torch import Tensor


def dropout_factors(uniform: Tensor, rate: Tensor) -> Tensor:
    """0 where a number from 0 to 1 is below `rate`, else 1 / (1 - rate): what values are times."""
    return (uniform >= rate).to(uniform.dtype) / (1 - rate)
