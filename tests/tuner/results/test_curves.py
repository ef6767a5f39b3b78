"""The learning curves: what is drawn, and that nothing is drawn beyond its place."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from models.evaluation.standard_error import AUROC_ERROR
from tests.tuner.fake_trials import realistic, trial
from tuner.record.trials import TrialView
from tuner.results.curves import draw_curves, write_curves


def test_the_picture_would_be_missing_for_few_many_or_odd_trials(tmp_path: Path) -> None:
    odd = [
        trial(0, 0.5, 0.5),
        trial(1, float("nan"), state="pruned", reason="diverged"),
        trial(2, state="running"),
        trial(3, 0.7, state="running"),
    ]
    for name, trials in {"none": [], "odd": odd, "many": realistic(60, 1)}.items():
        path = tmp_path / f"{name}.png"
        write_curves(path, trials, "best_auroc")
        assert path.read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 3
    assert "matplotlib.pyplot" not in sys.modules


def test_the_legend_would_miss_the_best_a_published_set_or_a_kind_of_end() -> None:
    trials = realistic(16, 3)
    texts = [text.get_text() for text in _legend(trials)]
    assert texts == [
        "published W1 (trial 0)",
        "published W2 (trial 1)",
        "best: trial 15",
        "ran to the end (8)",
        "stopped early (4)",
        "diverged or failed (1)",
    ]


def test_a_trial_would_be_counted_twice_in_the_legend() -> None:
    for count in (16, 40):
        texts = [text.get_text() for text in _legend(realistic(count, 3))]
        counted = sum(int(text.split("(")[1].rstrip(")")) for text in texts[3:])
        assert len(texts[:3]) + counted == count


def test_a_point_would_lie_outside_the_axes_or_the_good_trials_in_a_sliver() -> None:
    trials = realistic(16, 3)
    left = draw_curves(trials, "best_auroc").axes[0]
    low, high = left.get_ylim()
    values = [row.metrics["auroc"] for view in trials for row in view.rows]
    assert low < min(values)
    assert max(values) < high
    heights = left.transAxes.inverted().transform(
        left.transData.transform([(1, 0.966), (1, 0.978)])
    )
    assert heights[1][1] - heights[0][1] > 0.4


def test_the_best_so_far_would_ever_fall() -> None:
    right = draw_curves(realistic(40, 2), "best_auroc").axes[1]
    steps = list(right.lines[0].get_ydata())
    assert steps == sorted(steps)
    assert steps[-1] == pytest.approx(max(steps))


def _legend(trials: Sequence[TrialView]) -> Sequence[Text]:
    return draw_curves(trials, "best_auroc").legends[0].get_texts()


def sure(trials: list[TrialView], error: float) -> list[TrialView]:
    return [
        replace(
            view,
            rows=tuple(
                replace(row, metrics={**row.metrics, AUROC_ERROR: error}) for row in view.rows
            ),
        )
        for view in trials
    ]


def test_the_best_would_be_drawn_as_if_its_auroc_were_exact() -> None:
    """Its line lies in a band of a standard error to both sides; without one there is none."""
    trials = realistic(16, 3)
    left, right = draw_curves(sure(trials, 0.003), "best_auroc").axes
    (band,) = left.collections
    best = trials[15].rows[5].metrics["auroc"]
    heights = [y for x, y in band.get_paths()[0].vertices.tolist() if x == 6]
    assert [min(heights), max(heights)] == pytest.approx([best - 0.003, best + 0.003])
    spans = [patch.get_bbox() for patch in right.patches]
    found = [(span.y0, span.y1) for span in spans if span.y1 > best]
    assert found == [pytest.approx((best - 0.003, best + 0.003))]
    texts = [text.get_text() for text in _legend(sure(trials, 0.003))]
    assert "± 1 standard error (of the images)" in texts
    assert not draw_curves(trials, "best_auroc").axes[0].collections
    assert not draw_curves(sure(trials, 0.003), "best_auprc").axes[0].collections


def test_a_text_would_lie_over_a_curve() -> None:
    """Those of the scale stand above the axes; the one at the best is above all steps."""
    left = draw_curves(realistic(16, 3), "best_auroc").axes[0]
    assert left.get_title("right").startswith("grey: compressed below 0.9")
    assert not left.texts


def test_a_legend_would_run_out_of_the_picture() -> None:
    figure = draw_curves(sure(realistic(40, 3), 0.003), "best_auroc")
    FigureCanvasAgg(figure).draw()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
