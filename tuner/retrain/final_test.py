"""After training: open the test split, score it, and put report, pictures and model in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from models.arrays import Scores
from models.data.images import LabelledImages, TrainingData
from models.data.protocol import pictures_digest
from models.data.sources import check_test
from models.data.split import Split
from models.ensemble import Scoring
from models.fitted import FittedDetector
from tuner.cli.output import Say, reminding
from tuner.errors import TunerError
from tuner.figures.metrics import (
    AUTOENCODER,
    BEST,
    ENSEMBLE,
    Metrics,
    is_ensemble,
    model_block,
    write_metrics,
)
from tuner.retrain.card import make_card, write_card
from tuner.retrain.contender_figures import make_blocks
from tuner.retrain.contenders import Contender
from tuner.retrain.ensemble import Member, Weighed, ensemble_block, weigh
from tuner.retrain.example_images import telling_arrays
from tuner.retrain.ledger import Openings, open_test
from tuner.retrain.pictures.chosen import Shown
from tuner.retrain.pictures.confusion import confusion_figure
from tuner.retrain.pictures.curves import precision_recall_figure, roc_figure
from tuner.retrain.pictures.examples import examples_figure
from tuner.retrain.pictures.generated import generated_figure
from tuner.retrain.pictures.maps import maps_figure
from tuner.retrain.pictures.style import save
from tuner.retrain.plan import Plan, Setting
from tuner.retrain.replaced import verdict_kept
from tuner.retrain.report import make_metrics
from tuner.retrain.report_facts import Facts
from tuner.retrain.scores import SeedScores, score_arrays, seed_scores
from tuner.retrain.test_images import Opened, open_images
from tuner.retrain.training import Trained, load_images
from tuner.retrain.work_dir import install, made_in

Scored = dict[str, Sequence[SeedScores]]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Model:
    """What is kept as the model, and its score [N] of the test images."""

    fitted: Scoring
    score: Scores


@dataclass(frozen=True, kw_only=True)
class _Tested:
    """All that the report's files are made from."""

    plan: Plan
    split: Split
    data: TrainingData
    test: Opened
    scores: Scored
    metrics: Metrics
    model: _Model
    weighed: Weighed | None


def report_on_test(
    setting: Setting,
    split: Split,
    trained: Sequence[Trained],
    say: Say,
    members: Sequence[Member] = (),
) -> Metrics:
    """Open the test split, this once, and leave retrain/ and model/ in the run's folder.

    `members` are those of the ensemble, where the plan asks for one.
    """
    run_folder, data = setting.plan.run_folder, load_images(setting)
    check_test(setting.plan.data, setting.source)  # what cannot be opened is not counted
    for one in trained:
        _check_usable(one, one.contender, data)
    for member in members:
        _check_usable(member.trained, member.label, data)
    weighed = None
    if setting.plan.ensemble:
        weighed = weigh(setting.plan, members, best_training(setting.plan, trained), data)
    images = pictures_digest(setting.plan.data, setting.source)
    normal = [split.class_names[each] for each in split.normal_classes]
    openings = open_test(setting.plan, images, normal, split.digest)
    _announce(openings, say, setting.plan.unrecorded)
    test = open_images(setting.plan.data, setting.source, split)
    tested = _evaluate(
        setting.plan, split, data, test, trained=trained, openings=openings, weighed=weighed
    )
    report = made_in(setting.work / "report", lambda folder: _write_report(tested, folder))
    model = made_in(setting.work / "model", lambda folder: _write_model(tested, folder))
    install(run_folder.model, model)
    install(run_folder.report, report)
    return tested.metrics


def _check_usable(one: Trained, label: str, data: TrainingData) -> None:
    """Raise TunerError for a detector that cannot be loaded or scores nothing."""
    try:
        FittedDetector.load(one.folder).score(data.validation.images[:2])
    except Exception as error:
        raise TunerError(
            f"{label}, training {one.number + 1}, cannot be used: "
            f"{type(error).__name__}: {error}. The test split was not opened."
        ) from error


def _evaluate(  # noqa: PLR0913
    plan: Plan,
    split: Split,
    data: TrainingData,
    test: Opened,
    *,
    trained: Sequence[Trained],
    openings: Openings,
    weighed: Weighed | None,
) -> _Tested:
    images = test.images
    scores = _score(plan, trained, data, images)
    best = best_training(plan, trained)
    facts = Facts(
        split=split,
        labels={
            "validation": data.validation.anomalous.numpy(),
            "test": images.anomalous.numpy(),
        },
        test_classes=images.classes.numpy(),
        test_class_names=test.class_names,
        synthetic_test=test.synthetic,
        openings=openings,
    )
    blocks = make_blocks(plan, scores, facts)
    metrics = make_metrics(plan, blocks, facts)
    if kept := verdict_kept(plan, metrics):
        metrics["beaten_before"] = kept
    metrics["model_seed"] = plan.seeds[best.number]
    model = _model(scores[BEST], best, weighed, images)
    if weighed is not None:
        metrics[ENSEMBLE] = ensemble_block(plan, weighed, images, model.score, blocks, facts)
    return _Tested(
        plan=plan,
        split=split,
        data=data,
        test=test,
        scores=scores,
        metrics=metrics,
        model=model,
        weighed=weighed,
    )


def best_training(plan: Plan, trained: Sequence[Trained]) -> Trained:
    """Of the best, the whole training of the highest validation metric: it is the model alone.

    Only where all have diverged is it one of these.
    """
    key = lambda one: (one.whole, one.kept_row.metrics[plan.metric])  # noqa: E731
    of_best = (one for one in trained if one.contender == BEST)
    return max(sorted(of_best, key=lambda one: one.number), key=key)


def _model(
    seeds: Sequence[SeedScores], best: Trained, weighed: Weighed | None, test: LabelledImages
) -> _Model:
    """The ensemble where validation is for it, else the best training."""
    if weighed is not None and weighed.is_kept:
        score = weighed.ensemble.score(test.images).numpy()
        return _Model(fitted=weighed.ensemble, score=score)
    alone = next(seed for seed in seeds if seed.training.number == best.number)
    return _Model(fitted=alone.fitted, score=alone.test.score)


def _announce(openings: Openings, say: Say, unrecorded: str = "") -> None:
    least = "at least " if openings.at_least else ""
    if openings.of_configuration > 1:
        say(
            f"Warning: this is {least}opening {openings.of_configuration} of the test split for "
            "this configuration; its figures are no longer those of a split that nobody has seen."
        )
    elif openings.at_least:
        say(
            f"Training is done; the test split is opened now. This configuration comes from "
            f"{unrecorded}, whose record is not here: whether its test split was opened before is "
            "not known."
        )
        if openings.of_task > 1:
            say(f"It is at least opening {openings.of_task} of these images, by any detector.")
    elif openings.of_task > 1:
        say(
            f"Training is done; the test split is opened now, for the first time for this "
            f"configuration. It is opening {openings.of_task} of these images, by whatever "
            "detector: what was chosen by an earlier one has seen them."
        )
    else:
        say("Training is done; the test split is opened now, for the first time on record.")


def _score(
    plan: Plan, trained: Sequence[Trained], data: TrainingData, test: LabelledImages
) -> Scored:
    return {
        contender.key: [
            _scores_of(plan, training, contender, data, test)
            for training in sorted(trained, key=lambda one: one.number)
            if training.contender == contender.key
        ]
        for contender in plan.contenders
    }


def _scores_of(
    plan: Plan, training: Trained, contender: Contender, data: TrainingData, test: LabelledImages
) -> SeedScores:
    """Minutes, where a detector searches something for every image."""
    with reminding(f"Scoring with {plan.seed_text(contender, training.number)}"):
        return seed_scores(training, data, test, autoencoder=contender.detector == AUTOENCODER)


def _write_report(tested: _Tested, folder: Path) -> None:
    run_folder, model = tested.plan.run_folder, tested.model
    _write_scores(tested, folder / run_folder.scores.name)
    if shown := telling_arrays(model.fitted, tested.test, model.score):
        np.savez_compressed(folder / run_folder.telling_images.name, allow_pickle=False, **shown)
    _draw(tested, folder)
    write_metrics(tested.metrics, folder / run_folder.metrics.name)


def _write_model(tested: _Tested, folder: Path) -> None:
    fitted = tested.model.fitted.to("cpu")
    fitted.save(folder)
    write_card(make_card(tested.metrics, fitted), folder)


def _write_scores(tested: _Tested, path: Path) -> None:
    """All scores [seeds, images] with each image's row in its official part, label and class.

    The row of an anomaly that was made is -1. Images that are files have their names.
    """
    split = tested.split
    rows = {
        "validation": np.concatenate([split.validation_normals, split.validation_anomalies]),
        "test": np.arange(len(tested.test.images.images) // (2 if tested.test.synthetic else 1)),
    }
    arrays: dict[str, Any] = dict(score_arrays(tested.scores))
    if tested.weighed is not None and tested.weighed.is_kept:
        arrays[f"validation_{ENSEMBLE}"] = np.stack([tested.weighed.scores])
        arrays[f"test_{ENSEMBLE}"] = np.stack([tested.model.score])
    for name, images in (("validation", tested.data.validation), ("test", tested.test.images)):
        made = np.full(len(images.images) - len(rows[name]), -1)
        arrays[f"{name}_index"] = np.concatenate([rows[name], made])
        arrays[f"{name}_label"] = images.anomalous.numpy()
        arrays[f"{name}_class"] = images.classes.numpy()
    if names := tested.test.images.names:
        arrays["test_name"] = np.array(names)
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _draw(tested: _Tested, folder: Path) -> None:
    labels = tested.test.images.anomalous.numpy()
    scores = {key: [seed.test.score for seed in seeds] for key, seeds in tested.scores.items()}
    if is_ensemble(tested.metrics):
        scores[ENSEMBLE] = [tested.model.score]
    figures: dict[str, Figure | None] = {
        "roc": roc_figure(tested.metrics, labels, scores),
        "pr": precision_recall_figure(tested.metrics, labels, scores),
        "confusion": confusion_figure(tested.metrics),
    }
    of_fit = Opened(images=tested.data.fit, class_names=tested.split.class_names)
    label = model_block(tested.metrics)["label"]
    shown = Shown(plan=tested.plan, fitted=tested.model.fitted, label=label)
    figures["examples-fit"] = examples_figure(shown, of_fit, "images it was trained on")
    of_test = tested.model.score
    figures["examples-test"] = examples_figure(shown, tested.test, "test images", of_test)
    figures["maps-test"] = maps_figure(shown, tested.test, of_test)
    figures["generated"] = generated_figure(shown)
    for name, figure in figures.items():
        if figure is not None:
            save(figure, folder / f"{name}.png")
