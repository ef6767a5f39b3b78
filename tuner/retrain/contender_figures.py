"""Each contender's figures, and how far the best lies ahead of the others. Imports torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.arrays import Labels, Scores
from models.evaluation.metrics import auroc
from tuner.figures.metrics import BEST
from tuner.figures.words import MIXTURE_IS_SUPERVISED
from tuner.retrain.anomaly_kinds import by_kind, seen_and_unseen
from tuner.retrain.bootstrap import interval, resampled_aurocs, resampled_difference
from tuner.retrain.contenders import Contender
from tuner.retrain.evaluation import decision_figures, in_order, ranking_figures, spread
from tuner.retrain.pixels import pixel_block
from tuner.retrain.plan import Plan
from tuner.retrain.report_facts import Facts
from tuner.retrain.scores import SeedScores, is_mixed
from tuner.seeds import derive

Block = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Figures by contender; `ahead` by each other one: test AUROC of the best minus its, paired.

    `ahead_by_error` compares, where the best is judged by a mixture, what has seen no label: its
    reconstruction error and that of other mixtures, and of the others their own score. `resampled`
    are the test AUROCs [RESAMPLES, seeds] by contender, all of the same images.
    """

    blocks: dict[str, Block]
    ahead: dict[str, Block]
    ahead_by_error: dict[str, Block]
    resampled: dict[str, Scores]


def make_blocks(plan: Plan, scores: Mapping[str, Sequence[SeedScores]], facts: Facts) -> Blocks:
    """The figures of every contender of the plan; `scores` by the contender's key."""
    blocks, resampled = {}, {}
    for contender in plan.contenders:
        seeds = scores[contender.key]
        resampled[contender.key] = {
            split: resampled_aurocs(
                labels,
                [getattr(seed, split).score for seed in seeds],
                derive(plan.search_seed, f"bootstrap {split}", 0),
            )
            for split, labels in facts.labels.items()
        }
        means = {split: by_seed.mean(axis=1) for split, by_seed in resampled[contender.key].items()}
        blocks[contender.key] = _block(plan, contender, seeds, facts, means)
    tested = {key: of_key["test"] for key, of_key in resampled.items()}
    seed = derive(plan.search_seed, "bootstrap seeds", 0)
    mean = {key: block["test"]["auroc"]["mean"] for key, block in blocks.items()}
    return Blocks(
        blocks=blocks,
        ahead=_ahead(mean, tested, seed),
        ahead_by_error=_ahead_by_error(plan, scores, facts, blocks, tested),
        resampled=tested,
    )


def _ahead_by_error(
    plan: Plan,
    scores: Mapping[str, Sequence[SeedScores]],
    facts: Facts,
    blocks: Mapping[str, Block],
    tested: Mapping[str, Scores],
) -> dict[str, Block]:
    """{} where the best is not judged by a mixture, or has no error."""
    if "error_auroc" not in blocks[BEST]:
        return {}
    mean, resampled = {}, {}
    for key, block in blocks.items():
        if not is_mixed(scores[key][0].fitted):
            mean[key], resampled[key] = block["test"]["auroc"]["mean"], tested[key]
        elif "error_auroc" in block:
            mean[key] = block["error_auroc"]["mean"]
            errors = [seed.test.error for seed in scores[key] if seed.test.error is not None]
            images = derive(plan.search_seed, "bootstrap test", 0)
            resampled[key] = resampled_aurocs(facts.labels["test"], errors, images)
    return _ahead(mean, resampled, derive(plan.search_seed, "bootstrap seeds", 0))


def _ahead(
    mean: Mapping[str, float], resampled: Mapping[str, Scores], seed: int
) -> dict[str, Block]:
    """The resamples of all contenders have the same images, so differences are paired."""
    return {
        key: {
            "auroc": mean[BEST] - mean[key],
            "ci95": interval(resampled_difference(resampled[BEST], resampled[key], seed)),
        }
        for key in mean
        if key != BEST
    }


def _block(
    plan: Plan,
    contender: Contender,
    seeds: Sequence[SeedScores],
    facts: Facts,
    resampled: Mapping[str, Scores],
) -> Block:
    block: Block = {
        "label": contender.label,
        "detector": contender.detector,
        **_by(contender, seeds[0]),
    }
    for split, labels in facts.labels.items():
        scores = [getattr(seed, split).score for seed in seeds]
        block[split] = in_order(
            {
                **ranking_figures(labels, scores, resampled[split]),
                **decision_figures(labels, scores, [seed.threshold for seed in seeds]),
            }
        )
    block["validation_minus_test"] = {"auroc": _gap(block)}
    block["error_decisions"] = _error_decisions(seeds, facts.labels)
    block |= _of_the_test(plan, seeds, facts)
    block["trainings"] = [_training(plan, seed) for seed in seeds]
    block["diverged_seeds"] = [
        number for number, seed in enumerate(seeds, 1) if not seed.training.whole
    ]
    return block


def _by(contender: Contender, seed: SeedScores) -> Block:
    """The score that all figures but those named after the error are by, where it has a choice."""
    name = contender.hyperparameters.get("score")
    found: Block = {} if name is None else {"score": name}
    return found | ({"supervision": MIXTURE_IS_SUPERVISED} if is_mixed(seed.fitted) else {})


def _gap(block: Block) -> dict[str, Any]:
    """Of the AUROC alone: the other figures depend on the share of anomalies, which differs."""
    pairs = zip(block["validation"]["auroc"]["seeds"], block["test"]["auroc"]["seeds"], strict=True)
    return spread([before - after for before, after in pairs])


def _of_the_test(plan: Plan, seeds: Sequence[SeedScores], facts: Facts) -> Block:
    """By kinds of anomalies, of pixels, and of the error alone, where there are such."""
    labels, classes = facts.labels["test"], facts.test_classes
    scores = [seed.test.score for seed in seeds]
    found: Block = {"by_kind": by_kind(labels, classes, facts.test_class_names, scores)}
    seen = facts.seen(plan.data)
    if seen is not None:
        found |= seen_and_unseen(labels, classes, seen, scores)
    if pixels := pixel_block([seed.pixels for seed in seeds]):
        found["pixels"] = pixels
    errors = [seed.test.error for seed in seeds if is_mixed(seed.fitted)]
    if errors and (known := [error for error in errors if error is not None]):
        found["error_auroc"] = spread([auroc(labels, error) for error in known])
    return found


def _error_decisions(
    seeds: Sequence[SeedScores], labels: Mapping[str, Labels]
) -> dict[str, dict[str, Any]]:
    """Decisions on the reconstruction error alone, by the name of their threshold.

    "regression" is a logistic regression fitted on validation, cut at one half.
    """
    return {
        name: {
            split: decision_figures(
                of_split,
                [getattr(seed, split).error for seed in seeds],
                [seed.error_thresholds[name] for seed in seeds],
            )
            for split, of_split in labels.items()
        }
        for name in seeds[0].error_thresholds
    }


def _training(plan: Plan, seed: SeedScores) -> dict[str, Any]:
    training = seed.training
    return {
        "seed": plan.seeds[training.number],
        "kept_epoch": training.kept_epoch,
        "kept_stage": training.kept_row.stage,
        "diverged_epoch": training.diverged_epoch,
        "why": training.why,
        f"validation_{plan.metric}": [row.metrics[plan.metric] for row in training.rows],
        "seconds": training.seconds,
    }
