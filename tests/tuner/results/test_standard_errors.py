"""How sure the figures of a search are, wherever a decision is read from them."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from models.data.sources import find
from models.data.split import save_splits
from models.data.tasks import make_splits
from models.evaluation.standard_error import AUROC_ERROR, of_mean, standard_error
from tests.tuner.fake_trials import trial
from tests.tuner.simulated import small_space
from tuner.console.lines import (
    best_lines,
    doubt_lines,
    ended_line,
    gain_lines,
    leaderboard_lines,
    published_text,
)
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.results.files import write_results
from tuner.results.leaderboard import Gain, gain, rank, standing
from tuner.results.standard_errors import with_standard_errors

OBJECTIVE = "best_auroc"


def sure(view: TrialView, *errors: float) -> TrialView:
    """The trial with these standard errors, one an epoch."""
    rows = [
        replace(one, metrics={**one.metrics, AUROC_ERROR: error})
        for one, error in zip(view.rows, errors, strict=True)
    ]
    return replace(view, rows=tuple(rows))


def searched(error: float) -> list[TrialView]:
    """The best is ahead of the better published set by 0.02, of another trial by 0.001."""
    return [
        sure(trial(0, 0.90, published="W1"), error),
        sure(trial(1, 0.93, published="W2"), error),
        sure(trial(2, 0.949), error),
        sure(trial(3, 0.95), error),
    ]


def test_a_standing_would_have_the_standard_error_of_another_epoch() -> None:
    view = sure(trial(1, 0.9, 0.95, 0.91), 0.03, 0.02, 0.01)
    for objective, expected in (("best_auroc", 0.02), ("auroc", 0.01), ("best_auprc", None)):
        found = standing(view, objective)
        assert found is not None and found.error == expected


def test_a_gain_that_chance_explains_would_be_printed_as_one() -> None:
    found = gain(searched(0.01), OBJECTIVE)
    assert isinstance(found, Gain)
    assert found.error == pytest.approx(math.hypot(0.01, 0.01))
    assert not found.is_shown
    said = " ".join(gain_lines(searched(0.01), OBJECTIVE))
    assert "gain over the published W2: +0.0200 ± 0.0141 best auroc (0.9300 -> 0.9500)" in said
    assert "no gain shown: it is less than 2 standard errors" in said
    said = " ".join(gain_lines(searched(0.005), OBJECTIVE))
    assert "+0.0200 ± 0.0071" in said and "no gain" not in said


def test_a_decision_would_be_printed_without_its_standard_error() -> None:
    trials = searched(0.0123)
    places = leaderboard_lines(trials, OBJECTIVE, 1)
    assert [line.count("± 0.0123") for line in places] == [0, 1, 1, 1, 1]
    assert len({line.index("  complete") for line in places[1:]}) == 1
    assert best_lines(trials, OBJECTIVE)[0] == "best: trial 3, best auroc 0.9500 ± 0.0123"
    assert ended_line(trials[3], standing(trials[3], OBJECTIVE)).endswith(
        "best 0.9500 ± 0.0123, epoch 1"
    )
    assert published_text(rank(trials, OBJECTIVE)) == (
        "published 0.9300 ± 0.0123 (W2)   gain +0.0200 ± 0.0174"
    )


def test_trials_that_chance_has_ordered_would_pass_for_a_ranking() -> None:
    said = " ".join(doubt_lines(searched(0.005), OBJECTIVE))
    assert "1 of the 3 other ranked trials lies within 2 standard errors of the best" in said
    said = " ".join(doubt_lines(searched(0.05), OBJECTIVE))
    assert "3 of the 3 other ranked trials lie within 2 standard errors of the best" in said
    assert doubt_lines([trial(0, 0.9)], OBJECTIVE) == []
    assert doubt_lines(searched(0.05), "best_auprc") == []


def test_the_files_of_a_search_would_leave_its_standard_errors_out(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_results(small_space(), folder, searched(0.0123))
    lines = list(csv.DictReader(folder.table.open(newline="")))
    assert [line["best_auroc_se"] for line in lines] == ["0.0123"] * 4
    text = folder.best.read_text()
    assert yaml.safe_load(text)["result"]["standard_error"] == 0.0123
    assert "best_auroc 0.9500 ± 0.0123 on validation" in text


def test_a_record_of_an_earlier_version_would_be_without(tmp_path: Path) -> None:
    """Its rows lack them; its split says of how many images they are."""
    space, folder = small_space(), RunFolder(tmp_path)
    old, new = trial(0, 0.9, 0.95), sure(trial(1, 0.9), 0.5)
    assert with_standard_errors([old], space, folder) == [old], "nothing is known without a split"
    splits = make_splits(space.data, find(space.data))
    save_splits(folder.split, splits)
    first, second = with_standard_errors([old, new], space, folder)
    assert second == new
    normals, anomalies = len(splits[0].validation_normals), len(splits[0].validation_anomalies)
    assert [one.metrics[AUROC_ERROR] for one in first.rows] == [
        standard_error(auroc, normals, anomalies) for auroc in (0.9, 0.95)
    ]
    write_results(space, folder, [first])
    assert "0.9500 ± 0." in folder.best.read_text()
    save_splits(folder.split, (*splits, *splits))
    (both,) = with_standard_errors([old], space, folder)
    one = standard_error(0.9, normals, anomalies)
    assert both.rows[0].metrics[AUROC_ERROR] == of_mean([one, one])


def test_a_detector_that_scores_few_images_an_epoch_would_look_as_sure_as_others(
    tmp_path: Path,
) -> None:
    space = small_space().model_copy(update={"detector": "anogan"})
    folder = RunFolder(tmp_path)
    (split,) = make_splits(space.data, find(space.data))
    many = replace(
        split,
        validation_normals=split.validation_normals.repeat(40)[:1000],
        validation_anomalies=split.validation_anomalies.repeat(40)[:1000],
    )
    save_splits(folder.split, (many,))
    (found,) = with_standard_errors([trial(0, 0.9)], space, folder)
    assert found.rows[0].metrics[AUROC_ERROR] == standard_error(0.9, normals=250, anomalies=250)
