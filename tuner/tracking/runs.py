"""W&B's runs: of each trial, of the search, of a retrain. The only module that imports wandb.

Every call here may take long or raise: `listener` keeps both away from the search.
"""

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.seeds import trial_seed
from tuner.tracking.environment import variables, without_leftovers
from tuner.tracking.told import Searched, row_values, tags, trial_name

if TYPE_CHECKING:
    import wandb

Mode = Literal["online", "offline", "off"]

_FINISHED = "finished"  # a file of this name marks the folder of a run that is whole
_SEARCH = "search"  # job type of a search's own run, and what its id is made of
_INIT_SECONDS = 20.0
FINISH_SECONDS = 15.0
_UPLOAD_SECONDS = 25.0  # of a report of some megabytes; a search's end waits a little longer


@dataclass(frozen=True, kw_only=True)
class TrackingConfig:
    """Where the runs go: W&B makes its folder `wandb` inside `folder`.

    `uid` tells this search from another of the same name, so that W&B never mixes their runs.
    """

    folder: RunFolder
    uid: str
    mode: Mode
    project: str
    facts: Mapping[str, object] = field(default_factory=dict)
    """What all its runs have in common, for their config."""
    searched: Sequence[str] = ()
    """The hyperparameters that are searched, in the space file's order."""

    def run_id(self, of: int | str) -> str:
        """Id of a W&B run, of a trial's by its number: the same in every process and resume."""
        text = f"{self.folder.name}\0{self.uid}\0{of}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Retrained:
    """What a retrain's run holds: its configuration, a row an epoch, test figures, pictures."""

    config: Mapping[str, object]
    rows: Sequence[Mapping[str, float]]
    figures: Mapping[str, float]
    pictures: Mapping[str, Path] = field(default_factory=dict)


@dataclass
class _OpenRun:
    run: "wandb.Run"
    view: TrialView
    next_epoch: int
    outdated: list[Path] = field(default_factory=list)


class Runs:
    """The open runs of a search and a cursor for each; one thread alone calls it."""

    def __init__(self, config: TrackingConfig) -> None:
        self.config = config
        self.mode = config.mode
        self.open: dict[int, _OpenRun] = {}

    def write(self, view: TrialView) -> None:
        """Bring the trial's run up to `view`: new rows, and its end if it has ended."""
        known = self.open.get(view.number)
        if known is None:
            if self._marks(view.number):
                return
            known = self.open[view.number] = self._start(view)
        known.view = view
        for row in view.rows:
            if row.epoch >= known.next_epoch:
                # With `step` W&B would hold the row back until the next one comes.
                known.run.log(row_values(row), step=row.epoch, commit=True)
                known.next_epoch = row.epoch + 1
        while known.outdated:
            shutil.rmtree(known.outdated.pop(), ignore_errors=True)
        if view.state != "running":
            self._finish(known, state=view.state, reason=view.reason)

    def interrupt(self, view: TrialView) -> None:
        """End the run of a trial that has not ended; a resume goes on in the same run."""
        if known := self.open.get(view.number):
            self._finish(known, state="interrupted", reason="")

    def open_views(self) -> list[TrialView]:
        """The trials whose runs are open, as they were last written."""
        return [known.view for known in self.open.values()]

    def leave_online(self) -> list[TrialView]:
        """Write offline from now on; returns the trials whose runs have to be written anew."""
        self.mode = "offline"
        views = self.open_views()
        self.open.clear()
        # The open runs would be waited for as long as one has been already, and in vain: all their
        # rows are written anew.
        tear_down(seconds=1.0)
        return views

    def _start(self, view: TrialView) -> _OpenRun:
        outdated = list(self._folders(view.number))
        facts = self.config.facts
        seed = facts.get("seed")
        own = {"trial_seed": trial_seed(seed, view.number)} if isinstance(seed, int) else {}
        config = {
            **facts,
            **own,
            "number": view.number,
            "published": view.published,
            **view.settings,
        }
        run = self._init(
            job_type="trial",
            name=trial_name(view, self.config.searched),
            config=config,
            **self._same_as(view.number),
        )
        run.define_metric("epoch")
        run.define_metric("*", step_metric="epoch")
        # A run that continues on the server starts at the step after its last row there; `run.step`
        # tells of that only once a row is logged.
        return _OpenRun(run=run, view=view, next_epoch=run.starting_step, outdated=outdated)

    def _same_as(self, of: int | str) -> dict[str, Any]:
        """That a run is to be the one there was, which online is gone on with."""
        resume = "allow" if self.mode == "online" else None
        return {"id": self.config.run_id(of), "resume": resume}

    def _init(
        self, *, job_type: str, name: str, finish_timeout: float | None = None, **more: Any
    ) -> "wandb.Run":
        # W&B's reports on itself go to its server and hold up the exit for 20 s where that hangs.
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb  # noqa: PLC0415  (takes a second; not needed with W&B off)

        known = tags(self.config.facts)
        with without_leftovers():
            wandb.setup(settings=self._settings())
            return wandb.init(
                project=self.config.project,
                group=self.config.folder.name,
                job_type=job_type,
                name=name,
                tags=known,
                dir=str(self.config.folder),
                mode="online" if self.mode == "online" else "offline",
                reinit="create_new",
                settings=self._settings(finish_timeout),
                **more,
            )

    def _finish(self, known: _OpenRun, *, state: str, reason: str) -> None:
        folder = Path(known.run.settings.sync_dir)
        _end(known.run, state, reason)
        self.open.pop(known.view.number, None)
        if state not in ("interrupted", "paused"):
            (folder / _FINISHED).touch()

    def _settings(self, finish_timeout: float | None = None) -> "wandb.Settings":
        import wandb  # noqa: PLC0415

        return wandb.Settings(
            silent=True,
            console="off",
            disable_code=True,
            disable_git=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
            # The default of 15 s leaves a killed search's offline runs empty.
            x_transaction_log_flush_interval=1.0,
            init_timeout=_INIT_SECONDS,
            finish_timeout=finish_timeout or FINISH_SECONDS,
            finish_timeout_raises=True,
        )

    def write_retrain(self, retrained: Retrained) -> None:
        """Write the search's retrain run: a row an epoch, then figures and pictures by name."""
        run = self._init(
            job_type="retrain",
            name="retrain",
            config={**self.config.facts, **retrained.config},
        )
        import wandb  # noqa: PLC0415

        run.define_metric("epoch")
        run.define_metric("validation/*", step_metric="epoch")
        for epoch, row in enumerate(retrained.rows, start=1):
            run.log({"epoch": epoch, **row}, commit=True)
        pictures = retrained.pictures.items()
        shown = {f"pictures/{name}": wandb.Image(str(path)) for name, path in pictures}
        run.log({**retrained.figures, **shown}, commit=True)
        run.finish()

    def write_search(self, searched: Searched) -> None:
        """Write the search's own run, or go on with it, unless it is there as it would be."""
        if (mark := searched.fingerprint) in self._marks(_SEARCH):
            return
        outdated = set(self._folders(_SEARCH))
        run = self._init(
            job_type=_SEARCH,
            name=self.config.folder.name,
            config={**self.config.facts, **searched.best},
            finish_timeout=_UPLOAD_SECONDS,
            **self._same_as(_SEARCH),
        )
        folder = Path(run.settings.sync_dir)
        # A copy of each file that is sent is kept until then: beside the run, not in some home.
        with variables({"WANDB_DATA_DIR": str(folder)}):
            self._log_search(run, searched)
        run.summary.update(dict(searched.figures))
        _end(run, searched.state, searched.reason)
        (folder / _FINISHED).write_text(mark)
        for old in outdated - {folder}:
            shutil.rmtree(old, ignore_errors=True)

    def _log_search(self, run: "wandb.Run", searched: Searched) -> None:
        import wandb  # noqa: PLC0415

        columns: list[str | int] = list(searched.columns)
        rows = [list(row) for row in searched.rows]
        table = wandb.Table(columns=columns, data=rows)
        run.log({"leaderboard": table}, commit=True)
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", self.config.folder.name)  # W&B takes no others
        artifact = wandb.Artifact(f"{name[:100]}-{run.id}", type=_SEARCH)
        for path in searched.files:
            artifact.add_file(str(path), skip_cache=True)
        run.log_artifact(artifact)

    def _folders(self, of: int | str) -> Iterator[Path]:
        """A run's folders, `offline-run-<time>-<id>` or `run-<time>-<id>`."""
        return self.config.folder.wandb.glob(f"*run-*-{self.config.run_id(of)}*")

    def _marks(self, of: int | str) -> list[str]:
        """What stands in the marks of a run that is whole; none of one that is not."""
        marks = (folder / _FINISHED for folder in self._folders(of))
        return [mark.read_text() for mark in marks if mark.exists()]


def _end(run: "wandb.Run", state: str, reason: str) -> None:
    """Say how what the run is of has ended, in summary and tags, and wait until W&B has it."""
    run.summary.update({"state": state, "reason": reason})
    run.tags = (*(run.tags or ()), state)
    run.finish(exit_code=1 if state == "failed" else 0)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What W&B knows of itself: its settings' mode, its server, whether it has a key for that.

    `problem` is why it cannot tell.
    """

    mode: str = ""
    server: str = ""
    has_key: bool = False
    problem: str = ""


def account() -> Account:
    """Ask W&B's own functions, from variables and files alone."""
    import wandb  # noqa: PLC0415
    from wandb.sdk import wandb_setup  # noqa: PLC0415
    from wandb.sdk.lib import wbauth  # noqa: PLC0415

    try:
        with without_leftovers():
            settings = wandb_setup.singleton().settings
            key = wbauth.authenticate_session(
                host=settings.base_url, source="tuner", prompt=False, update_session=False
            )
    except (ValueError, wandb.Error) as error:  # a key or a setting that is none
        return Account(problem=" ".join(str(error).split())[:200])
    finally:
        if wandb.run is None:  # what changes until the first run is read again
            tear_down(seconds=1.0)
    mode = settings.mode if "mode" in settings.model_fields_set else ""
    return Account(mode=mode, server=settings.base_url, has_key=key is not None)


def tear_down(seconds: float) -> None:
    """End W&B's service and take back its exit hook, which would wait for it without limit."""

    def call() -> None:
        import wandb  # noqa: PLC0415

        with suppress(Exception):  # of a service that has ended by itself
            wandb.teardown()

    thread = threading.Thread(target=call, name="tuner-wandb-teardown", daemon=True)
    thread.start()
    thread.join(seconds)
