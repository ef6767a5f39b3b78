"""W&B's runs, one per trial. The only module that imports wandb.

Every call here may take long or raise: `listener` keeps both away from the search.
"""

import hashlib
import math
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tuner.record.run_folder import RunFolder
from tuner.record.trials import EpochRow, TrialView
from tuner.seeds import trial_seed

if TYPE_CHECKING:
    import wandb

Mode = Literal["online", "offline", "off"]

_LEFT_OVER = (
    "WANDB_MODE",  # the mode is chosen by now
    "WANDB_RUN_ID",
    "WANDB_RESUME",
    "WANDB_RESUME_FROM",
    "WANDB_FORK_FROM",
    "WANDB_SWEEP_ID",
    "WANDB_SWEEP_PARAM_PATH",
    "WANDB_LAUNCH",
    "WANDB_CONFIG_PATHS",
    "WANDB_SERVICE",
)
"""What says something of one run of other work; every run of a search would take it for its own."""
_FINISHED = "finished"  # a file of this name marks the folder of a run whose trial has ended
_INIT_SECONDS = 20.0
FINISH_SECONDS = 15.0


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

    def run_id(self, number: int) -> str:
        """Id of a trial's W&B run: the same in every process and after every resume."""
        text = f"{self.folder.name}\0{self.uid}\0{number}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def row_values(row: EpochRow) -> dict[str, float | int | str]:
    """What W&B stores of an epoch: finite values only, `epoch` the axis."""
    values: dict[str, float | int | str] = {"epoch": row.epoch, "seconds": row.seconds}
    if row.stage:
        values["stage"] = row.stage
    for name, value in row.metrics.items():
        if math.isfinite(value):
            part = name.removeprefix("auroc/")
            values[name if part == name else f"score/{part}"] = value
    for name, value in row.losses.items():
        if math.isfinite(value):
            values[f"loss/{name}"] = value
    return values


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
            if self._is_finished(view.number):
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
        outdated = self._folders(view.number)
        facts = self.config.facts
        seed = facts.get("seed")
        own = {"trial_seed": trial_seed(seed, view.number)} if isinstance(seed, int) else {}
        config = {
            **facts,
            **own,
            "number": view.number,
            "published": view.published,
            **view.hyperparameters,
        }
        run = self._init(
            job_type="trial",
            name=f"trial-{view.number}",
            id=self.config.run_id(view.number),
            resume="allow" if self.mode == "online" else None,
            config=config,
        )
        run.define_metric("epoch")
        run.define_metric("*", step_metric="epoch")
        # A run that continues on the server starts at the step after its last row there; `run.step`
        # tells of that only once a row is logged.
        return _OpenRun(run=run, view=view, next_epoch=run.starting_step, outdated=outdated)

    def _init(self, *, job_type: str, name: str, **more: Any) -> "wandb.Run":
        # W&B's reports on itself go to its server and hold up the exit for 20 s where that hangs.
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb  # noqa: PLC0415  (takes a second; not needed with W&B off)

        with _without_leftovers():
            wandb.setup(settings=self._settings())
            return wandb.init(
                project=self.config.project,
                group=self.config.folder.name,
                job_type=job_type,
                name=name,
                dir=str(self.config.folder),
                mode="online" if self.mode == "online" else "offline",
                reinit="create_new",
                settings=self._settings(),
                **more,
            )

    def _finish(self, known: _OpenRun, *, state: str, reason: str) -> None:
        folder = Path(known.run.settings.sync_dir)
        known.run.summary.update({"state": state, "reason": reason})
        known.run.finish(exit_code=1 if state == "failed" else 0)
        self.open.pop(known.view.number, None)
        if state not in ("interrupted", "paused"):
            (folder / _FINISHED).touch()

    def _settings(self) -> "wandb.Settings":
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
            finish_timeout=FINISH_SECONDS,
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

    def _folders(self, number: int) -> list[Path]:
        """The trial's folders, `offline-run-<time>-<id>` or `run-<time>-<id>`."""
        return list(self.config.folder.wandb.glob(f"*run-*-{self.config.run_id(number)}*"))

    def _is_finished(self, number: int) -> bool:
        return any((folder / _FINISHED).exists() for folder in self._folders(number))


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
        with _without_leftovers():
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


@contextmanager
def _without_leftovers() -> Iterator[None]:
    """Hide from W&B, while it reads the environment, what is not meant for these runs."""
    hidden = {name: os.environ.pop(name) for name in _LEFT_OVER if name in os.environ}
    ours = {"WANDB_SILENT": "true"} | _place_for_logs()
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        hidden.pop("WANDB_SERVICE", None)  # by now it would be W&B's own
        os.environ.update(hidden)


def _place_for_logs() -> dict[str, str]:
    """A cache for W&B's service where there is no home: else it writes its log on the console."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME", "/proc"), ".cache")
    try:
        Path(cache, "wandb").mkdir(parents=True, exist_ok=True)
    except OSError:
        return {"XDG_CACHE_HOME": tempfile.gettempdir()}
    return {}


def tear_down(seconds: float) -> None:
    """End W&B's service and take back its exit hook, which would wait for it without limit."""

    def call() -> None:
        import wandb  # noqa: PLC0415

        wandb.teardown()

    thread = threading.Thread(target=call, name="tuner-wandb-teardown", daemon=True)
    thread.start()
    thread.join(seconds)
