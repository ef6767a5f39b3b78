"""Whether to use the model that a retrain leaves."""

from typing import Any

import pytest

from tuner.figures.advice import advice


def block(detector: str, auroc: float, label: str = "") -> dict[str, Any]:
    return {
        "label": label or detector,
        "detector": detector,
        "test": {"auroc": {"mean": auroc, "std": None}},
    }


def report(**ahead: tuple[float, float, float]) -> dict[str, Any]:
    """Of a GAN with 0.9; `ahead` is its lead over each contender, and the ends of the interval."""
    counts = {
        "true_negatives": 95,
        "false_positives": 5,
        "false_negatives": 30,
        "true_positives": 70,
    }
    best = block("gan", 0.9)
    best["test"]["confusion"] = {"seeds": [counts]}
    others = {
        key: block("gan" if key == "own" else key, 0.9 - lead)
        for key, (lead, _, _) in ahead.items()
    }
    return {
        **best,
        "baselines": others,
        "ahead": {
            key: {"auroc": lead, "ci95": [low, high]} for key, (lead, low, high) in ahead.items()
        },
        "configuration": {"seeds": [1]},
    }


def test_a_model_that_pca_beats_would_be_offered_for_use() -> None:
    found = advice(report(pca=(-0.05, -0.08, -0.02)))
    assert found.sentence.startswith("Do not use this model: PCA, a trivial baseline that trains")
    assert "by 0.0500 of AUROC" in found.sentence
    assert found.instead == "pca"


def test_a_model_that_is_not_shown_to_be_better_than_pca_would_be_offered_without_a_word() -> None:
    found = advice(report(pca=(0.01, -0.01, 0.03)))
    assert found.sentence.startswith("This model is not shown to be better than PCA")
    assert found.instead == "", "it can be scored with all the same"


def test_a_weaker_baseline_would_be_advised_than_the_strongest_that_beats_it() -> None:
    found = advice(report(pca=(-0.01, -0.02, -0.005), autoencoder=(-0.05, -0.06, -0.04)))
    assert "autoencoder is better" in found.sentence
    assert found.instead == "autoencoder"


@pytest.mark.parametrize(("other", "said"), [("own", "own defaults"), ("random", "random scores")])
def test_a_search_that_found_nothing_would_be_told_to_take_random_scores(
    other: str, said: str
) -> None:
    found = advice(report(pca=(0.1, 0.05, 0.15), **{other: (-0.05, -0.06, -0.04)}))
    assert said in found.sentence
    assert found.instead == "best"  # the search has to find a better one


def test_a_good_model_would_be_kept_back_or_its_errors_hidden() -> None:
    found = advice(report(pca=(0.1, 0.05, 0.15), random=(0.4, 0.3, 0.5)))
    assert found.instead == ""
    assert "misses 30.0% of anomalies and flags 5.0% of normal images" in found.sentence


def test_a_model_without_a_baseline_would_pass_for_one_that_beats_it() -> None:
    found = advice(report())
    assert found.instead == ""
    assert found.sentence.endswith("No simpler detector was tested beside it in this retrain.")


def test_what_stands_in_the_table_would_be_called_not_tested() -> None:
    leads = {"random": (0.4, 0.3, 0.5), "autoencoder": (0.1, 0.05, 0.15)}
    found = advice(report(**leads)).sentence
    assert found.endswith(
        "Nothing tested beside it (random; autoencoder) is shown to be better; PCA was not among "
        "them."
    )
    of_pca = report(**leads) | {"detector": "pca"}
    assert advice(of_pca).sentence.endswith("(random; autoencoder) is shown to be better.")


def test_a_short_baseline_would_be_searched_under_its_label() -> None:
    beaten = report(autoencoder=(-0.05, -0.06, -0.04))
    beaten["baselines"]["autoencoder"]["label"] = "autoencoder (1 epoch)"
    found = advice(beaten)
    assert "autoencoder (1 epoch) is better" in found.sentence
    assert found.sentence.endswith("Search autoencoder instead.")


def test_a_threshold_that_flags_everything_would_be_offered_for_use() -> None:
    figures = report()
    counts = {
        "true_negatives": 36,
        "false_positives": 64,
        "false_negatives": 5,
        "true_positives": 95,
    }
    figures["test"]["confusion"] = {"seeds": [counts]}
    figures["test"]["miss_rate_at_5"] = {"mean": 0.125}
    found = advice(figures).sentence
    assert found.startswith("Do not use this model's own threshold: it misses 5.0% of anomalies")
    assert "flags 64.0% of normal images with it. Its scores may still serve" in found
    assert "One that flags 5% of the normal test images misses 12.5% of anomalies." in found
    figures["test"]["confusion"] = {"seeds": [{**counts, "false_positives": 36}]}
    assert advice(figures).sentence.startswith("Use this model if you can live with its errors")
