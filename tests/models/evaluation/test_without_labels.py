"""Validation without labelled anomalies: thresholds of normals alone, criteria of noise."""

import numpy as np
import pytest
import torch

from models.detectors.model import Tensors
from models.evaluation import validation
from models.evaluation.label_free import criteria
from models.evaluation.mixture import thresholds_of
from models.evaluation.validation import WithoutLabels, judge, judge_lanes

LABELS = np.arange(120) >= 80
SYNTHETIC = WithoutLabels(synthetic=True)
OWN = ["npd", "rtm", "eag"]


def _parts(count: int, seed: int, shift: float = 0.0) -> Tensors:
    """Three lanes' scores, the last 40 of 120 higher."""
    generator = torch.Generator().manual_seed(seed)
    made = torch.rand(2, 3, count, generator=generator, dtype=torch.float64)
    made[..., 80:] += 0.5
    return {"error": made[0] + shift, "latent": made[1] + shift}


def test_a_threshold_would_be_fitted_on_synthetic_anomalies() -> None:
    parts = _parts(120, 0)
    lanes = [{}, {"score": "latent"}, {"score": "error"}]
    for lane, own in enumerate(judge(parts, LABELS, lanes, SYNTHETIC)):
        assert own is not None
        error, chosen = parts["error"][lane], parts[str(lanes[lane].get("score", "error"))][lane]
        assert own.threshold == pytest.approx(np.quantile(chosen[:80], 0.95))
        assert own.error_threshold == pytest.approx(np.quantile(error[:80], 0.95))
        assert own.metrics["threshold"] == own.threshold
        above = (chosen > own.threshold).numpy()
        assert above[:80].mean() == pytest.approx(0.05)
        assert own.metrics["accuracy"] == pytest.approx((above == LABELS).mean())
        assert own.score_spread == pytest.approx(float(chosen[:80].std(correction=0)))
        assert "auroc/mixture" not in own.metrics


def test_what_ranks_images_would_change_with_the_threshold() -> None:
    parts = _parts(120, 0)
    for ours, labelled in zip(
        judge(parts, LABELS, [{}] * 3, SYNTHETIC), judge(parts, LABELS, [{}] * 3), strict=True
    ):
        assert ours is not None and labelled is not None
        same = ("auroc", "auprc", "auroc/error", "auroc/latent")
        assert [ours.metrics[name] for name in same] == [labelled.metrics[name] for name in same]
        assert ours.threshold != labelled.threshold
    fitted = thresholds_of(parts["error"], torch.from_numpy(LABELS))
    assert judge(parts, LABELS, [{}] * 3)[0].threshold == float(fitted[0])  # type: ignore[union-attr]


def test_a_mixture_would_be_fitted_on_synthetic_labels() -> None:
    judged = judge_lanes(_parts(120, 0), LABELS, [{}, {"score": "mixture"}, {}], SYNTHETIC)
    alone = judge(_parts(120, 0), LABELS, [{}] * 3, SYNTHETIC)
    assert isinstance(judged[1], ValueError)
    assert str(judged[1]) == (
        "score: mixture is fitted on labels, and validation has synthetic anomalies only"
    )
    assert [judged[0], judged[2]] == [alone[0], alone[2]]


@pytest.mark.parametrize("synthetic", [True, False])
def test_criteria_would_be_of_another_score_or_of_anomalies(synthetic: bool) -> None:
    parts, noise = _parts(120, 0), _parts(50, 1, shift=0.4)
    lanes = [{}, {"score": "latent"}, {}]
    judged = judge(parts, LABELS, lanes, WithoutLabels(synthetic=synthetic, noise=noise))
    for name in ("error", "latent"):
        wanted = criteria(parts[name][:, :80], noise[name])
        for lane in [1] if name == "latent" else [0, 2]:
            of_lane = judged[lane]
            assert of_lane is not None and set(wanted) == set(OWN)
            for criterion, values in wanted.items():
                assert of_lane.metrics[criterion] == float(values[lane])


def test_criteria_of_a_mixture_would_be_of_one_of_its_parts() -> None:
    parts, noise = _parts(120, 0), _parts(50, 1, shift=0.4)
    own = judge(parts, LABELS, [{"score": "mixture"}] * 3, WithoutLabels(noise=noise))[1]
    assert own is not None
    scores = [
        own.mixture.score({name: part[1].numpy() for name, part in of.items()})
        for of in (parts, noise)
    ]
    wanted = criteria(torch.from_numpy(scores[0][None, :80]), torch.from_numpy(scores[1][None]))
    assert own.metrics["npd"] == pytest.approx(float(wanted["npd"]))


def test_figures_would_change_where_there_is_noise() -> None:
    parts, lanes = _parts(120, 0), [{}, {"score": "mixture"}, {"score": "latent"}]
    with_noise = judge(parts, LABELS, lanes, WithoutLabels(noise=_parts(50, 1)))
    for ours, labelled in zip(with_noise, judge(parts, LABELS, lanes), strict=True):
        assert ours is not None and labelled is not None
        rest = {name: value for name, value in ours.metrics.items() if name not in OWN}
        assert rest == labelled.metrics
        assert (ours.threshold, ours.mixture) == (labelled.threshold, labelled.mixture)


def test_a_lane_whose_noise_is_not_finite_would_be_ranked() -> None:
    noise = _parts(50, 1)
    noise["error"][1, 3] = torch.nan
    judged = judge(_parts(120, 0), LABELS, [{}] * 3, WithoutLabels(noise=noise))
    alone = judge(_parts(120, 0), LABELS, [{}] * 3, WithoutLabels(noise=_parts(50, 1)))
    assert judged == [alone[0], None, alone[2]]


def test_a_lane_whose_criteria_raise_would_fail_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    parts, noise = _parts(120, 0), _parts(50, 1)
    alone = judge(parts, LABELS, [{}] * 3, WithoutLabels(noise=noise))

    def moody(normal: torch.Tensor, of_noise: torch.Tensor) -> Tensors:
        if (of_noise == noise["error"][1]).all(1).any():
            raise ArithmeticError("no criterion today")
        return criteria(normal, of_noise)

    monkeypatch.setattr(validation, "criteria", moody)
    judged = judge_lanes(parts, LABELS, [{}] * 3, WithoutLabels(noise=noise))
    assert str(judged[1]) == "no criterion today"
    assert [judged[0], judged[2]] == [alone[0], alone[2]]
