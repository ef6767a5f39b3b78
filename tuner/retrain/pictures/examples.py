"""Images, what the detector makes of them, and where it errs: normal ones beside anomalous ones."""

import torch
from matplotlib.figure import Figure

from models.arrays import Scores
from models.pixels import scaled
from tuner.retrain.pictures.chosen import Shown, draw_rows, error_shares
from tuner.retrain.pictures.style import new_figure
from tuner.retrain.pictures.wall import Wall, in_colour
from tuner.retrain.test_images import Opened

OF_EACH = 6


def examples_figure(
    shown: Shown, opened: Opened, kind: str, scores: Scores | None = None
) -> Figure | None:
    """Rows original, reconstruction, absolute error; the score below, red where it is flagged.

    `kind` says what the images are; `scores` are those of all of them, of which the few that are
    drawn may show no error. None for a detector that makes no reconstructions.
    """
    images, fitted = opened.images, shown.fitted
    rows = draw_rows(shown.plan, images, normals=OF_EACH, anomalies=OF_EACH)
    chosen = images.images[torch.from_numpy(rows)]
    remade = fitted.reconstruct(chosen) if shown.drawable else None
    if remade is None:
        return None
    original = scaled(chosen)
    errors = (original - remade).abs().mean(1).numpy()
    figure = new_figure(0.95 * len(rows) + 1.6, 3.75 if scores is None else 4.1)
    wall = Wall(
        axes=figure.subplots(),
        columns=len(rows),
        normals=int((~images.anomalous.numpy()[rows]).sum()),
        rows=("original", "reconstruction", "absolute\nerror"),
    )
    wall.show_images(0, in_colour(original))
    wall.show_images(1, in_colour(remade))
    wall.show_heat(2, errors, top=float(errors.max()))
    wall.caption([opened.class_names[int(images.classes[row])] for row in rows])
    made = ", anomalies synthetic" if opened.synthetic else ""
    title = f"{shown.label}: {kind}{made}, drawn at random."
    wall.score(fitted.score(chosen).numpy(), fitted.threshold, title)
    if scores is not None:
        wall.foot(error_shares(scores > fitted.threshold, images.anomalous.numpy(), rows))
    return figure
