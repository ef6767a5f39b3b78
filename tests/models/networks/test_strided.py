from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from models.lanes.stack import over_lanes
from models.networks.strided import Doubling, FromImage, Halving, ToImage

Layer = Halving | Doubling
PRODUCTS: dict[str, tuple[Callable[[], Layer], tuple[int, int, int]]] = {
    "from grey": (lambda: FromImage(1, 16), (1, 16, 16)),
    "from colours": (lambda: FromImage(3, 16), (3, 16, 16)),
    "halving": (lambda: Halving(6, 7), (6, 4, 4)),
    "doubling": (lambda: Doubling(6, 7), (6, 2, 2)),
    "to grey": (lambda: ToImage(6, 1), (6, 8, 8)),
    "to colours": (lambda: ToImage(6, 3), (6, 8, 8)),
}
"""Layers, and the shape of an image's values from which a CPU computes them as products."""


def _library(layer: Layer, values: Tensor) -> Tensor:
    plain = nn.Conv2d if isinstance(layer, Halving) else nn.ConvTranspose2d
    return plain.forward(layer, values)


def _values(lanes: int, *shape: int) -> Tensor:
    return torch.randn(*((lanes,) if lanes else ()), 5, *shape, requires_grad=True)


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def convolution(*_: object) -> None:
        raise ArithmeticError("the library's")

    monkeypatch.setattr(nn.Conv2d, "forward", convolution)
    monkeypatch.setattr(nn.ConvTranspose2d, "forward", convolution)


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("lanes", [0, 2])
def test_products_equal_the_librarys_convolutions(name: str, lanes: int) -> None:
    torch.manual_seed(0)
    make, shape = PRODUCTS[name]
    layer, values = make(), _values(lanes, *shape)
    ours = (torch.vmap(layer) if lanes else layer)(values)
    theirs = _library(layer, values.flatten(0, -4)).view_as(ours)
    torch.testing.assert_close(ours, theirs)
    seen = (values, layer.weight)
    for first, second in zip(
        torch.autograd.grad(ours.square().sum(), seen),
        torch.autograd.grad(theirs.square().sum(), seen),
        strict=True,
    ):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("lanes", [0, 2])
def test_the_library_would_compute_what_is_faster_as_a_product(name: str, lanes: int) -> None:
    make, shape = PRODUCTS[name]
    layer = make()
    (over_lanes(layer, lanes) if lanes else layer)(_values(lanes, *shape))


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize("lanes", [0, 2])
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (FromImage(1, 8), (1, 16, 16)),
        (Halving(6, 7), (6, 8, 8)),
        (Doubling(6, 7), (6, 4, 4)),
    ],
    ids=["a narrow first level", "halving", "doubling"],
)
def test_what_the_library_computes_faster_would_be_a_product(
    layer: Layer, shape: tuple[int, int, int], lanes: int
) -> None:
    with pytest.raises(ArithmeticError, match="the library's"):
        (over_lanes(layer, lanes) if lanes else layer)(_values(lanes, *shape))


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize("name", ["from grey", "halving", "doubling"])
def test_scoring_would_take_products(name: str) -> None:
    make, shape = PRODUCTS[name]
    with torch.no_grad(), pytest.raises(ArithmeticError, match="the library's"):
        make()(_values(0, *shape))


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize("name", ["halving", "doubling"])
def test_deeper_levels_would_be_products_in_bfloat16(name: str) -> None:
    make, shape = PRODUCTS[name]
    with torch.autocast("cpu", torch.bfloat16), pytest.raises(ArithmeticError, match="library's"):
        make()(_values(0, *shape))
