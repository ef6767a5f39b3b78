"""The pictures of images: which ones they show, and where their masks lie."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from models.data.images import LabelledImages
from models.evaluation.metrics import auroc
from models.fitted import FittedDetector
from tests.tuner.retrain.conftest import plan_of
from tests.tuner.small_model import SIZE, trained
from tuner.figures.metrics import task_title
from tuner.figures.words import spread_text
from tuner.retrain.pictures.chosen import Shown, draw_rows, error_shares
from tuner.retrain.pictures.curves import precision_recall_figure, roc_figure
from tuner.retrain.pictures.examples import examples_figure
from tuner.retrain.pictures.maps import TOP, maps_figure
from tuner.retrain.test_images import Opened

NAMES = ("good", "hole", "scratch", "stain")


def images_of(counts: tuple[int, ...], channels: int = 3, masks: bool = True) -> LabelledImages:
    classes = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    generator = torch.Generator().manual_seed(0)
    shape = (len(classes), channels, SIZE, SIZE)
    images = torch.randint(0, 255, shape, generator=generator, dtype=torch.uint8)
    made = torch.zeros(len(classes), SIZE, SIZE, dtype=torch.bool)
    made[classes > 0, :4, 8:] = True
    return LabelledImages(
        images=images,
        anomalous=classes > 0,
        classes=classes,
        masks=made if masks else None,
        masked=torch.ones(len(classes), dtype=torch.bool) if masks else None,
    )


def shown(tmp_path: Path, fitted: FittedDetector) -> Shown:
    return Shown(plan=plan_of(tmp_path), fitted=fitted, label="gan")


def no_scores(images: LabelledImages) -> np.ndarray:
    return np.zeros(len(images.images))


def hung(figure: Figure) -> list[np.ndarray]:
    return [np.asarray(image.get_array()) for image in figure.axes[0].images]


def test_a_rare_kind_would_not_be_shown(tmp_path: Path) -> None:
    images = images_of((50, 40, 30, 2))
    rows = draw_rows(plan_of(tmp_path), images, normals=2, anomalies=6)
    assert images.classes[rows].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    few = draw_rows(plan_of(tmp_path), images_of((1, 0, 1, 0)), normals=2, anomalies=6)
    assert few.tolist() == [0, 1]


def test_anomalies_without_a_mask_would_be_shown_before_those_with_one(tmp_path: Path) -> None:
    images = images_of((5, 20, 20, 0))
    assert images.masked is not None
    images.masked[5:23] = False  # two of the first kind are left
    rows = draw_rows(plan_of(tmp_path), images, normals=0, anomalies=4)
    assert images.masked[rows].all()


def test_a_map_would_be_scaled_by_itself_or_a_mask_lie_elsewhere(tmp_path: Path) -> None:
    fitted, images = trained(), images_of((4, 3, 3, 3))
    figure = maps_figure(
        shown(tmp_path, fitted), Opened(images=images, class_names=NAMES), no_scores(images)
    )
    assert figure is not None
    pictures = hung(figure)
    assert len(pictures) == 4 * 8  # originals, reconstructions, defects, maps
    for original, marked in zip(pictures[:8], pictures[16:24], strict=True):
        changed = np.abs(np.asarray(original) - np.asarray(marked)).max(-1) > 0
        assert not changed[4:].any() and not changed[:, :8].any()
    assert not (pictures[16] != pictures[0]).any()  # a normal image has no defect
    assert (np.asarray(pictures[18]) != np.asarray(pictures[2])).any()
    maps = figure.axes[0].images[24:]
    assert {image.get_clim() for image in maps} == {(0, TOP)}


def test_a_test_without_masks_would_show_an_empty_row(tmp_path: Path) -> None:
    images = images_of((4, 3, 3, 3), masks=False)
    figure = maps_figure(
        shown(tmp_path, trained()), Opened(images=images, class_names=NAMES), no_scores(images)
    )
    assert figure is not None and len(hung(figure)) == 3 * 8


def test_pixels_of_which_nothing_is_known_would_look_faultless(tmp_path: Path) -> None:
    images = images_of((4, 3, 3, 3))
    assert images.masked is not None
    images.masked[4:] = False
    figure = maps_figure(
        shown(tmp_path, trained()), Opened(images=images, class_names=NAMES), no_scores(images)
    )
    assert figure is not None
    assert all((picture == np.float32(0.8)).all() for picture in hung(figure)[18:24])


def test_a_detector_without_maps_would_end_the_report(tmp_path: Path) -> None:
    images = Opened(images=images_of((4, 3, 3, 3)), class_names=NAMES)
    assert maps_figure(shown(tmp_path, trained("random")), images, no_scores(images.images)) is None


def test_a_title_of_nine_classes_would_leave_the_picture() -> None:
    data = {"dataset": "fashion-mnist", "anomalous": ["T-shirt/top"]}
    metrics = {
        "dataset": "fashion-mnist",
        "normal": ["Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag"],
        "configuration": {"data": data},
        "selection": "val",
    }
    assert task_title(metrics) == "fashion-mnist, normal: all but T-shirt/top"


def words_of(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.axes[0].texts)


def test_twelve_right_examples_would_pass_for_a_detector_without_errors(tmp_path: Path) -> None:
    """The first anomalies drawn are found; what is missed among all is written below them."""
    fitted, images = trained(), images_of((50, 40, 30, 30))
    opened = Opened(images=images, class_names=NAMES)
    rows = draw_rows(plan_of(tmp_path), images, normals=6, anomalies=6)
    scores = np.where(images.anomalous.numpy(), fitted.threshold + 1, fitted.threshold - 1)
    others = np.setdiff1d(np.flatnonzero(images.anomalous.numpy()), rows)
    scores[others[:9]] = fitted.threshold  # which is not above it
    scores[0] = fitted.threshold + 1
    for figure in (
        examples_figure(shown(tmp_path, fitted), opened, "test images", scores),
        maps_figure(shown(tmp_path, fitted), opened, scores),
    ):
        assert figure is not None
        assert "In all, 2.0% of 50 normal images are flagged" in words_of(figure)
        assert "9.0% of 100 anomalous images are missed" in words_of(figure)
    here = error_shares(scores > fitted.threshold, images.anomalous.numpy(), rows)
    assert "are missed (0 of the 6 here)." in here
    scores[rows[-1]] = fitted.threshold
    here = error_shares(scores > fitted.threshold, images.anomalous.numpy(), rows)
    assert "10.0% of 100 anomalous images are missed (1 of the 6 here)." in here


def test_a_roc_would_not_begin_at_the_origin() -> None:
    """A fifth of the anomalies lie above all normals: the line rises to there first."""
    labels = np.arange(100) >= 50
    scores = np.where(np.arange(100) >= 90, 2.0, np.arange(100) % 50 / 50)
    figure = {"mean": 0.6, "std": 0.00001}
    block = {"label": "gan", "test": {"auroc": figure, "auprc": figure}}
    data = {"dataset": "digits", "normal": ["3"]}
    metrics = {"selection": "val", "normal": ["3"], "configuration": {"data": data}}
    metrics |= {"baselines": {}, **block}
    drawn = roc_figure(metrics, labels, {"best": [scores]})
    line = drawn.axes[0].lines[0]
    points = np.asarray(line.get_xydata())
    assert points[0].tolist() == [0, 0]
    assert points[1].tolist() == [0, pytest.approx(0.2, abs=0.03)]
    assert points[-1].tolist() == [1, 1]
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(
        auroc(labels, scores), abs=0.01
    )
    for one in (drawn, precision_recall_figure(metrics, labels, {"best": [scores]})):
        assert not one.axes[0].get_legend(), "inside the axes it would lie over curves"
        (text, *_) = one.legends[0].get_texts()
        assert text.get_text().endswith("0.6000 ± <0.0001")


@pytest.mark.parametrize(
    ("std", "expected"),
    [
        (None, "0.9968"),
        (0.0, "0.9968 ± <0.0001"),
        (0.0003, "0.9968 ± 0.0003"),
        (3e-5, "0.9968 ± <0.0001"),
        (7e-5, "0.9968 ± 0.0001"),
    ],
)
def test_a_deviation_would_be_written_as_if_there_were_none(
    std: float | None, expected: str
) -> None:
    assert spread_text({"mean": 0.99684, "std": std}) == expected
