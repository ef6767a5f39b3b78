import pytest
import torch
from torch import nn

from models.detectors.convolutional import FromImage, ToImage


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("lanes", [0, 2])
def test_edge_convolutions_equal_the_librarys(channels: int, lanes: int) -> None:
    torch.manual_seed(0)
    for edge, plain, shape in (
        (FromImage(channels, 6), nn.Conv2d.forward, (channels, 16, 16)),
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
