"""Which images a picture shows: drawn by the search's seed, not picked; how the others fared."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Labels
from models.data.images import LabelledImages
from models.ensemble import Scoring
from tuner.retrain.plan import Plan
from tuner.seeds import derive

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a picture shows, which is called so, and the plan that it is of."""

    plan: Plan
    fitted: Scoring
    label: str

    @property
    def drawable(self) -> bool:
        """Whether its images are grey or coloured: what else has channels is no picture."""
        return self.fitted.channels in (1, 3)


def draw_rows(
    plan: Plan,
    images: LabelledImages,
    *,
    normals: int,
    anomalies: int,
    purpose: str = "examples",
) -> Rows:
    """Rows of so many normals, then of anomalies, each class as often as the others, by class.

    Fewer where there are fewer. Of a class, anomalies with a mask come before those without.
    """
    generator = np.random.default_rng(derive(plan.search_seed, purpose, 0))
    anomalous = images.anomalous.numpy()
    of_normals = np.flatnonzero(~anomalous)
    chosen = generator.choice(of_normals, min(normals, len(of_normals)), replace=False)
    order = generator.permutation(np.flatnonzero(anomalous))
    if images.masked is not None:
        order = order[np.argsort(~images.masked.numpy()[order], kind="stable")]
    classes = images.classes.numpy()[order]
    turn = np.zeros(len(order), np.int64)
    for each in np.unique(classes):
        turn[classes == each] = np.arange((classes == each).sum())
    first = np.lexsort((generator.permutation(len(order)), turn))[:anomalies]
    return np.concatenate([chosen, order[first[np.argsort(classes[first], kind="stable")]]])


def error_shares(flagged: Labels, anomalous: Labels, rows: Rows) -> str:
    """Errors of each kind among all images, and how many of them are among the shown."""
    texts = []
    for verb, kind, wrong in (
        ("flagged", "normal", flagged & ~anomalous),
        ("missed", "anomalous", ~flagged & anomalous),
    ):
        of_kind = anomalous if kind == "anomalous" else ~anomalous
        share = wrong.sum() / max(1, of_kind.sum())
        here = f"{wrong[rows].sum()} of the {of_kind[rows].sum()} here"
        texts.append(f"{share:.1%} of {of_kind.sum():,} {kind} images are {verb} ({here})")
    return "In all, " + ", ".join(texts) + "."
