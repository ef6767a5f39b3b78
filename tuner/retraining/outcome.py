"""After training: open the test split, score it, and put report, pictures and model in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.data.images import LabelledImages, TrainingData, load_test
from models.data.sources import check_test
from models.data.split import Split
from models.fitted import FittedDetector
from tuner.errors import TunerError
from tuner.notices import Say
from tuner.retraining.gate import Openings, open_test
from tuner.retraining.pictures.confusion import confusion_figure
from tuner.retraining.pictures.curves import precision_recall_figure, roc_figure
from tuner.retraining.pictures.examples import examples_figure
from tuner.retraining.pictures.style import save
from tuner.retraining.plan import AUTOENCODER, BEST, Plan, Setting
from tuner.retraining.report import Metrics, make_metrics, write_metrics
from tuner.retraining.scores import SeedScores, score_arrays, seed_scores
from tuner.retraining.training import Trained, load_images
from tuner.retraining.workplace import install, made_in

Scored = dict[str, Sequence[SeedScores]]


@dataclass(frozen=True, kw_only=True)
class _Tested:
    """All that the report's files are made from."""

    plan: Plan
    split: Split
    data: TrainingData
    test: LabelledImages
    scores: Scored
    metrics: Metrics
    best: SeedScores


def report_on_test(setting: Setting, split: Split, trained: Sequence[Trained], say: Say) -> Metrics:
    """Open the test split, this once, and leave retrain/ and model/ in the run's folder."""
    run_folder, data = setting.plan.run_folder, load_images(setting)
    check_test(setting.plan.data, setting.source)  # what cannot be opened is not counted
    for one in trained:
        _check_usable(one, data)
    openings = open_test(setting.plan)
    _announce(openings, say)
    test = load_test(setting.plan.data, setting.source)
    tested = _evaluate(setting.plan, split, data, test, trained=trained, openings=openings)
    report = made_in(setting.work / "report", lambda folder: _write_report(tested, folder))
    model = made_in(setting.work / "model", tested.best.fitted.to("cpu").save)
    install(run_folder.model, model)
    install(run_folder.report, report)
    return tested.metrics


def _check_usable(one: Trained, data: TrainingData) -> None:
    """Raise TunerError for a detector that cannot be loaded or scores nothing."""
    try:
        FittedDetector.load(one.folder).score(data.validation.images[:2])
    except Exception as error:
        raise TunerError(
            f"{one.contender}, training {one.number + 1}, cannot be used: "
            f"{type(error).__name__}: {error}. The test split was not opened."
        ) from error


def _evaluate(
    plan: Plan,
    split: Split,
    data: TrainingData,
    test: LabelledImages,
    *,
    trained: Sequence[Trained],
    openings: Openings,
) -> _Tested:
    scores = _score(plan, trained, data, test)
    best = best_seed(plan, scores[BEST])
    labels = {"validation": data.validation.anomalous.numpy(), "test": test.anomalous.numpy()}
    metrics = make_metrics(plan, scores, labels, openings=openings, split_digest=split.digest)
    metrics["model_seed"] = plan.seeds[best.training.number]
    return _Tested(
        plan=plan, split=split, data=data, test=test, scores=scores, metrics=metrics, best=best
    )


def best_seed(plan: Plan, seeds: Sequence[SeedScores]) -> SeedScores:
    """The training of the highest validation metric: its detector is the model that is kept."""
    return max(seeds, key=lambda seed: seed.training.kept_row.metrics[plan.metric])


def _announce(openings: Openings, say: Say) -> None:
    if openings.of_configuration > 1:
        say(
            f"Warning: this is opening {openings.of_configuration} of the test split for this "
            "configuration; its figures are no longer those of a split that nobody has seen."
        )
    else:
        say("Training is done; the test split is opened now, for the only time.")


def _score(
    plan: Plan, trained: Sequence[Trained], data: TrainingData, test: LabelledImages
) -> Scored:
    return {
        contender.key: [
            seed_scores(training, data, test, autoencoder=contender.detector == AUTOENCODER)
            for training in sorted(trained, key=lambda one: one.number)
            if training.contender == contender.key
        ]
        for contender in plan.contenders
    }


def _write_report(tested: _Tested, folder: Path) -> None:
    _write_scores(tested, folder / "scores.npz")
    _draw(tested, folder)
    write_metrics(tested.metrics, folder / tested.plan.run_folder.metrics.name)


def _write_scores(tested: _Tested, path: Path) -> None:
    """All scores [seeds, images] with each image's row in its official part, label and class."""
    split, test = tested.split, tested.test
    rows = {
        "validation": np.concatenate([split.validation_normals, split.validation_anomalies]),
        "test": np.arange(len(test.images)),
    }
    arrays: dict[str, Any] = dict(score_arrays(tested.scores))
    for name, images in (("validation", tested.data.validation), ("test", test)):
        arrays[f"{name}_index"] = rows[name]
        arrays[f"{name}_label"] = images.anomalous.numpy()
        arrays[f"{name}_class"] = images.classes.numpy()
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _draw(tested: _Tested, folder: Path) -> None:
    labels = tested.test.anomalous.numpy()
    scores = {key: [seed.test.score for seed in seeds] for key, seeds in tested.scores.items()}
    save(roc_figure(tested.metrics, labels, scores), folder / "roc.png")
    save(precision_recall_figure(tested.metrics, labels, scores), folder / "pr.png")
    save(confusion_figure(tested.metrics), folder / "confusion.png")
    for name, images in (("fit", tested.data.fit), ("test", tested.test)):
        figure = examples_figure(tested.plan, tested.best.fitted, images, name)
        if figure is not None:
            save(figure, folder / f"examples-{name}.png")
