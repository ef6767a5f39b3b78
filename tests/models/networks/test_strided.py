from typing import Literal

import pytest
import torch
from torch import nn

from models.lanes.stack import over_lanes
from models.lanes.step_graph import captured
from models.networks.layer_ways import Way
from models.networks.strided import FromImage, LayerShape, ToImage, layers_met
from models.probes.layer_probe import Conditions, training_of
from tests.models.conftest import needs_gpu, on_every_device

SHAPES = (
    LayerShape(layer="FromImage", count=5, channels=1, width=6, side=16),
    LayerShape(layer="Halving", count=5, channels=6, width=7, side=8),
    LayerShape(layer="Doubling", count=5, channels=6, width=7, side=8),
    LayerShape(layer="ToImage", count=5, channels=6, width=3, side=8),
)


@pytest.fixture
def conditions(device: str) -> Conditions:
    return Conditions(lanes=3, device=torch.device(device), precision="float32")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("lanes", [0, 2])
def test_edge_convolutions_equal_the_librarys(channels: int, lanes: int) -> None:
    torch.manual_seed(0)
    for edge, plain, shape in (
        (FromImage(channels, 16), nn.Conv2d.forward, (channels, 16, 16)),
        (ToImage(6, channels), nn.ConvTranspose2d.forward, (6, 8, 8)),
    ):
        values = torch.randn(*((lanes,) if lanes else ()), 5, *shape, requires_grad=True)
        run = torch.vmap(edge) if lanes else edge
        ours = run(values)
        theirs = plain(edge, values.flatten(0, -4)).view_as(ours)
        torch.testing.assert_close(ours, theirs)
        seen = (values, edge.weight)
        for first, second in zip(
            torch.autograd.grad(ours.square().sum(), seen),
            torch.autograd.grad(theirs.square().sum(), seen),
            strict=True,
        ):
            torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)


@on_every_device
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_layers_two_ways_would_differ_in_lanes(
    shape: LayerShape, conditions: Conditions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In what they give, and in the gradients of weights and values."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    given = []
    for way in ("library", "product"):
        torch.manual_seed(0)
        given.append(training_of(shape, way, conditions)())
    for library, product in zip(*given, strict=True):
        assert library.shape[0] == 3
        torch.testing.assert_close(library, product, rtol=1e-4, atol=1e-4)


@on_every_device
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("way", ["library", "product"])
def test_a_layer_would_not_be_computed_as_was_measured(
    shape: LayerShape, way: Way, conditions: Conditions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def convolution(*_: object) -> None:
        raise ArithmeticError("the library's")

    work = training_of(shape, way, conditions)
    monkeypatch.setattr(nn.Conv2d, "forward", convolution)
    monkeypatch.setattr(nn.ConvTranspose2d, "forward", convolution)
    if way == "product":
        work()
    else:
        with pytest.raises(ArithmeticError):
            work()


def test_a_layer_would_be_taken_for_another_shape(conditions: Conditions) -> None:
    with layers_met() as met:
        for shape in SHAPES:
            training_of(shape, "library", conditions)()
    assert met == set(SHAPES)
    assert len({str(shape) for shape in SHAPES}) == len(SHAPES)


@needs_gpu
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("way", ["library", "product"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_gpu_would_not_record_a_layer_and_time_its_start_instead(
    shape: LayerShape, way: Way, precision: Literal["float32", "bfloat16"]
) -> None:
    conditions = Conditions(lanes=3, device=torch.device("cuda"), precision=precision)
    training = training_of(shape, way, conditions)

    def work() -> None:
        training()

    assert captured(work, [], conditions.device, conditions.pool) is not None


@pytest.mark.parametrize("lanes", [0, 2])
@pytest.mark.parametrize(("width", "by_library"), [(8, True), (16, False)])
def test_the_slower_way_would_be_taken_of_the_first_level(
    lanes: int, width: int, by_library: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def convolution(*_: object) -> None:
        raise ArithmeticError("the library's")

    monkeypatch.setattr(nn.Conv2d, "forward", convolution)
    layer, images = FromImage(1, width), torch.randn(*((lanes,) if lanes else ()), 5, 1, 16, 16)
    run = over_lanes(layer, lanes) if lanes else layer
    if by_library:
        with pytest.raises(ArithmeticError):
            run(images)
    else:
        run(images)
