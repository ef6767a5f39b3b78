import torch

from models.lanes.adam import LaneAdam


def test_each_lane_moves_as_torchs_adam_would() -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(3, 50, generator=generator)
    rates, betas = [1e-3, 1e-2, 5e-4], [0.5, 0.9, 0.0]
    gradients = [torch.randn(3, 50, generator=generator) for _ in range(7)]

    rows = start.clone()
    ours = LaneAdam(rows)
    for gradient in gradients:
        ours.step(rows, gradient, torch.tensor(rates)[:, None], torch.tensor(betas)[:, None])

    for lane in range(3):
        theirs = torch.nn.Parameter(start[lane].clone())
        adam = torch.optim.Adam([theirs], rates[lane], (betas[lane], 0.999))
        for gradient in gradients:
            theirs.grad = gradient[lane]
            adam.step()
        torch.testing.assert_close(rows[lane], theirs.data, rtol=1e-5, atol=1e-6)


def test_reset_forgets_one_lane_only() -> None:
    rows = torch.zeros(2, 4)
    adam = LaneAdam(rows)
    adam.step(rows, torch.ones(2, 4), torch.full((2, 1), 0.1), torch.full((2, 1), 0.5))
    adam.reset(0)
    assert adam.steps.flatten().tolist() == [0, 1]
    assert not adam.first_moment[0].any() and adam.first_moment[1].all()
