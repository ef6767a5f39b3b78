import torch
from torch import nn

from models.lanes.stack import NetworkStack, over_lanes
from models.networks.mapped import in_lanes


def _network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 5, 4), nn.BatchNorm2d(5), nn.ConvTranspose2d(5, 2, 3))


def test_views_are_the_parameters_they_were_made_of() -> None:
    networks = [_network(), _network()]
    states = [network.state_dict() for network in networks]
    stack = NetworkStack(networks, torch.device("cpu"))
    for lane, state in enumerate(states):
        tensors = stack.tensors(lane)
        assert set(tensors) == set(state)
        for name, tensor in state.items():
            assert torch.equal(tensors[name], tensor), name


def test_views_are_channels_last_and_share_memory_with_the_rows() -> None:
    stack = NetworkStack([_network()], torch.device("cpu"))
    weight = stack.views()["0.weight"][0]
    assert weight.is_contiguous(memory_format=torch.channels_last)
    stack.rows.zero_()
    assert not weight.any()


def test_load_replaces_one_lane_and_leaves_the_other() -> None:
    networks, new = [_network(), _network()], _network()
    kept = {name: tensor.clone() for name, tensor in networks[1].state_dict().items()}
    stack = NetworkStack(networks, torch.device("cpu"))
    stack.load(0, new.state_dict())
    for name, tensor in new.state_dict().items():
        assert torch.equal(stack.tensors(0)[name], tensor), name
        assert torch.equal(stack.tensors(1)[name], kept[name]), name


def test_one_lane_is_called_without_vmap_and_keeps_its_axis() -> None:
    def function(values: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        assert values["a"].shape == (4,)
        return {"sum": values["a"].sum()}

    assert over_lanes(function, 1)({"a": torch.ones(1, 4)})["sum"].shape == (1,)
    assert over_lanes(function, 3)({"a": torch.ones(3, 4)})["sum"].tolist() == [4.0, 4.0, 4.0]


def test_code_knows_whether_it_runs_for_several_lanes() -> None:
    def function(value: torch.Tensor) -> torch.Tensor:
        return value + float(in_lanes())

    assert over_lanes(function, 1)(torch.zeros(1)).tolist() == [0.0]
    assert over_lanes(function, 2)(torch.zeros(2)).tolist() == [1.0, 1.0]
    assert not in_lanes()
