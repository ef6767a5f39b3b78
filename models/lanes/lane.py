"""What goes into a lane, and what comes out of an epoch of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from models import detectors
from models.hyperparameters import Value


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One configuration: hyperparameters as `detectors.resolve` gives them, and a seed."""

    hyperparameters: dict[str, Value]
    seed: int

    def complete(self, detector: str) -> "Lane":
        """The same with the defaults of what an earlier version did not record."""
        known = detectors.resolve(detector, {})
        return replace(self, hyperparameters={**known, **self.hyperparameters})

    def check_structure(self, detector: str, structure: Mapping[str, Value]) -> None:
        """Raise ValueError unless this lane can share a step with lanes of `structure`."""
        for name, value in detectors.structure(detector, self.hyperparameters).items():
            if value != structure[name]:
                raise ValueError(
                    f"lanes that train together must agree on {name}: "
                    f"one has {structure[name]!r}, another {value!r}"
                )


@dataclass(frozen=True, kw_only=True)
class EpochResult:
    """What one lane did in one epoch; `epoch` counts from 1, `stage` is "" where there is one.

    `losses` are means over the steps, unweighted. `metrics` are of the validation images: auroc and
    auprc of the chosen score, auroc_se (the standard error of the first), auroc/<part> of every
    part, and threshold, f1 and accuracy of the logistic regression on the chosen score, which the
    detector decides by; where that does not find higher to be more anomalous, the threshold is the
    highest and no image counts as an anomaly. Where validation's anomalies are synthetic, threshold
    is instead the 0.95 quantile of the normals; where there is noise, the criteria of
    `models.evaluation.label_free` are there too. A lane that `diverged` (losses, parameters, scores
    or criteria not finite, or scores all the same: `why` says which) has none, nor has one whose
    fit or scoring raised `error`. `seconds` are those of the whole epoch, all lanes;
    `images_per_second` is a lane's pace in those of them in which any trained, so without the
    scoring.
    """

    epoch: int
    stage: str = ""
    losses: dict[str, float]
    metrics: dict[str, float]
    seconds: float
    images_per_second: float
    diverged: bool
    why: str = ""
    error: Exception | None = None
