"""A search that its images or its detector make impossible is refused as the file is read."""

import subprocess
import sys
from pathlib import Path

import pytest

from models import detectors
from tests.tuner.space.test_space import complaints, good_text, load
from tuner.space import best_space
from tuner.space.data_section import data_problems


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"data": "{size: 30}"},
            "5: data.size: images are 30 x 30, this detector takes sides of: 16, 32, 64, 128, 256",
        ),
        (
            {"data": "{anomalies_per_normal: 0}"},
            "5: data.anomalies_per_normal: this detector needs known anomalies among the fit "
            "images, got none: 0 to each of 4,800 normals",
        ),
        (
            {"data": "{anomalies_per_normal: 0.001, fit_normals: 100}"},
            "data.anomalies_per_normal: this detector needs known anomalies",
        ),
        (
            {"data": "{anomalies_per_normal: 10}"},
            "data.anomalies_per_normal: 10 asks for 48,000 known anomalies to 4,800 normals, and "
            "the fit split has 43,200; at most 9 is possible",
        ),
        (
            {"data": "{dataset: digits, anomalies_per_normal: 9.5}"},
            "data.anomalies_per_normal: 9.5 asks for 1,083 known anomalies to 114 normals, and "
            "the fit split has 1,032",
        ),
        (
            {"data": "{fit_normals: 4801}"},
            "data.fit_normals: 4,801 is more than the 4,800 normal images of the fit split",
        ),
        (
            {"scales": "{cpu: {fit_normals: 5000}}"},
            "5: scales.cpu.fit_normals: 5,000 is more than the 4,800 normal images",
        ),
        (
            {"data": "{dataset: digits, normal: [0, 1, 2, 3, 4, 5, 6, 7, 8], clusters: 116}"},
            "data.clusters: 116 is more than the 115 anomalous images of the fit split",
        ),
        (
            {"data": "{validation_normals: 1}"},
            "data.validation_normals: 1 is not allowed; give a whole number of at least 5",
        ),
        (
            {"data": "{dataset: digits, normal: each, fit_normals: 112}"},
            "data.fit_normals: 112 is more than the 111 normal images of the fit split",
        ),
        (
            {"data": "{dataset: digits, normal: each, anomalies_per_normal: 8.8}"},
            "data.anomalies_per_normal: 8.8 asks for 1,030 known anomalies to 117 normals, and "
            "the fit split has 1,029",
        ),
        (
            {"data": "{normal: each}", "resources": "{lanes: 4}"},
            "resources.lanes: data.normal: each cannot be packed, so lanes are 1; got 4",
        ),
        (
            {"fixed": "{batch_normals: 9000}"},
            "5: fixed.batch_normals: batch_normals is 9000, allowed is a whole number from 2",
        ),
        (
            {"fixed": "{batch_normals: 128}", "data": "{dataset: digits}"},
            "5: fixed.batch_normals: a batch of 128 normals, and there are 114 to fit on",
        ),
        (
            {"search": "{batch_normals: {int: [8, 128]}}", "data": "{dataset: digits}"},
            "2: search.batch_normals: a batch of 128 normals, and there are 114 to fit on",
        ),
        (
            {"scales": "{cpu: {fit_normals: 99, batch_normals: 100}}"},
            "5: scales.cpu.batch_normals: a batch of 100 normals, and there are 99 to fit on",
        ),
    ],
)
def test_a_search_that_cannot_train_would_start(
    tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    found = complaints(tmp_path, good_text(**changes))
    assert len(found) == 1
    assert message in found[0]


def test_one_mistake_in_the_images_would_hide_another(tmp_path: Path) -> None:
    found = complaints(
        tmp_path,
        good_text(fixed="{width: wide}", data="{size: 48, anomalies_per_normal: 0}"),
    )
    assert [line.split(": ")[1] for line in found] == [
        "fixed.width",
        "data.size",
        "data.anomalies_per_normal",
    ]


def test_detectors_that_take_any_images_would_be_refused_them(tmp_path: Path) -> None:
    data = "{size: 30, anomalies_per_normal: 0}"
    load(tmp_path, good_text(detector="random", data=data, search="{}", trials="1"))
    data = "{anomalies_per_normal: 0}"
    load(tmp_path, good_text(detector="autoencoder", data=data, search="{}", trials="1"))


@pytest.mark.parametrize(
    "changes",
    [{"fixed": "{score: mixture}"}, {"search": "{score: {choice: [error, mixture]}}"}],
)
def test_a_mixture_would_be_fitted_on_labels_that_are_none(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    load(tmp_path, good_text(**changes))
    (said,) = complaints(tmp_path, good_text(data="{validation: synthetic}", **changes))
    assert "mixture is fitted on labels, and data.validation: synthetic has none" in said


def test_a_default_batch_would_keep_a_small_data_set_out(tmp_path: Path) -> None:
    data = "{dataset: digits}"
    load(tmp_path, good_text(detector="autoencoder", data=data, search="{}", trials="1"))


def test_a_batch_of_all_normals_would_be_refused_or_one_of_more_taken(tmp_path: Path) -> None:
    data = {"data": "{dataset: digits}", "search": "{}", "trials": "1"}
    changes = {"detector": "autoencoder"} | data
    load(tmp_path, good_text(**changes, fixed="{batch_normals: 114}"))
    (said,) = complaints(tmp_path, good_text(**changes, fixed="{batch_normals: 115}"))
    assert "a batch of 115 normals, and there are 114 to fit on" in said


def test_a_search_would_fail_at_its_end_over_the_default_batch_in_its_best_configuration(
    tmp_path: Path,
) -> None:
    text = good_text(detector="autoencoder", data="{dataset: digits}", search="{}", trials="1")
    best = best_space(load(tmp_path, text), detectors.resolve("autoencoder", {}), result={})
    assert best.fixed["batch_normals"] == 128  # and there are 114 to fit on


@pytest.mark.parametrize("detector", detectors.names())
def test_a_search_would_fail_at_its_end_over_a_published_set_that_won(
    tmp_path: Path, detector: str
) -> None:
    normals = "{dataset: digits, anomalies_per_normal: 0.3}"
    text = good_text(detector=detector, data=normals, search="{}", trials="1", epochs="20")
    for values in detectors.published(detector).values():
        best_space(load(tmp_path, text), detectors.resolve(detector, values), result={"trial": 0})


def test_images_would_be_judged_with_torch_or_numpy_loaded(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(good_text(data="{size: 30}"), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from tuner.space import load_space\n"
        "try: load_space(Path(sys.argv[1]))\n"
        "except Exception as error: assert 'sides of' in str(error), error\n"
        "else: raise SystemExit('read')\n"
        "print(*[m for m in ('torch', 'numpy', 'sklearn') if m in sys.modules])"
    )
    file = str(tmp_path / "space.yaml")
    command = [sys.executable, "-c", code, file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("\n", "")


@pytest.mark.parametrize(
    "written",
    [
        {"normal": ["Sandal"], "known_classes": ["T-shirt/top"]},
        {"dataset": "mnist", "normal": [5], "known_classes": [0]},
        {"anomalous": ["T-shirt/top"], "known_classes": ["T-shirt/top"]},
    ],
)
def test_a_known_class_would_be_held_against_the_normal_class_of_the_defaults(
    written: dict[str, object],
) -> None:
    assert data_problems(written) == []
    (problem,) = data_problems({"normal": ["Sandal"], "known_classes": ["Sandal"]})
    assert problem.text == "Sandal is normal, not an anomaly"
