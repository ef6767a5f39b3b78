"""Figures of the rows on MVTec AD that need more than the report: scores of single test images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from _published.figures import spread
from _published.rows import Figure, Value

if TYPE_CHECKING:
    from torch import Tensor

    from _published.making import Made
    from models.arrays import Labels
    from models.fitted import FittedDetector

_BANDWIDTH = 0.2
_SQUARES = 4
"""Squared errors are of images from -1 to 1 here, of 0 to 1 in the document."""
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def f1(anomalous: Labels, flagged: Labels) -> float:
    """Of the anomalies; 0 where none is found."""
    both = 2 * (anomalous & flagged).sum()
    return float(both / max(1, anomalous.sum() + flagged.sum()))


def at_levels(error: float, density: float) -> Figure:
    """KD-CAE's decision by the document's own levels: error above one, or log density below."""

    def value(made: Sequence[Made]) -> Value:
        found = [_f1_at(one, error, density) for one in made]
        of_fit = float(np.mean([share for _, share in found]))
        said = f"These thresholds flag {of_fit:.0%} of the normal images of fit too."
        return replace(spread([each for each, _ in found]), note=said)

    return value


def _f1_at(made: Made, error: float, density: float) -> tuple[float, float]:
    """On test, and the share of the normal images of fit that is flagged."""
    from models.fitted import FittedDetector

    fitted = FittedDetector.load(made.folder.model)
    fit, test = _training_images(made).fit, _test_images(made)
    normal = fit.images[~fit.anomalous]
    flagged = _flagged(fitted, test.images, error, density)
    of_fit = _flagged(fitted, normal, error, density)
    return f1(test.anomalous.numpy(), flagged), float(of_fit.mean())


def _flagged(fitted: FittedDetector, images: Tensor, error: float, density: float) -> Labels:
    parts = fitted.score_parts(images)
    dimensions = fitted.weights["fitted.codes"].shape[1]
    constant = dimensions * math.log(_BANDWIDTH * math.sqrt(2 * math.pi))
    log_density = -parts["density_0_2"].double() / (2 * _BANDWIDTH**2) - constant
    flagged = (parts["squared_error"].double() / _SQUARES > error) | (log_density < density)
    found: Labels = flagged.numpy()
    return found


def _test_images(made: Made) -> Any:
    """The images that the retrain has opened, for another decision by levels that are fixed."""
    from models.data.loading import load_test
    from models.data.sources import find

    data = _space(made).data
    return load_test(data, find(data))


def _training_images(made: Made) -> Any:
    """The images of fit and validation that it was trained with."""
    from models.data.loading import load_training
    from models.data.protocol import make_split
    from models.data.sources import find

    data = _space(made).data
    source = find(data)
    return load_training(data, source, make_split(data, source))


def _space(made: Made) -> Any:
    from tuner.space import load_space

    return load_space(made.folder.best)


def as_published_noise(made: Sequence[Made]) -> Value:
    """NI-CAE's published decision: fewest errors on test, F1 of the normal images."""
    labels = [one.scores["test_label"] for one in made]
    of_none = float(np.mean([f1(~each, np.ones_like(each)) for each in labels]))
    of_draws = [published_noise_f1(one) for one in made]
    found, empty = spread(of_draws), of_draws.count(0)
    said = f"Calling every image normal: {of_none:.3f}."
    if empty:
        said += f" In {empty} of {len(made)} draws calling every image anomalous has fewest errors."
    more = {"flagging_none": round(of_none, 4), "lowest": round(min(of_draws), 4)}
    return replace(found, note=said, more=more)


def published_noise_f1(made: Made) -> float:
    """The F1 of the normal images by the published decision."""
    labels = made.scores["test_label"]
    return float(np.mean([_normal_f1_at_best(labels, each) for each in made.scores["test_best"]]))


def _normal_f1_at_best(anomalous: Labels, scores: NDArray[np.float64]) -> float:
    levels = [-np.inf, *np.unique(scores)]
    errors = [((scores > level) != anomalous).sum() for level in levels]
    flagged = scores > levels[int(np.argmin(errors))]
    return f1(~anomalous, ~flagged)


def relative_drop(figure: Callable[[Made], float], pairs: int) -> Figure:
    """How much of a figure noise takes: the first runs are without it, the last with it."""

    def value(made: Sequence[Made]) -> Value:
        found = [figure(one) for one in made]
        of_draws = list(zip(found[:pairs], found[pairs:], strict=True))
        without, noisy = (float(np.mean(each)) for each in zip(*of_draws, strict=True))
        drop = (without - noisy) / without if without else 0.0
        said = ", ".join(f"{before:.3f} to {after:.3f}" for before, after in of_draws)
        return Value(mean=drop, seeds=pairs, note=f"Draw by draw: {said}.")

    return value


def on_common_images(place: int, systems: int) -> Figure:
    """AUROC of one of the systems on the test images that all have, draw by draw.

    The runs are those of each draw in turn, one of each system.
    """

    def value(made: Sequence[Made]) -> Value:
        draws = [made[first : first + systems] for first in range(0, len(made), systems)]
        labels, found = zip(*(_on_common(draw, place) for draw in draws), strict=True)
        images = ", ".join(str(len(each)) for each in labels)
        anomalous = ", ".join(str(int(each.sum())) for each in labels)
        note = f"{images} common test images, {anomalous} of them anomalous."
        return replace(spread(found), note=note)

    return value


def _on_common(draw: Sequence[Made], place: int) -> tuple[Labels, float]:
    """Labels of the images that all runs of a draw have tested, and one run's AUROC on them."""
    from models.evaluation.metrics import auroc

    common = set.intersection(*(set(_names(one)) for one in draw))
    own = draw[place]
    chosen = np.array([name in common for name in _names(own)])
    labels = own.scores["test_label"][chosen]
    return labels, float(np.mean([auroc(labels, each[chosen]) for each in own.scores["test_best"]]))


def by_error_alone(made: Sequence[Made]) -> str:
    """Test AUROC of the reconstruction error, of a score that is not it alone."""
    from models.evaluation.metrics import auroc

    found = [
        auroc(one.scores["test_label"], each)
        for one in made
        for each in one.scores["test_error_best"]
    ]
    return f"By the error alone: {float(np.mean(found)):.3f}."


def _names(made: Made) -> list[str]:
    return [str(name) for name in made.scores["test_name"]]


def with_errors(figure: Figure) -> Figure:
    """The same, with quantiles of the errors of fit, validation and anomalous test images."""

    def value(made: Sequence[Made]) -> Value:
        found, quantiles = figure(made), _error_quantiles(made[0])
        shown = "; ".join(f"{name} {_range_text(of)}" for name, of in quantiles.items())
        said = f"{found.note} Squared error of images from 0 to 1, median (5% to 95%): {shown}."
        return replace(found, note=said.strip(), more={"errors": quantiles})

    return value


def _range_text(quantiles: Sequence[float]) -> str:
    low, *_, high = (level / _SQUARES for level in quantiles)
    return f"{quantiles[len(quantiles) // 2] / _SQUARES:.4f} ({low:.4f} to {high:.4f})"


def _error_quantiles(made: Made) -> dict[str, list[float]]:
    from models.fitted import FittedDetector

    training = _training_images(made)
    fitted, test = FittedDetector.load(made.folder.model), _test_images(made)
    parts = {
        "fit": training.fit.images[~training.fit.anomalous],
        "validation": training.validation.images[~training.validation.anomalous],
        "test, normal": test.images[~test.anomalous],
        "test, anomalous": test.images[test.anomalous],
    }
    return {
        name: [
            round(float(level), 6)
            for level in np.quantile(fitted.score_parts(images)["squared_error"], _QUANTILES)
        ]
        for name, images in parts.items()
    }


def nearest_neighbour(made: Sequence[Made]) -> Value:
    """AUROC of the distance to the nearest fit normal, on the images of each run."""
    return spread([_nearest_auroc(one) for one in made])


def _nearest_auroc(made: Made) -> float:
    import torch
    from sklearn.neighbors import NearestNeighbors
    from torch.nn.functional import adaptive_avg_pool2d

    from models.evaluation.metrics import auroc

    fit = _training_images(made).fit
    test = _test_images(made)

    def reduced(images: torch.Tensor) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = adaptive_avg_pool2d(images.float() / 255, 16).flatten(1).numpy()
        return rows

    neighbours = NearestNeighbors(n_neighbors=1).fit(reduced(fit.images[~fit.anomalous]))
    distances = neighbours.kneighbors(reduced(test.images))[0][:, 0]
    return auroc(test.anomalous.numpy(), distances)


def constant_f1(normals: int, defects: int) -> Callable[[Sequence[Made]], Value]:
    """The macro F1 of a prediction that is always "defect", on so many images of both kinds."""

    def value(made: Sequence[Made]) -> Value:
        share = defects / (normals + defects)
        return Value(mean=share / (1 + share), note="Computed, not trained.")

    return value
