"""What a generator makes of noise alone: whether it has learned how normal images look."""

from matplotlib.figure import Figure

from tuner.retrain.pictures.chosen import Shown
from tuner.retrain.pictures.style import DARK, new_figure
from tuner.retrain.pictures.wall import in_colour

_ROWS, _COLUMNS = 4, 12


def generated_figure(shown: Shown) -> Figure | None:
    """A grid of generated images; None for a detector without a generator of noise."""
    made = shown.fitted.generate(_ROWS * _COLUMNS) if shown.drawable else None
    if made is None:
        return None
    figure = new_figure(0.75 * _COLUMNS, 0.75 * _ROWS + 0.6)
    places = figure.subplots(_ROWS, _COLUMNS)
    for place, image in zip(places.flat, in_colour(made), strict=True):
        place.imshow(image)
        place.set_axis_off()
    title = f"{shown.label}: images that its generator makes of noise"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=DARK)
    return figure
