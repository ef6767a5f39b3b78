"""Whether several trainings score better together than the best of them alone. Imports torch.

Validation decides, before the test split is opened: the mean of the standardised scores becomes the
model where it has the higher figure there. It is held against the best single training, which is
the luckiest on validation of several, so that an ensemble that is no better is seldom kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import Any

import numpy as np

from models.arrays import Labels, Scores
from models.data.images import LabelledImages, TrainingData
from models.ensemble import Ensemble
from models.evaluation.metrics import auprc, auroc
from models.evaluation.mixture import LEAST_SPREAD
from models.fitted import FittedDetector
from models.precision import pick_device
from tuner.figures.metrics import BEST
from tuner.retrain.anomaly_kinds import by_kind
from tuner.retrain.bootstrap import interval, resampled_aurocs, resampled_difference
from tuner.retrain.contender_figures import Blocks
from tuner.retrain.evaluation import decision_figures, in_order, ranking_figures
from tuner.retrain.pixels import pixel_block, pixel_figures
from tuner.retrain.plan import Plan
from tuner.retrain.report_facts import Facts
from tuner.retrain.scores import validation_score
from tuner.retrain.training import Trained
from tuner.seeds import derive

_FIGURES = {"auroc": auroc, "auprc": auprc}


@dataclass(frozen=True, kw_only=True)
class Member:
    """A training that an ensemble may have, by the trial or configuration and its seed."""

    trained: Trained
    label: str
    seed: int

    def told(self) -> dict[str, Any]:
        """As metrics.json has it."""
        return {"label": self.label, "seed": self.seed}


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """An ensemble, and its `value` on validation beside the best of a `single` training.

    `scores` are of the validation images [N], by nothing that was fitted on their own labels.
    """

    members: Sequence[Member]
    ensemble: Ensemble
    scores: Scores
    value: float
    single: float

    @property
    def is_kept(self) -> bool:
        """Whether validation says that it is better."""
        return self.value > self.single


def members_of_best(plan: Plan, trained: Sequence[Trained], label: str) -> list[Member]:
    """The trainings of the plan's best, which is called so."""
    return [
        Member(trained=one, label=label, seed=plan.seed_of(plan.best, one.number))
        for one in sorted(trained, key=lambda one: one.number)
        if one.contender == BEST
    ]


def in_turns(pools: Sequence[Sequence[Member]], most: int) -> list[Member]:
    """So many at most: the first of each pool, then the second of each, and so on.

    What diverged is left out.
    """
    whole = [[one for one in pool if one.trained.whole] for pool in pools]
    dealt = chain.from_iterable(zip_longest(*whole))
    return list(islice((one for one in dealt if one is not None), most))


def weigh(
    plan: Plan, members: Sequence[Member], alone: Trained, data: TrainingData
) -> Weighed | None:
    """The ensemble of these on validation, beside each and the training that else is the model.

    That is `alone`. None where there are fewer than two, or none of the best: it would be the model
    of another configuration than the report's.
    """
    if len(members) < 2 or all(each.trained.contender != BEST for each in members):
        return None
    device, validation = str(pick_device()), data.validation
    figure, labels = _FIGURES[plan.metric], validation.anomalous.numpy()
    single = validation_score(FittedDetector.load(alone.folder).to(device), validation)
    fitted = [FittedDetector.load(member.trained.folder).to(device) for member in members]
    ensemble = Ensemble.of(
        fitted, validation.images, validation.anomalous, synthetic=data.synthetic
    )
    own = [validation_score(one, validation) for one in fitted]
    scores = np.mean([_standardised(each, ~labels) for each in own], axis=0)
    return Weighed(
        members=members,
        ensemble=ensemble,
        scores=scores,
        value=figure(labels, scores),
        single=max(figure(labels, each) for each in (single, *own)),
    )


def _standardised(scores: Scores, normal: Labels) -> Scores:
    of_normals = scores[normal]
    return np.asarray((scores - of_normals.mean()) / max(of_normals.std(), LEAST_SPREAD))


def ensemble_block(
    plan: Plan,
    weighed: Weighed,
    test: LabelledImages,
    score: Scores,
    others: Blocks,
    facts: Facts,
) -> dict[str, Any]:
    """What metrics.json holds of it; test figures where it is the model, whose `score` [N] it is.

    `others` are the plan's contenders, which it is held against on test.
    """
    block: dict[str, Any] = {
        "label": f"ensemble of {len(weighed.members)}",
        "members": [each.told() for each in weighed.members],
        "metric": plan.metric,
        "validation": weighed.value,
        "single": weighed.single,
        "kept": weighed.is_kept,
    }
    if not weighed.is_kept:
        return block
    labels, images = facts.labels["test"], derive(plan.search_seed, "bootstrap test", 0)
    own = resampled_aurocs(labels, [score], images)
    figures = {
        **ranking_figures(labels, [score], own.mean(axis=1)),
        **decision_figures(labels, [score], [weighed.ensemble.threshold]),
    }
    block["test"] = in_order(figures)
    seeds, block["ahead"] = derive(plan.search_seed, "bootstrap seeds", 0), {}
    for key, of_key in others.blocks.items():
        block["ahead"][key] = {
            "auroc": figures["auroc"]["mean"] - of_key["test"]["auroc"]["mean"],
            "ci95": interval(resampled_difference(own, others.resampled[key], seeds)),
        }
    block["by_kind"] = by_kind(labels, facts.test_classes, facts.test_class_names, [score])
    if pixels := pixel_block([pixel_figures(weighed.ensemble, test)]):
        block["pixels"] = pixels
    return block
