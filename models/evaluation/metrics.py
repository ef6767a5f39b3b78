"""From one model's scores to figures, by scikit-learn."""

from dataclasses import dataclass

from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from models.arrays import Labels, Scores


def auroc(anomalous: Labels, score: Scores) -> float:
    """Area under the receiver operating characteristic; never flipped when below 0.5."""
    return float(roc_auc_score(anomalous, score))


def auprc(anomalous: Labels, score: Scores) -> float:
    """Average precision with the anomalies as positives."""
    return float(average_precision_score(anomalous, score))


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Images above the threshold count as anomalies; F1 and accuracy of that."""

    threshold: float
    f1: float
    accuracy: float


def decide(score: Scores, anomalous: Labels, threshold: float) -> Decision:
    """What a given threshold makes of the scores."""
    flagged = score > threshold
    return Decision(
        threshold=float(threshold),
        f1=float(f1_score(anomalous, flagged, zero_division=0.0)),
        accuracy=float((flagged == anomalous).mean()),
    )
