"""The flow's densities against autograd's Jacobian, and against what a density is."""

import torch

from models.detectors.model import Tensors
from models.networks.coupling import AffineCoupling, CouplingFlow


def _flow(values: int, couplings: int = 4) -> CouplingFlow:
    """A flow that is not the identity, of numbers that are not standardised."""
    torch.manual_seed(0)
    flow = CouplingFlow(values, couplings, 8)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        flow.centre.copy_(torch.linspace(-1, 1, values))
        flow.spread.copy_(torch.linspace(0.5, 2, values))
    return flow


def test_determinants_would_not_be_those_of_autograds_jacobian() -> None:
    flow, vectors = _flow(6), torch.randn(5, 6)
    _, determinants = flow.transform(vectors)
    for vector, determinant in zip(vectors, determinants, strict=True):
        jacobian = torch.func.jacrev(lambda one: flow.transform(one[None])[0][0])(vector)
        _, expected = torch.linalg.slogdet(jacobian)
        torch.testing.assert_close(determinant, expected, rtol=1e-4, atol=1e-4)


def test_a_density_would_not_add_up_to_one() -> None:
    flow = _flow(2)
    side, step = 600, 0.05
    axis = (torch.arange(side) - side / 2) * step
    plane = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        mass = flow(plane).double().exp().sum() * step**2
    torch.testing.assert_close(mass.item(), 1.0, rtol=0.01, atol=0)


def test_a_new_flow_would_not_be_the_standard_normal_distribution() -> None:
    vectors = torch.randn(7, 5)
    expected = torch.distributions.Normal(0, 1).log_prob(vectors).sum(1)
    torch.testing.assert_close(CouplingFlow(5, 4, 8)(vectors), expected)


def test_standardising_would_leave_its_mark_out_of_the_density() -> None:
    flow = CouplingFlow(3, 2, 8)
    flow.centre.copy_(torch.tensor([1.0, -2.0, 0.0]))
    flow.spread.copy_(torch.tensor([0.5, 3.0, 1.0]))
    vectors = torch.randn(7, 3)
    expected = torch.distributions.Normal(flow.centre, flow.spread).log_prob(vectors).sum(1)
    torch.testing.assert_close(flow(vectors), expected)


def test_some_numbers_would_never_be_moved() -> None:
    kept = [coupling.kept for coupling in CouplingFlow(9, 6, 8).couplings]
    for first, second in zip(kept[::2], kept[1::2], strict=True):
        assert torch.equal(first + second, torch.ones(9)) and first.sum() == 4
    assert not torch.equal(kept[0], kept[2])
    assert len(CouplingFlow(9, 5, 8).couplings) == 5


def test_kept_numbers_would_be_changed_or_seen_by_none() -> None:
    coupling = AffineCoupling(torch.tensor([1.0, 0, 1, 0]), 8)
    with torch.no_grad():
        for parameter in coupling.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    jacobian = torch.func.jacrev(lambda one: coupling(one[None])[0][0])(torch.randn(4))
    assert torch.equal(jacobian[[0, 2]], torch.eye(4)[[0, 2]])
    assert jacobian[1, 3] == 0 and jacobian[3, 1] == 0
    assert (jacobian[[1, 3]][:, [0, 2]] != 0).all()


def test_a_coupling_would_stretch_without_bound() -> None:
    coupling = AffineCoupling(torch.tensor([1.0, 0]), 8)
    with torch.no_grad():
        coupling.network.layers[-1].bias.fill_(1e4)
    _, determinant = coupling(torch.zeros(1, 2))
    assert determinant.item() == 2


def test_lanes_would_not_have_densities_of_their_own() -> None:
    flows = [_flow(6), _flow(6, couplings=4)]
    with torch.no_grad():
        for parameter in flows[1].parameters():
            parameter.mul_(-1)
        flows[1].couplings[0].kept.copy_(1 - flows[1].couplings[0].kept)
    vectors = torch.randn(2, 5, 6)
    parameters, buffers = torch.func.stack_module_state(flows)

    def one(parameters: Tensors, buffers: Tensors, vectors: torch.Tensor) -> torch.Tensor:
        densities: torch.Tensor = torch.func.functional_call(
            flows[0], (parameters, buffers), vectors
        )
        return densities

    mapped = torch.vmap(one)(parameters, buffers, vectors)
    alone = torch.stack([flow(of) for flow, of in zip(flows, vectors, strict=True)])
    torch.testing.assert_close(mapped, alone)
