"""Where the detector sees the defects, beside where they are."""

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from models.arrays import Scores
from models.pixels import scaled
from tuner.retrain.pictures.chosen import Shown, draw_rows, error_shares
from tuner.retrain.pictures.style import new_figure
from tuner.retrain.pictures.wall import Pictures, Wall, in_colour
from tuner.retrain.test_images import Opened

NORMALS, ANOMALIES = 2, 6
TOP = 2.0
"""The brightest value of a map that is told apart; 1 is what 0.1% of normal pixels exceed."""
_RED, _OPACITY = np.array([0.86, 0.1, 0.1], np.float32), 0.65


def maps_figure(shown: Shown, opened: Opened, scores: Scores) -> Figure | None:
    """Rows original, reconstruction, true mask and anomaly map, as far as there are such.

    All maps have one scale, that of the validation normals. `scores` are those of all images. None
    for a detector without maps.
    """
    images, fitted = opened.images, shown.fitted
    rows = torch.from_numpy(
        draw_rows(shown.plan, images, normals=NORMALS, anomalies=ANOMALIES, purpose="maps")
    )
    chosen = images.images[rows]
    maps = fitted.anomaly_maps(chosen) if shown.drawable else None
    if maps is None:
        return None
    original, remade = in_colour(scaled(chosen)), fitted.reconstruct(chosen)
    hung: dict[str, Pictures] = {"original": original}
    if remade is not None:
        hung["reconstruction"] = in_colour(remade)
    if images.masks is not None and images.masked is not None:
        hung["true defect"] = _marked(original, images.masks[rows], images.masked[rows])
    figure = new_figure(0.95 * len(rows) + 3.2, 1.07 * len(hung) + 2.35)
    wall = Wall(
        axes=figure.subplots(),
        columns=len(rows),
        normals=int((~images.anomalous[rows]).sum()),
        rows=(*hung, "anomaly map"),
    )
    for row, pictures in enumerate(hung.values()):
        wall.show_images(row, pictures)
    wall.show_heat(len(hung), maps.numpy(), top=TOP, mark="above 99.9% of\n    normal pixels")
    wall.caption([opened.class_names[int(images.classes[row])] for row in rows])
    made = ", anomalies synthetic" if opened.synthetic else ""
    title = f"{shown.label}: test images{made}, drawn at random; all maps on one scale."
    wall.score(fitted.score(chosen).numpy(), fitted.threshold, title)
    flagged = scores > fitted.threshold
    wall.foot(error_shares(flagged, images.anomalous.numpy(), rows.numpy()))
    return figure


def _marked(images: Pictures, masks: Tensor, known: Tensor) -> Pictures:
    """Images [N, H, W, 3] with their defects in red; grey where the pixels are not known."""
    opacity = _OPACITY * masks.numpy()[..., None]
    marked = images * (1 - opacity) + _RED * opacity
    return np.where(known.numpy()[:, None, None, None], marked, 0.8).astype(np.float32)
