"""A whole retrain, from a configuration to the files it leaves. Imports torch when it trains."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from models.data.config import DataConfig
from models.data.protocol import check_content, make_split
from models.data.registry import FOLDER
from models.data.sources import DataNotFound, DataProblem, Source, check_test, find
from models.data.split import Split
from tuner.backend.address import named_address, reached
from tuner.cli.command_text import command, word_of
from tuner.cli.output import Say, say
from tuner.errors import TunerError
from tuner.figures.advice import advice
from tuner.figures.metrics import Metrics, damaged, is_ensemble, model_test
from tuner.figures.task import without_place
from tuner.figures.words import prose
from tuner.record.compatibility import recorded_space
from tuner.record.run_folder import RunFolder
from tuner.report.writing import report_line
from tuner.results.no_result import no_best
from tuner.retrain.choosing.candidates import Asked
from tuner.retrain.choosing.course import course_of
from tuner.retrain.jobs import train_all
from tuner.retrain.ledger import check_record
from tuner.retrain.plan import Plan, Setting, make_plan
from tuner.retrain.report import stored_metrics
from tuner.retrain.run_check import check_run, check_splits
from tuner.retrain.summary import summary_lines
from tuner.retrain.work_dir import work_folder
from tuner.space import Space, load_space
from tuner.storage import Storage


@dataclass(frozen=True, kw_only=True)
class RetrainSummary:
    """What a retrain has come to; `trained` is False where a stored report answered.

    `report` says where report.html is, "" where there is no search for it to be of.
    """

    run_folder: Path
    metrics: Metrics
    trained: bool
    report: str = ""

    @property
    def best(self) -> Metrics:
        """The test figures of what the search found best, by name: `best["auroc"]["mean"]`."""
        figures: Metrics = self.metrics["test"]
        return figures

    def __repr__(self) -> str:
        """In a line: a notebook shows it."""
        auroc = model_test(self.metrics)["auroc"]["mean"]
        state = "trained" if self.trained else "as stored"
        return f"<RetrainSummary of {self.run_folder}: test AUROC {auroc:.4f}, {state}>"

    def lines(self) -> list[str]:
        """The report, where its files are and what to type next, for the console."""
        folder = RunFolder(self.run_folder)
        what = "the ensemble" if is_ensemble(self.metrics) else "the best seed's model"
        files = f"Files: {folder.report}, {what}: {folder.model}"
        lines = [*summary_lines(self.metrics), files, *_to_do(self.metrics, folder)]
        return [*lines, self.report] if self.report else lines


def _to_do(metrics: Metrics, folder: RunFolder) -> list[str]:
    """Whether to use the model, and the commands that do; where it is advised against, none."""
    found = advice(metrics)
    if not found.instead:
        return [*prose(found.sentence), *_next_commands(folder)]
    told = ["The report says what to type."] if folder.space.exists() else []
    return prose(found.sentence, *told)


def _next_commands(folder: RunFolder) -> list[str]:
    """Commands as they are typed in this folder, IMAGES being a folder of pictures."""
    names = ["scores.csv", "maps", "detector.onnx"]
    if any(Path(name).exists() for name in names):  # of another run: they are never overwritten
        flat = folder.name.replace(f"/{folder.path.parent.name}/", "-")  # of a class: its search's
        names = [f"{flat}-{name}" for name in names]
    scores, maps, detector = map(Path, names)
    of_model = ("--model", folder.model)
    score = command(
        "tuner.score", *of_model, "IMAGES", "--out", scores, "--heatmaps", f"{word_of(maps)}/"
    )
    export = command("tuner.export", *of_model, "--out", detector)
    return ["Score pictures with it, or take it elsewhere:", f"  {score}", f"  {export}"]


def retrain(  # noqa: PLR0913
    run_folder: Path,
    *,
    space: Space | None = None,
    seeds: int = 3,
    epochs: int | None = None,
    baselines: bool = True,
    published: bool | None = None,
    again: bool = False,
    address: str | None = None,
    storage: Storage | None = None,
    record: RunFolder | None = None,
    say: Say = say,
    track: Callable[[Metrics], None] | None = None,
    among: Asked | None = None,
    ensemble: int | None = None,
) -> RetrainSummary:
    """Train the configuration with fresh seeds, open the test split once, write the report.

    `space` is the folder's best.yaml unless it is given. `published` adds the published set that
    the search found best, trained alike; None does where the search has tried it to its end, and
    there are baselines. `record` is the search's run, where the folder is not. A report that holds
    all this already is returned, unless `again`. The cluster at `address` or $RAY_ADDRESS trains,
    with the images from the run's `storage`; else this machine. `track` receives a new report.
    With `among`, what is trained is the one of the search's best few that fresh seeds choose.
    Raises TunerError for what people can put right; leaves no process and no part of a file,
    however it ends.
    """
    folder = RunFolder(run_folder)
    space = space or _best_space(folder)
    if space.data.each:
        raise TunerError(
            "data.normal is each: python -m tuner.retrain --run retrains every class of a search"
        )
    planned = partial(
        make_plan,
        folder,
        epochs=epochs,
        baselines=baselines,
        published=published,
        record=record,
        ensemble=ensemble or 0,
    )
    plan = planned(space, seeds=seeds)
    if ensemble and among is None and seeds < ensemble:
        raise TunerError(
            f"--ensemble {ensemble} averages {ensemble} trainings, and there are --seeds {seeds}: "
            f"give --seeds {ensemble}, or a smaller ensemble"
        )
    course = None if among is None else course_of(among, space, plan, planned)
    stored = None
    if not again:
        stored = stored_metrics(plan) if course is None else course.stored()
    if stored is not None and _same_pictures(plan, stored):
        say("Nothing to train: the report for this configuration, seeds and epochs is there.")
        return _stored_summary(folder, stored)
    check_record(plan)
    if not again and course is None and folder.metrics.exists():
        what = "images" if stored is not None else "settings, seeds or epochs"
        say(f"The report that is there is of other {what}: this one replaces it.")
    if cluster := named_address(address):
        reached(cluster)  # before the images are prepared
    for line in plan.left_out if course is None else course.notes:
        say(line)
    # torch and matplotlib: late, to be light until here, and before hours of training, not after.
    from tuner.retrain.ensemble import in_turns, members_of_best  # noqa: PLC0415
    from tuner.retrain.final_test import report_on_test  # noqa: PLC0415

    with work_folder(folder) as work:
        setting, split = _prepare(plan, work)
        if course is None:
            trained = train_all(setting, say, address=address, storage=storage)
            members = in_turns([members_of_best(plan, trained, plan.best.label)], plan.ensemble)
            metrics = report_on_test(setting, split, trained, say, members)
        else:
            metrics = course.tested(
                setting, split, say, address=address, storage=storage, again=again
            )
    if track is not None:
        track(metrics)
    said = report_line(folder)
    return RetrainSummary(run_folder=run_folder, metrics=metrics, trained=True, report=said)


def _stored_summary(folder: RunFolder, stored: Metrics) -> RetrainSummary:
    """Raises TunerError where a report of an earlier version, which has no sum, cannot be shown."""
    summary = RetrainSummary(run_folder=folder.path, metrics=stored, trained=False)
    try:
        summary.lines()
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise damaged(folder.metrics, f"it has not what a report has: {error!r}") from error
    return replace(summary, report=report_line(folder))


def _best_space(run_folder: RunFolder) -> Space:
    if not run_folder.best.exists():
        raise TunerError(no_best(run_folder))
    check_run(run_folder)
    return load_space(run_folder.best)


def _prepare(plan: Plan, work: Path) -> tuple[Setting, Split]:
    """The data and the split."""
    source, split = _opened(plan)
    split_file = work / plan.run_folder.split.name
    split.save(split_file)
    return Setting(plan=plan, source=source, split_file=split_file, work=work), split


def _opened(plan: Plan) -> tuple[Source, Split]:
    """The images, which are there and readable, and the split: the search's own for its own data.

    Raises TunerError where the images cannot be had, or are no longer those of the search.
    """
    try:
        source = find(plan.data)
        check_test(plan.data, source)  # before hours of training
        split = _kept_split(plan, source) or make_split(plan.data, source)
        check_content(plan.data, source, split)
    except DataProblem as error:
        raise TunerError(str(error)) from error
    return source, split


def _kept_split(plan: Plan, source: Source) -> Split | None:
    """The search's split; None where it was made for other data, as those of another folder."""
    recorded = _recorded_data(plan)
    if recorded is None:
        return None
    split = Split.load(plan.run_folder.split)
    check_splits((split,), plan.run_folder)
    if split.content and recorded.folder != plan.data.folder:
        try:
            check_content(plan.data, source, split)
        except DataNotFound:
            return None
    return split


def _recorded_data(plan: Plan) -> DataConfig | None:
    """The data that the run's split was made for; None where they differ from the plan's."""
    recorded = recorded_space(plan.run_folder)
    if recorded is None and plan.run_folder.best.exists():
        recorded = _best_space(plan.run_folder)
    if recorded is None or not plan.run_folder.split.exists():
        return None
    same = without_place(recorded.data) == without_place(plan.data)
    return recorded.data if same else None


def _same_pictures(plan: Plan, stored: Metrics) -> bool:
    """Published data never change; which files of a folder a report is of, its split tells."""
    if plan.data.dataset != FOLDER:
        return True
    recorded = _recorded_data(plan)
    if recorded is None or recorded.folder != plan.data.folder:
        _, split = _opened(plan)
    else:
        try:
            split = Split.load(plan.run_folder.split)
        except DataProblem as error:
            raise TunerError(str(error)) from error
    return bool(split.digest == stored.get("split_digest"))
