"""A whole retrain, from a configuration to the files it leaves. Imports torch when it trains."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from models.data.protocol import make_split
from models.data.sources import DataProblem, check_test, find
from models.data.split import Split
from tuner.errors import TunerError
from tuner.notices import Say
from tuner.record.run_folder import RunFolder
from tuner.resume import recorded_space
from tuner.retraining.gate import check_record
from tuner.retraining.jobs import train_all
from tuner.retraining.plan import Plan, Setting, make_plan
from tuner.retraining.report import Metrics, flat_metrics, stored_metrics
from tuner.retraining.summary import summary_lines
from tuner.retraining.workplace import work_folder
from tuner.space import Space, load_space


@dataclass(frozen=True, kw_only=True)
class RetrainSummary:
    """What a retrain has come to; `trained` is False where a stored report answered."""

    run_folder: Path
    metrics: Metrics
    trained: bool

    def lines(self) -> list[str]:
        """The report and where its files are, for the console."""
        folder = RunFolder(self.run_folder)
        files = f"Files: {folder.report}, the best seed's model: {folder.model}"
        return [*summary_lines(self.metrics), files]


def retrain(  # noqa: PLR0913
    run_folder: Path,
    *,
    space: Space | None = None,
    seeds: int = 3,
    epochs: int | None = None,
    baselines: bool = True,
    published: bool = False,
    again: bool = False,
    say: Say,
    track: Callable[[dict[str, float]], None] | None = None,
) -> RetrainSummary:
    """Train the configuration with fresh seeds, open the test split once, write the report.

    `space` is the folder's best.yaml unless it is given. `published` adds the detector's published
    defaults, trained alike. A report that holds all this already is returned, unless `again`.
    `track` receives the flat test figures of a new report. Raises TunerError for what people can
    put right; leaves no process and no part of a file, however it ends.
    """
    folder = RunFolder(run_folder)
    space = space or _best_space(folder)
    plan = make_plan(
        folder, space, seeds=seeds, epochs=epochs, baselines=baselines, published=published
    )
    stored = None if again else stored_metrics(plan)
    if stored is not None:
        say("Nothing to train: the report for this configuration, seeds and epochs is there.")
        return RetrainSummary(run_folder=run_folder, metrics=stored, trained=False)
    check_record(plan)
    # torch and matplotlib: late, to be light until here, and before hours of training, not after.
    from tuner.retraining.outcome import report_on_test  # noqa: PLC0415

    with work_folder(folder) as work:
        setting, split = _prepare(plan, work)
        metrics = report_on_test(setting, split, train_all(setting, say), say)
    if track is not None:
        track(flat_metrics(metrics))
    return RetrainSummary(run_folder=run_folder, metrics=metrics, trained=True)


def _best_space(run_folder: RunFolder) -> Space:
    if not run_folder.best.exists():
        raise TunerError(f"{run_folder} has no {run_folder.best.name}: let the search end first")
    return load_space(run_folder.best)


def _prepare(plan: Plan, work: Path) -> tuple[Setting, Split]:
    """The data and the split: the search's own where it was made for the same data."""
    try:
        source = find(plan.data)
        check_test(plan.data, source)  # before hours of training
        split = _search_split(plan) or make_split(plan.data, source)
    except DataProblem as error:
        raise TunerError(str(error)) from error
    split_file = work / plan.run_folder.split.name
    split.save(split_file)
    return Setting(plan=plan, source=source, split_file=split_file, work=work), split


def _search_split(plan: Plan) -> Split | None:
    recorded = recorded_space(plan.run_folder)
    if recorded is None and plan.run_folder.best.exists():
        recorded = _best_space(plan.run_folder)
    if recorded is None or not plan.run_folder.split.exists():
        return None
    same = replace(recorded.data, folder=None) == replace(plan.data, folder=None)
    return Split.load(plan.run_folder.split) if same else None
