import subprocess
import sys

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.evaluation.criteria_names import CRITERIA, MEANINGS
from models.evaluation.label_free import criteria

Numbers = NDArray[np.float64]


def _scores(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def _slow_npd(normal: Numbers, noise: Numbers) -> float:
    gap = noise.mean() - normal.mean()
    return float(np.sign(gap) * gap**2 / (2 * (noise.var() + normal.var())))


def _slow_rtm(normal: Numbers) -> float:
    fifth = np.sort(normal)[::-1][: int(np.ceil(round(0.05 * len(normal), 9)))]
    top = normal[normal >= fifth.min()]
    return float((top.mean() - np.median(normal)) / abs(np.median(normal)))


def _slow_eag(normal: Numbers) -> float:
    """The integral, by many thresholds evenly spaced over the highest fifth of the range."""
    ordered = np.sort(normal)
    start = ordered[int(np.ceil(round(0.8 * len(normal), 9))) - 1]
    thresholds = start + (ordered[-1] - start) * (np.arange(4000) + 0.5) / 4000
    gaps = []
    for threshold in thresholds:
        below, above = normal[normal < threshold], normal[normal >= threshold]
        share = len(below) / len(normal)
        between = share * (1 - share) * (below.mean() - above.mean()) ** 2
        gaps.append(between / (share * below.var() + (1 - share) * above.var()))
    return float(np.mean(gaps))


@pytest.mark.parametrize("count", [5, 20, 37, 100])
def test_a_criterion_would_not_be_its_definition(count: int) -> None:
    generator = np.random.default_rng(count)
    normal, noise = generator.gamma(2.0, size=(3, count)), generator.normal(4, 1, (3, 11))
    normal[1] = normal[1].round()  # many equal scores
    normal[1, :2] = [0, 9]
    found = criteria(torch.from_numpy(normal), torch.from_numpy(noise))
    for lane in range(3):
        assert found["npd"][lane] == pytest.approx(_slow_npd(normal[lane], noise[lane]), rel=1e-4)
        assert found["rtm"][lane] == pytest.approx(_slow_rtm(normal[lane]), rel=1e-4)
        assert found["eag"][lane] == pytest.approx(_slow_eag(normal[lane]), rel=2e-3)


def test_a_figure_would_not_be_what_is_counted_by_hand() -> None:
    found = criteria(_scores([1.0, 3.0, 2.0, 2.0, 7.0]), _scores([6.0, 8.0]))
    # Means 3 and 7; variances (4 + 0 + 1 + 1 + 16) / 5 and 1.
    assert found["npd"].item() == pytest.approx(16 / (2 * (4.4 + 1)), rel=1e-4)
    assert found["rtm"].item() == pytest.approx((7 - 2) / 2, rel=1e-4)
    # One cut, of 4 from 1: shares 0.8 and 0.2, means 2 and 7, variances 0.5 and 0.
    assert found["eag"].item() == pytest.approx(0.8 * 0.2 * 25 / (0.8 * 0.5), rel=1e-4)


def test_a_better_detector_would_get_less() -> None:
    normal = torch.rand(2, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    normal[1, :5] += 3  # a few far above the rest
    found = criteria(normal, normal[:, :50] + _scores([0.2], [9.0]))
    assert all(found[name][1] > found[name][0] for name in CRITERIA)


def test_noise_that_passes_for_normal_would_count_as_well_told_apart() -> None:
    normal = torch.linspace(0, 1, 50, dtype=torch.float64)[None]
    above, below = (criteria(normal, normal + shift)["npd"] for shift in (2.0, -2.0))
    assert above > 0
    assert below.item() == pytest.approx(-above.item())


@pytest.mark.parametrize("factor", [1e-9, 3.0, 1e6])
@pytest.mark.parametrize("shift", [0.0, -40.0])
def test_the_unit_of_a_score_would_matter(factor: float, shift: float) -> None:
    generator = torch.Generator().manual_seed(1)
    normal, noise = (torch.rand(4, count, generator=generator).double() + 1 for count in (60, 40))
    before = criteria(normal, noise)
    after = criteria((normal + shift) * factor, (noise + shift) * factor)
    for name in CRITERIA if shift == 0 else ("npd", "eag"):
        torch.testing.assert_close(after[name], before[name], rtol=1e-6, atol=1e-9)


def test_negative_scores_would_turn_the_order_round() -> None:
    normal = _scores([-3.0, -2.0, -2.0, -1.9], [-3.0, -2.0, -2.0, 5.0])
    found = criteria(normal, normal)["rtm"]
    assert found.tolist() == pytest.approx([0.1 / 2, 7 / 2], rel=1e-4)


def test_a_lane_would_touch_another() -> None:
    generator = torch.Generator().manual_seed(2)
    normal, noise = (torch.rand(5, n, generator=generator, dtype=torch.float64) for n in (30, 9))
    together = criteria(normal, noise)
    sick = normal.clone()
    sick[0, 0], sick[1] = torch.nan, 0.1  # a score that is none; all the same
    beside = criteria(sick, noise.where(torch.arange(5)[:, None] != 2, torch.inf))
    for name in CRITERIA:
        assert together[name].shape == (5,)
        assert torch.equal(together[name][3:], criteria(normal[3:], noise[3:])[name])
        assert torch.equal(together[name][3:], beside[name][3:])
        assert beside[name].isnan().tolist() == [True, False, True, False, False]


def test_scores_without_spread_would_win() -> None:
    same = torch.full((1, 30), 0.1, dtype=torch.float64)
    assert [criteria(same, same[:, :7])[name].item() for name in CRITERIA] == [0, 0, 0]
    apart = criteria(same, same + 1)["npd"]
    assert 1000 < apart.item() <= 1e6


def test_the_order_of_scores_would_matter() -> None:
    normal = torch.rand(2, 50, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    before, after = criteria(normal, normal + 1), criteria(normal.flip(1), normal + 1)
    for name in CRITERIA:
        torch.testing.assert_close(after[name], before[name])


@pytest.mark.parametrize(("normals", "noises"), [(1, 5), (5, 0)])
def test_too_few_scores_would_be_judged(normals: int, noises: int) -> None:
    with pytest.raises(ValueError, match=f"given are {normals} and {noises}"):
        criteria(torch.zeros(2, normals).double(), torch.zeros(2, noises).double())


def test_a_criterion_would_have_no_name_or_a_name_no_criterion() -> None:
    assert set(criteria(_scores([1.0, 2.0]), _scores([3.0]))) == set(CRITERIA) == set(MEANINGS)


def test_the_names_would_wait_for_torch() -> None:
    code = "import sys, models.evaluation.criteria_names; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
