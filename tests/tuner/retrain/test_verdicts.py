"""The sentences that say whether the best is worth it."""

from typing import Any

import pytest

from tuner.figures.verdicts import MOST_KINDS, kind_lines, luck_sentence, verdict_lines


def figure(mean: float) -> dict[str, Any]:
    return {"mean": mean, "std": None}


def report(pca: tuple[float, list[float]], published: tuple[float, list[float]]) -> dict[str, Any]:
    def ahead(of: tuple[float, list[float]]) -> dict[str, Any]:
        return {"auroc": of[0], "ci95": of[1]}

    others = {
        "defaults": {"label": "published defaults W2", "test": {"auroc": figure(0.8)}},
        "baselines": {"pca": {"label": "pca", "test": {"auroc": figure(0.875)}}},
    }
    contenders = {"best": {"hyperparameters": {"rate": 1}}, "defaults": {"hyperparameters": {}}}
    return {
        "label": "the gan",
        "detector": "gan",
        "test": {"auroc": figure(0.9)},
        "ahead": {"pca": ahead(pca), "defaults": ahead(published)},
        "configuration": {"contenders": contenders, "data": {"dataset": "folder"}},
        **others,
    }


def text_of(metrics: dict[str, Any]) -> str:
    return " ".join(verdict_lines(metrics))


def test_a_lead_that_chance_explains_would_be_called_a_gain() -> None:
    text = text_of(report((0.025, [-0.001, 0.05]), (0.1, [0.0, 0.2])))
    assert "PCA, which trains nothing, reaches 0.8750" in text
    assert "the gan is not shown to be ahead of it: +0.0250 (95% interval -0.0010" in text
    assert "worth" not in text
    assert "No gain shown over published defaults W2: +0.1000" in text
    assert "is ahead" not in text


def test_a_detector_that_is_behind_would_only_not_be_ahead() -> None:
    text = text_of(report((-0.1, [-0.2, -0.01]), (0.1, [0.0, 0.2])))
    assert "the gan is behind it by 0.1000 (95% interval -0.2000" in text
    assert "not worth its compute" in text


def test_a_gain_would_be_denied_or_its_size_kept_back() -> None:
    text = text_of(report((0.025, [0.001, 0.05]), (0.1, [0.02, 0.2])))
    assert "the gan is ahead of PCA by 0.0250 (95% interval +0.0010 to +0.0500" in text
    assert "the gan is ahead of published defaults W2 by 0.1000 (95% interval +0.0200" in text
    assert "worth" not in text and "No gain" not in text


def test_a_gain_of_validation_that_is_gone_on_test_would_not_be_said_to_be_gone() -> None:
    lost = report((0.1, [0.1, 0.1]), (-0.0004, [-0.002, 0.001])) | {"claimed_gain": 0.001}
    text = text_of(lost)
    assert "No gain shown over published defaults W2: -0.0004 (95% interval -0.0020" in text
    assert "The gain of +0.0010 that the search saw on validation is gone on test." in text
    left = report((0.1, [0.1, 0.1]), (0.0004, [-0.001, 0.002])) | {"claimed_gain": 0.001}
    assert "saw on validation is not shown on test" in text_of(left)
    assert "gone" not in text_of(left)


def test_a_gain_that_is_shown_or_was_never_claimed_would_be_said_to_be_gone() -> None:
    shown = report((0.1, [0.1, 0.1]), (0.1, [0.02, 0.2])) | {"claimed_gain": 0.001}
    never = report((0.1, [0.1, 0.1]), (-0.1, [-0.2, 0.1]))
    for metrics in (shown, never, never | {"claimed_gain": 0.0}):
        assert "that the search saw" not in text_of(metrics)


def test_a_loss_would_be_a_gain_that_is_not_shown() -> None:
    text = text_of(report((0.1, [0.1, 0.1]), (-0.1, [-0.2, -0.01])) | {"claimed_gain": 0.01})
    assert "the gan is behind published defaults W2 by 0.1000 (95% interval -0.2000" in text
    assert "is gone on test" in text and "No gain" not in text


def test_seeds_that_had_a_part_in_the_choice_would_be_called_fresh() -> None:
    metrics = report((0.1, [0.1, 0.1]), (0.1, [0.02, 0.2]))
    assert "had a part in choosing" not in luck_sentence(metrics)
    assert "had a part in choosing" in luck_sentence(metrics | {"chosen_among": {}})


def test_a_published_set_that_won_would_be_compared_with_itself() -> None:
    metrics = report((0.0, [0, 0]), (0.0, [0, 0]))
    metrics["configuration"]["contenders"]["defaults"] = {"hyperparameters": {"rate": 1}}
    assert "published defaults W2: the best found is that set itself" in text_of(metrics)


def test_a_mixture_that_has_seen_labels_would_be_compared_with_scores_that_have_not() -> None:
    metrics = report((0.1, [0.1, 0.1]), (0.1, [0.1, 0.1]))
    assert "mixture" not in text_of(metrics)
    text = text_of(metrics | {"error_auroc": figure(0.6)})
    assert "by its reconstruction error alone: test AUROC 0.6000, by its mixture 0.9000" in text
    assert "makes a one-class detector a supervised one" in text
    assert "the gan (by its mixture) is ahead of PCA" in text


def test_a_mixture_would_be_held_against_pca_before_what_has_seen_no_label_is() -> None:
    mixed = report((0.1, [0.05, 0.15]), (0.1, [0.1, 0.1])) | {"error_auroc": figure(0.89)}
    fair = "By its reconstruction error alone, which like PCA has seen no label, the gan is ahead"
    text = text_of(mixed)
    assert text.startswith(f"{fair} of PCA by 0.0150: that is the fair comparison.")
    assert text.index("fair comparison") < text.index("(by its mixture) is ahead of PCA by 0.1000")
    known = {"pca": {"auroc": 0.015, "ci95": [0.01, 0.02]}}
    told = text_of(mixed | {"ahead_by_error": known})
    assert f"{fair} of PCA by 0.0150 (95% interval +0.0100 to +0.0200)" in told
    behind = text_of(mixed | {"error_auroc": figure(0.8)})
    assert "the gan is behind PCA by 0.0750" in behind


@pytest.mark.parametrize(
    ("ends", "said"),
    [([0.02, 0.2], "is more than luck"), ([-0.02, 0.2], "may be luck"), ([-0.2, -0.02], "no bad")],
)
def test_a_reader_would_have_to_know_what_an_interval_says_of_luck(
    ends: list[float], said: str
) -> None:
    assert said in luck_sentence(report((0.1, [0.1, 0.1]), (0.1, ends)))


def test_a_published_set_that_won_would_be_lucky_against_itself() -> None:
    metrics = report((0.0, [0, 0]), (0.0, [0, 0]))
    metrics["configuration"]["contenders"]["defaults"] = {"hyperparameters": {"rate": 1}}
    assert luck_sentence(metrics) == ""


def test_the_mixture_of_the_published_set_would_hide_its_error_alone() -> None:
    metrics = report((0.1, [0.1, 0.1]), (0.1, [0.1, 0.1]))
    metrics["defaults"] |= {"error_auroc": figure(0.55), "supervision": "..."}
    text = text_of(metrics)
    assert "published defaults W2 by its reconstruction error alone: test AUROC 0.5500" in text
    assert "by its mixture 0.8000" in text
    assert "the gan is ahead of published defaults W2 (by its mixture) by" in text


def test_a_mixture_without_an_error_would_pass_for_a_one_class_score() -> None:
    metrics = report((0.1, [0.1, 0.1]), (0.1, [0.1, 0.1])) | {"supervision": "..."}
    assert "makes a one-class detector a supervised one" in text_of(metrics)


def test_the_weakest_kinds_would_be_cut_off() -> None:
    metrics = report((0.1, [0.1, 0.1]), (0.1, [0.1, 0.1]))
    kinds = {f"kind{n}": {"auroc": figure(0.99 - n / 100), "images": 5} for n in range(20)}
    lines = kind_lines(metrics | {"by_kind": kinds})
    assert [line.split()[0] for line in lines[1:3]] == ["kind19", "kind18"]
    assert len(lines) == MOST_KINDS + 2 and "8 more" in lines[-1]
    published = metrics | {"by_kind": kinds}
    published["configuration"] = {"data": {"dataset": "digits"}}
    assert kind_lines(published) == []
