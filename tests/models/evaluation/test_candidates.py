"""The candidate of a score that suits validation best, judged on what it has not seen."""

import numpy as np
import pytest
import torch
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.candidates import ChosenScore, chosen_score
from models.evaluation.mixture import Mixture, folds
from models.evaluation.validation import WithoutLabels, judge, judge_lanes
from models.scores import Candidates, Scores, blends, one_of

LABELS = torch.arange(400) % 4 == 0


def _parts(seed: int = 0, /, **signals: float) -> tuple[list[str], Tensor]:
    """Parts [P, N] that lie so many standard deviations higher for anomalies."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(len(signals), len(LABELS), generator=generator, dtype=torch.float64)
    return list(signals), noise + torch.tensor(list(signals.values()))[:, None] * LABELS


def _auroc(scores: Tensor, labels: Tensor = LABELS) -> float:
    return metrics.auroc(labels.numpy(), scores.numpy())


def _chosen(candidates: Candidates, names: list[str], parts: Tensor) -> ChosenScore:
    return chosen_score(names, parts, LABELS, candidates)


def test_another_candidate_than_the_best_would_be_chosen() -> None:
    names, parts = _parts(weak=0.5, good=3.0, none=0.0)
    chosen = _chosen(one_of("weak", "good", "none"), names, parts)
    assert chosen.mixture == Mixture(weights={"good": 1.0}, offset=0.0)
    assert torch.equal(chosen.scores, parts[1])


def test_the_first_of_equals_would_not_be_taken() -> None:
    names, parts = _parts(a=1.0)
    candidates = ({"a": 1.0}, {"a": 2.0}, {"a": 0.5})
    assert _chosen(candidates, names, parts).mixture.weights == {"a": 1.0}


def test_a_blend_would_not_be_found_between_its_ends() -> None:
    """Two parts that know as much and nothing of each other: their mean knows most."""
    names, parts = _parts(a=1.5, b=1.5)
    chosen = _chosen(blends("a", "b"), names, parts)
    weights = chosen.mixture.weights
    assert weights["a"] + weights["b"] == pytest.approx(1) and 0.3 <= weights["a"] <= 0.7
    assert _auroc(chosen.scores) > max(_auroc(parts[0]), _auroc(parts[1]))


def test_the_mixture_would_score_other_images_otherwise_than_these() -> None:
    names, parts = _parts(a=1.5, b=0.5)
    chosen = _chosen(blends("a", "b"), names, parts)
    by_name = {name: part.numpy() for name, part in zip(names, parts, strict=True)}
    np.testing.assert_allclose(chosen.mixture.score(by_name), chosen.scores)


def test_a_choice_would_be_judged_on_the_images_that_it_was_made_by() -> None:
    """The best of sixty parts of noise looks good where it was chosen, and is none the better."""
    names, parts = _parts(0, **{f"part {number}": 0.0 for number in range(60)})
    chosen = _chosen(one_of(*names), names, parts)
    assert _auroc(chosen.scores) > 0.56
    # 4 standard deviations of the AUROC of noise with 100 and 300 images
    assert abs(_auroc(chosen.held_out) - 0.5) < 0.135


def test_judged_choices_of_noise_would_be_better_than_chance_on_the_whole() -> None:
    of_each = []
    for seed in range(12):
        names, parts = _parts(seed, **{f"part {number}": 0.0 for number in range(20)})
        of_each.append(_auroc(_chosen(one_of(*names), names, parts).held_out))
    assert abs(float(np.mean(of_each)) - 0.5) < 0.045


def test_a_fold_would_have_a_say_in_its_own_choice() -> None:
    """Its labels turned around change its own images' scores by the scale alone."""
    names, parts = _parts(a=1.0, b=0.9, c=0.0)
    fold_of = torch.from_numpy(folds(LABELS.numpy()))
    own = fold_of == 2
    turned = parts.clone()
    turned[0, own] -= 40.0 * LABELS[own]  # there `a` now says the opposite
    before, after = (_chosen(one_of(*names), names, each) for each in (parts, turned))
    assert before.mixture.weights == {"a": 1.0} and after.mixture.weights == {"b": 1.0}
    found = np.corrcoef(after.held_out[own].numpy(), turned[0, own].numpy())[0, 1]
    assert found == pytest.approx(1.0)
    others = ~own
    found = np.corrcoef(after.held_out[others].numpy(), turned[1, others].numpy())[0, 1]
    assert found > 0.99


def test_scores_of_unlike_candidates_would_not_compare_over_the_folds() -> None:
    """Parts of other sizes, of which now one is chosen and now another."""
    names, parts = _parts(a=1.2, b=1.2)
    parts[1] = 1000 * parts[1] + 5000
    chosen = _chosen(one_of("a", "b"), names, parts)
    assert _auroc(chosen.held_out) == pytest.approx(_auroc(chosen.scores), abs=0.03)
    best = parts[names.index(next(iter(chosen.mixture.weights)))]
    normals = chosen.held_out[~LABELS]
    assert normals.mean().item() == pytest.approx(best[~LABELS].mean().item(), rel=0.05, abs=0.1)
    assert normals.std().item() == pytest.approx(best[~LABELS].std().item(), rel=0.05)


def test_one_candidate_would_be_changed_by_being_judged() -> None:
    names, parts = _parts(a=1.0, b=0.5)
    chosen = _chosen(({"a": 0.5, "b": 2.0},), names, parts)
    assert torch.equal(chosen.scores, 0.5 * parts[0] + 2.0 * parts[1])
    assert torch.equal(chosen.held_out, chosen.scores)


def test_blends_would_not_go_from_one_part_to_the_other() -> None:
    shares = blends("a", "b", steps=4)
    assert [weights["a"] for weights in shares] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert all(weights["a"] + weights["b"] == 1 for weights in shares)
    assert one_of("a", "b") == ({"a": 1.0}, {"b": 1.0})


SCORES: Scores = {"blend": blends("a", "b"), "sum": ({"a": 1.0, "b": 1.0},)}


def _lanes(*signals: tuple[float, float]) -> dict[str, Tensor]:
    rows = [_parts(seed, a=a, b=b)[1] for seed, (a, b) in enumerate(signals)]
    return {name: torch.stack([row[place] for row in rows]) for place, name in enumerate("ab")}


def test_each_lane_would_not_have_a_choice_of_its_own() -> None:
    parts = _lanes((2.0, 0.0), (0.0, 2.0), (1.0, 1.0))
    lanes = [{"score": "blend"}, {"score": "blend"}, {"score": "sum"}]
    first, second, third = judge(parts, LABELS.numpy(), lanes, scores=SCORES)
    assert first is not None and second is not None and third is not None
    assert first.mixture.weights["a"] > 0.7 and second.mixture.weights["b"] > 0.7
    assert third.mixture.weights == {"a": 1.0, "b": 1.0}
    for lane, own in enumerate((first, second, third)):
        alone = {name: part[lane : lane + 1] for name, part in parts.items()}
        (found,) = judge(alone, LABELS.numpy(), [lanes[lane]], scores=SCORES)
        assert found is not None and found.mixture == own.mixture
        assert found.metrics == pytest.approx(own.metrics)
        assert own.metrics["auroc"] == own.metrics[f"auroc/{lanes[lane]['score']}"]


def test_a_threshold_would_be_of_the_held_out_scores() -> None:
    parts = _lanes((2.0, 1.0))
    (own,) = judge(parts, LABELS.numpy(), [{"score": "blend"}], scores=SCORES)
    assert own is not None
    score = own.mixture.score({name: part[0].numpy() for name, part in parts.items()})
    above = score > own.threshold
    assert ((above == LABELS.numpy()).mean()) > 0.85
    assert own.score_spread == pytest.approx(score[~LABELS.numpy()].std())


def test_scores_of_parts_that_a_stage_lacks_would_fail_it() -> None:
    parts = {"a": _lanes((1.0, 1.0))["a"]}
    (own,) = judge(parts, LABELS.numpy(), [{}], scores=SCORES)
    assert own is not None and "auroc/blend" not in own.metrics
    (problem,) = judge_lanes(parts, LABELS.numpy(), [{"score": "blend"}], scores=SCORES)
    assert "unknown score 'blend'; allowed: a" in str(problem)


def test_a_part_that_is_all_the_same_would_cost_the_lane_or_a_score_that_is_would_count() -> None:
    parts = _lanes((1.0, 1.0), (1.0, 1.0), (1.0, 1.0))
    parts["b"][1:] = 3.0
    parts["a"][2] = 3.0
    judged = judge(parts, LABELS.numpy(), [{"score": "blend"}] * 3, scores=SCORES)
    assert judged[0] is not None and judged[1] is not None
    assert judged[1].mixture.weights["a"] > 0 and judged[2] is None


def test_a_choice_without_labels_would_be_refused() -> None:
    """Synthetic anomalies may rank candidates, as they rank trials; thresholds are of normals."""
    parts = _lanes((2.0, 1.0))
    lanes = [{"score": "blend"}]
    (own,) = judge(parts, LABELS.numpy(), lanes, WithoutLabels(synthetic=True), SCORES)
    assert own is not None and own.mixture.weights["a"] > 0.4
