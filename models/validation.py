"""One lane's scores on the validation images, and what they say."""

from dataclasses import dataclass

from models.hyperparameters import Value
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
