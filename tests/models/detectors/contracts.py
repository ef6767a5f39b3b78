"""The contract as pytest collects it: a class of tests for each detector."""

from collections.abc import Iterable

from models.testing.contract import DetectorContract


def contracts(names: Iterable[str]) -> dict[str, type[DetectorContract]]:
    """The classes by their names, which a file of tests takes among its own."""
    return {
        f"Test_{name}": type(f"Test_{name}", (DetectorContract,), {"detector": name})
        for name in names
    }
