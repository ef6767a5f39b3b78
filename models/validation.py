"""The lanes' scores on the validation images, and what they say."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from models.detectors.base import Detector, Networks, Tensors
from models.hyperparameters import Value
from models.lanes import NetworkStack, over_lanes
from models.metrics import (
    Labels,
    Mixture,
    Scores,
    auprc,
    auroc,
    cross_fitted,
    fit_mixture,
    regression_decision,
    usable,
)
from models.scoring import CHUNK, scaled

ERROR = "error"
"""The score part that is the reconstruction error, where a detector has one."""
MIXTURE = "mixture"


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Score parts of the validation images, and the choice of score."""

    parts: dict[str, Scores]
    anomalous: Labels
    choice: str

    def mixture(self) -> Mixture:
        """The chosen score, fitted on all validation images, for images outside validation."""
        if self.choice == MIXTURE:
            return fit_mixture(self.parts, self.anomalous)
        return Mixture.single(self.choice)

    def threshold(self) -> float:
        """Of the chosen score on images outside validation."""
        score = self.mixture().score(self.parts)
        return regression_decision(score, self.anomalous).threshold

    def error_threshold(self) -> float | None:
        """Of the reconstruction error, if the detector has one."""
        error = self.parts.get(ERROR)
        return None if error is None else regression_decision(error, self.anomalous).threshold

    def metrics(self) -> dict[str, float]:
        """The figures of an epoch. A mixture is judged on images its regression has not seen."""
        of_part = {name: auroc(self.anomalous, part) for name, part in self.parts.items()}
        scores = self.parts
        if len(self.parts) > 1:
            mixed = cross_fitted(self.parts, self.anomalous)
            scores = {**self.parts, MIXTURE: mixed}
            of_part[MIXTURE] = auroc(self.anomalous, mixed)
        decided = self.parts[ERROR if ERROR in self.parts else self.choice]
        decision = regression_decision(decided, self.anomalous)
        return {
            "auroc": of_part[self.choice],
            "auprc": auprc(self.anomalous, scores[self.choice]),
            "threshold": decision.threshold,
            "f1": decision.f1,
            "accuracy": decision.accuracy,
            **{f"auroc/{name}": value for name, value in of_part.items()},
        }


def judge(
    parts: dict[str, Scores], anomalous: Labels, hyperparameters: dict[str, Value]
) -> Validation | None:
    """The validation of one lane; None where a score is not finite or the same for all images."""
    choice = str(hyperparameters.get("score", ERROR if ERROR in parts else next(iter(parts))))
    judged = parts if choice == MIXTURE else {choice: parts[choice]}
    if not all(usable(part) for part in judged.values()):
        return None
    return Validation(parts=parts, anomalous=anomalous, choice=choice)


@torch.no_grad()
def score_lanes(
    detector: Detector, stacks: Mapping[str, NetworkStack], images: Tensor, settings: Tensors
) -> Tensors:
    """Score parts [K, N] of uint8 images, float64; computed in float32 whatever training uses."""
    modules = {name: stack.module.eval() for name, stack in stacks.items()}
    parameters = {name: stack.views() for name, stack in stacks.items()}
    buffers = {name: stack.buffers for name, stack in stacks.items()}
    count = len(next(iter(stacks.values())).rows)

    def of_one_lane(
        parameters: dict[str, Tensors],
        buffers: dict[str, Tensors],
        images: Tensor,
        settings: Tensors,
    ) -> Tensors:
        return detector.score_parts(Networks(modules, parameters, buffers), images, settings)

    mapped = over_lanes(of_one_lane, count)
    chunks = [
        mapped(parameters, buffers, scaled(chunk).expand(count, *chunk.shape), settings)
        for chunk in torch.split(images, CHUNK)
    ]
    return {name: torch.cat([chunk[name] for chunk in chunks], 1).double() for name in chunks[0]}
