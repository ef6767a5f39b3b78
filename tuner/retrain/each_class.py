"""A retrain with each class in turn as the normal one, and a table over all of them.

Every class has a folder like a run's below the search's `classes`, with a report and a model.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.data.config import DataConfig
from models.data.sources import find
from models.data.split import Split, load_splits
from models.data.tasks import find_tasks, with_splits
from tuner.cli.output import Say
from tuner.cli.text import aligned, counted
from tuner.errors import TunerError
from tuner.figures.metrics import BEST, Metrics, keyed_blocks, write_metrics
from tuner.figures.task import data_configuration, dataset_title
from tuner.figures.words import INSPECTION, prose, share, spread_text
from tuner.record.compatibility import recorded_space
from tuner.record.run_folder import RunFolder
from tuner.report.writing import report_line
from tuner.retrain.divergences import diverged_seeds
from tuner.retrain.flow import retrain
from tuner.retrain.run_check import check_splits
from tuner.retrain.work_dir import install, made_in, work_folder
from tuner.space import Space, dump_space


@dataclass(frozen=True, kw_only=True)
class EachSummary:
    """What the retrains of all classes have come to; `trained` if any class was trained now."""

    run_folder: Path
    metrics: Metrics
    trained: bool
    report: str = ""

    @property
    def best(self) -> Metrics:
        """The test AUROC of what the search found best, the mean over classes."""
        return {"auroc": self.metrics["mean"][BEST]}

    def __repr__(self) -> str:
        """In a line: a notebook shows it."""
        state = "trained" if self.trained else "as stored"
        auroc = self.best["auroc"]["mean"]
        return f"<EachSummary of {self.run_folder}: mean test AUROC {auroc:.4f}, {state}>"

    def lines(self) -> list[str]:
        """A row for each class, the mean of them, and where the files are."""
        metrics, folder = self.metrics, RunFolder(self.run_folder)
        classes, mean = metrics["classes"], metrics["mean"]
        made = "; chosen on synthetic anomalies" if metrics["selection"] == "synthetic-val" else ""
        rows = [
            ["normal", *(metrics["labels"][key] for key in mean)],
            *([name, *_cells(of["auroc"], mean)] for name, of in classes.items()),
            ["mean", *_cells(mean, mean)],
        ]
        return [
            *prose(
                f"Test figures on {metrics['dataset']}, each class in turn normal, "
                f"{counted(mean[BEST]['n'], 'fresh seed')} each{made}."
            ),
            "",
            *_inspection_lines(metrics),
            "Test AUROC:",
            "",
            *aligned(rows),
            "",
            *prose(
                "± is the standard deviation over seeds; that of the mean is of the means over "
                "classes."
            ),
            *_diverged_lines(metrics),
            f"Files: {folder.metrics}, each class's report and model: {folder.classes}",
            *filter(None, [self.report]),
        ]


def retrain_each(
    run_folder: Path,
    *,
    space: Space,
    say: Say,
    track: Callable[[Metrics], None] | None = None,
    **options: Any,
) -> EachSummary:
    """Retrain the configuration once for each class as the normal one, as `retrain` does.

    `options` are those of `retrain`. A class whose report is there already is not trained again,
    so what was broken off goes on with the next class. Raises TunerError as `retrain` does, and
    DataProblem.
    """
    folder, reports, trained = RunFolder(run_folder), {}, False
    with work_folder(folder) as work:
        todo = _tasks(folder, space)
        places = class_folders(folder, [data.normal_text for data, _ in todo])
        for number, (data, split) in enumerate(todo):
            name = data.normal_text
            say(f"Class {number + 1} of {len(todo)}: {name} is normal.")
            of_class = _set_up(places[name], space, data, split)
            try:
                place = places[name].path
                summary = retrain(place, space=of_class, record=folder, say=say, **options)
            except TunerError as error:
                raise TunerError(f"normal {name}: {error}") from error
            reports[name] = summary.metrics
            trained |= summary.trained
        metrics = _overall(space.data, reports, places)
        made = made_in(
            work / "report", lambda new: write_metrics(metrics, new / folder.metrics.name)
        )
        install(folder.report, made)
    if track is not None and trained:
        track(metrics)
    said = report_line(folder)
    return EachSummary(run_folder=run_folder, metrics=metrics, trained=trained, report=said)


def class_folders(folder: RunFolder, names: Sequence[str]) -> dict[str, RunFolder]:
    """A folder for each class, named after it by letters, digits and . _ + - alone."""
    plain = [re.sub(r"[^\w.+-]+", "-", name).strip("-.") for name in names]
    if "" in plain or len({name.casefold() for name in plain}) < len(names):
        plain = [f"{number}-{name}" for number, name in enumerate(plain)]
    return {name: RunFolder(folder.classes / own) for name, own in zip(names, plain, strict=True)}


def _tasks(folder: RunFolder, space: Space) -> list[tuple[DataConfig, Split | None]]:
    """Each class's data, with the search's own split where that is of the same data."""
    recorded = recorded_space(folder)
    if recorded is not None and recorded.data == space.data and folder.split.exists():
        splits = load_splits(folder.split)
        check_splits(splits, folder)
        return list(with_splits(space.data, splits))
    return [(data, None) for data in find_tasks(space.data, find(space.data))]


def _set_up(place: RunFolder, space: Space, data: DataConfig, split: Split | None) -> Space:
    """Leave the class's configuration, and its split, as a search of that class would."""
    of_class = Space.model_validate(space.model_dump() | {"data": data})
    dump_space(of_class, place.best)
    if split is None:
        place.split.unlink(missing_ok=True)
    else:
        split.save(place.split)
    return of_class


def _overall(
    data: DataConfig, reports: Mapping[str, Metrics], places: Mapping[str, RunFolder]
) -> Metrics:
    """The AUROC of every contender for each class, and the mean over classes of each seed."""
    from tuner.retrain.evaluation import spread  # noqa: PLC0415 - scikit-learn

    first = next(iter(reports.values()))
    labels = {key: block["label"] for key, block in keyed_blocks(first).items()}
    classes: dict[str, dict[str, Any]] = {
        name: {
            "folder": f"{places[name].path.parent.name}/{places[name].path.name}",
            "best": {
                figure: report["test"][figure] for figure in INSPECTION if figure in report["test"]
            },
            "auroc": {key: block["test"]["auroc"] for key, block in keyed_blocks(report).items()},
            "diverged_seeds": {
                key: seeds
                for key, block in keyed_blocks(report).items()
                if (seeds := diverged_seeds(block))
            },
        }
        for name, report in reports.items()
    }
    mean = {}
    for key in labels:
        of_classes = [of["auroc"][key]["seeds"] for of in classes.values() if key in of["auroc"]]
        if len(of_classes) == len(classes):
            by_seed = zip(*of_classes, strict=True)
            mean[key] = spread([sum(values) / len(values) for values in by_seed])
    return {
        "dataset": dataset_title(data),
        "normal": data.normal_text,
        "configuration": first["configuration"] | {"data": data_configuration(data)},
        "selection": first["selection"],
        "labels": labels,
        "classes": classes,
        "mean": mean,
    }


def _inspection_lines(metrics: Metrics) -> list[str]:
    """What inspection asks of the best, for each class; of reports that have it."""
    rows = [
        [name, *(share(of["best"].get(figure)) for figure in INSPECTION)]
        for name, of in metrics["classes"].items()
        if "best" in of
    ]
    if not rows:
        return []
    said = (
        f"{metrics['labels'][BEST]}, the share of anomalies missed at 1% and 5% false alarms, and"
    )
    heading = ["normal", *INSPECTION.values()]
    return [*prose(f"{said} balanced accuracy:"), "", *aligned([heading, *rows]), ""]


def _diverged_lines(metrics: Metrics) -> list[str]:
    """The seeds of each class that are no whole trainings."""
    return [
        line
        for name, of in metrics["classes"].items()
        for key, seeds in of["diverged_seeds"].items()
        for line in prose(
            f"Normal {name}: {metrics['labels'][key]} diverged with "
            f"seed {', '.join(map(str, seeds))}, which is no whole training; its best epoch before "
            "counts."
        )
    ]


def _cells(figures: Mapping[str, Any], keys: Mapping[str, Any]) -> list[str]:
    return [spread_text(figures[key]) for key in keys]
