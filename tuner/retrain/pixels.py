"""How well a detector's anomaly maps find the true defects, where those are known. Imports torch.

The images are those whose pixels are known: normal ones, and anomalies that have a mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.data.images import LabelledImages
from models.ensemble import Scoring
from models.evaluation.pixels import pixel_auroc, pro
from tuner.retrain.evaluation import spread


@dataclass(frozen=True, kw_only=True)
class PixelFigures:
    """One training's figures, over so many images; PRO is up to 30% of normal pixels flagged."""

    auroc: float
    pro: float
    images: int


def pixel_figures(fitted: Scoring, test: LabelledImages) -> PixelFigures | None:
    """The figures; None for a detector without maps, or where no anomalous pixel is known."""
    if test.masks is None or test.masked is None:
        return None
    masks = test.masks[test.masked].numpy()
    if masks.all() or not masks.any():
        return None
    maps = fitted.anomaly_maps(test.images[test.masked])
    if maps is None:
        return None
    return PixelFigures(
        auroc=pixel_auroc(maps.numpy(), masks), pro=pro(maps.numpy(), masks), images=len(masks)
    )


def pixel_block(seeds: Sequence[PixelFigures | None]) -> dict[str, Any] | None:
    """The spread over seeds as metrics.json holds it, or None."""
    known = [seed for seed in seeds if seed is not None]
    if not known:
        return None
    return {
        "auroc": spread([seed.auroc for seed in known]),
        "pro": spread([seed.pro for seed in known]),
        "images": known[0].images,
    }
