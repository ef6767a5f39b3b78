"""Runs whose files are damaged, and the commands that read them: how may those end?

A command may refuse with one error that names what is damaged, or end as it does on the whole run,
result for result; a report may leave out what it cannot read, and shows no figure and no image that
the whole one lacks. Anything else is a traceback or silently wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import re
import shutil
import signal
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from tests.tuner.damage.damage import (
    ANY,
    OF_LINES,
    Damage,
    last_lines_missing,
    of_another,
    truncated,
)
from tests.tuner.inline import InlineBackend
from tuner.record.events import EpochReported, Event
from tuner.record.journal import Journal, JournalError, read_lines
from tuner.record.run_folder import RunFolder

NAME = "one"
_SPACE = """\
detector: two-discriminator-gan
data: {dataset: digits, normal: [3], fit_normals: 48, validation_normals: 20,
       validation_anomalies: 20, size: 16}
search:
  patch_n: {int: [1, 4]}
  generator_lr: {log: [0.0002, 0.002]}
fixed: {width: 4, batch_normals: 32, batch_anomalies: 8, score: mixture}
trials: 4
epochs: 3
wandb: off
"""
_RETRAIN = ("--seeds", "1", "--epochs", "1", "--no-baselines")
_PATIENCE_S = 120
_MOST_LINES, _FEW_LINES = 15, 2
_BEFORE, _SHOWN = 200, 600
_OF_OTHERS = "a retrain on other data"
_FIGURE = re.compile(r"\d*\.\d+|<img[^>]*>")
_OF_THE_WORK = ("time", "seconds", "worker", "openings", "sha256", "versions")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One file of a run damaged in one way, and one command on it."""

    run: str
    file: str
    damage: Damage
    command: str
    seed: int

    def __str__(self) -> str:
        return f"{self.run}: {self.file} {self.damage.__name__}: {self.command}"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended, with what it said and what it left; `raised` is a traceback."""

    code: int
    said: str
    raised: str
    result: object


class DamagedRuns:
    """A half-done run and a finished one below a folder, made once, and copies of them."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.another = place / "another" / "runs"
        self._wholes: dict[tuple[str, str], Ended] = {}
        with contextlib.chdir(_made(place)):
            _make(place)

    def cases(self, seed: int) -> list[Case]:
        """Every file with every kind of damage and each command that reads it, in a drawn order."""
        draw = random.Random(seed)
        cases = [
            Case(run=run, file=file, damage=damage, command=command, seed=draw.randrange(2**31))
            for run in ("half", "finished")
            for file in self._files(run)
            for damage in self._damages(run, file)
            for command in _commands(run, file)
        ]
        draw.shuffle(cases)
        return cases

    def problem(self, case: Case) -> str:
        """Say what is wrong with how a case ends: `traceback: ...`, `wrong: ...`, or ""."""
        key = (case.run, case.command)
        if key not in self._wholes:
            self._wholes[key] = self._ended(case.run, case.command, None)
        whole, ended = self._wholes[key], self._ended(case.run, case.command, case)
        if ended.raised or "Traceback" in ended.said:
            return f"traceback: {case}\n{ended.raised or ended.said}"
        if ended.code == 0 and _is_as_whole(case, ended, whole) and _is_counted(ended):
            return ""
        if ended.code in (1, 2) and _is_one_error(ended.said, case):
            return ""
        return f"wrong: {case}: exit code {ended.code}\n{ended.said}\n{_differing(ended, whole)}"

    def _files(self, run: str) -> list[str]:
        folder = self._place / run / "runs"
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return [str(path.relative_to(folder)) for path in files if path.suffix != ".png"]

    def _damages(self, run: str, file: str) -> Sequence[Damage]:
        other, path = self.another / file, self._place / run / "runs" / file
        lines = path.suffix == ".jsonl" and path.read_bytes().count(b"\n") > _FEW_LINES
        more = OF_LINES if lines else ()
        return (*ANY, *more, *((of_another(other),) if other.is_file() else ()))

    def _ended(self, run: str, command: str, case: Case | None) -> Ended:
        scratch = self._place / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(self._place / run, scratch, symlinks=True)
        if case is not None:
            path = scratch / "runs" / case.file
            case.damage(path, random.Random(case.seed))
        before = _contents(scratch / "elsewhere")
        ended = _run(_typed(command), scratch, command)
        if _contents(scratch / "elsewhere") != before:
            return Ended(code=-1, said="written outside the run", raised="", result=None)
        return ended


def _made(place: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    return place


def _make(place: Path) -> None:
    (place / "small.yaml").write_text(_SPACE, encoding="utf-8")
    draw = np.random.default_rng(0)
    (place / "pictures").mkdir()
    for number in range(3):
        pixels = draw.integers(0, 256, (16, 16), dtype=np.uint8)
        Image.fromarray(pixels).save(place / "pictures" / f"{number}.png")
    for run, options in (("finished", ()), ("another", ("--seed", "5", "--set", "data.seed=9"))):
        folder = place / run
        shutil.copytree(place / "pictures", folder / "pictures")
        typed = ["--space", str(place / "small.yaml"), "--name", NAME, *options]
        half = place / "half" if run == "finished" else None
        with _copied_on_the_way(folder, half):
            _succeed("tuner.search", typed, folder)
        _succeed("tuner.retrain", ["--search", f"runs/{NAME}", *_RETRAIN], folder)


def _succeed(module: str, arguments: Sequence[str], folder: Path) -> None:
    ended = _run((module, arguments), folder, "")
    if ended.code:
        raise RuntimeError(f"{module} on a whole run: {ended.said}{ended.raised}")


@contextlib.contextmanager
def _copied_on_the_way(folder: Path, half: Path | None) -> Iterator[None]:
    """Copy the folder as a kill in the third trial's second epoch would leave it."""
    append = Journal.append

    def watched(journal: Journal, event: Event) -> None:
        append(journal, event)
        here = isinstance(event, EpochReported) and (event.trial, event.row.epoch) == (2, 2)
        if here and half is not None and not half.exists():
            shutil.copytree(folder, half)

    with mock.patch.object(Journal, "append", watched):
        yield


def _commands(run: str, file: str) -> Sequence[str]:
    """The commands that read a file."""
    own = file.removeprefix(f"{NAME}/")
    if own.startswith("model/"):
        return ("score", "export")
    if own.startswith("retrain/"):
        return ("retrain", "report")
    if own == file:
        return ("retrain",)
    if own.startswith("trials/"):
        return ("resume",) if run == "half" else ()
    commands = ["resume", "dry run", "replay", "report"]
    if run == "finished":
        commands.append("retrain again" if own == RunFolder(Path()).split.name else "retrain")
    return commands


def _typed(command: str) -> tuple[str, Sequence[str]]:
    search = ["--search", f"runs/{NAME}", *_RETRAIN]
    return {
        "resume": ("tuner.search", ["--resume", "--name", NAME]),
        "dry run": ("tuner.search", ["--resume", "--name", NAME, "--dry-run"]),
        "replay": ("tuner.replay", [f"runs/{NAME}"]),
        "retrain": ("tuner.retrain", search),
        "retrain again": ("tuner.retrain", [*search, "--again"]),
        "report": ("tuner.report", ["--run", f"runs/{NAME}"]),
        "export": ("tuner.export", ["--model", f"runs/{NAME}", "--out", "detector.onnx"]),
        "score": ("tuner.score", ["--model", f"runs/{NAME}", "pictures", "--out", "scores.csv"]),
    }[command]


def _run(typed: tuple[str, Sequence[str]], folder: Path, command: str) -> Ended:
    """Run a command in a folder, in this process; one that hangs is a traceback of its own."""
    module, arguments = typed
    main = __import__(f"{module}.__main__", fromlist=["main"]).main
    said, raised, code = io.StringIO(), "", -1
    with (
        contextlib.chdir(folder),
        mock.patch("tuner.backend.ray_backend.RayBackend", InlineBackend),
        mock.patch("tuner.search.dry_run.epoch_seconds", lambda *_, **__: 1.0),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        _in_time(),
    ):
        try:
            code = main(list(arguments))
        except BaseException:
            raised = traceback.format_exc()
    result = None if raised or code else _result(folder, command, said.getvalue())
    return Ended(code=code, said=said.getvalue(), raised=raised, result=result)


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError(f"it has not ended within {_PATIENCE_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(_PATIENCE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _result(folder: Path, command: str, said: str) -> object:
    """What a command leaves or says that must be as on the whole run."""
    run_folder = RunFolder(folder / "runs" / NAME)
    found: object = None
    match command:
        case "resume":
            found = [_essence(event) for event in _decided(run_folder)]
        case "replay":
            found = said
        case "dry run":
            found = [line for line in said.splitlines() if line.startswith(("Trials:", "Epochs"))]
        case "retrain" | "retrain again":
            found = _essence(json.loads(run_folder.metrics.read_text()))
        case "score":
            found = (folder / "scores.csv").read_text()
        case "report":
            found = _shown(run_folder.page.read_text())
        case "export":
            card = (folder / "detector.md").read_text()
            found = card, hashlib.sha256((folder / "detector.onnx").read_bytes()).hexdigest()
    return found


def _shown(page: str) -> str:
    """What a report says and embeds: its figures, data and images, not the code that draws them."""
    shown, found, _ = page.partition("<body>")[2].partition("<script>")
    if not found:
        raise AssertionError("the report has another form: nothing of it would be compared")
    return shown


def _decided(run_folder: RunFolder) -> list[Mapping[str, Any]]:
    try:
        events = read_lines(run_folder.journal)
    except JournalError:
        return []
    return [event for event in events if event["event"] in ("asked", "epoch", "ended")]


def _essence(found: object) -> object:
    """What does not depend on who did the work, when, and how often it was looked at."""
    if isinstance(found, dict):
        return {key: _essence(value) for key, value in found.items() if key not in _OF_THE_WORK}
    return [_essence(each) for each in found] if isinstance(found, list) else found


def _is_as_whole(case: Case, ended: Ended, whole: Ended) -> bool:
    """Whether it left the same; a report may say less, or whose the figures are that it shows."""
    if case.command != "report":
        return ended.result == whole.result
    page = str(ended.result)
    cut_off = case.file.endswith(".jsonl") and case.damage in (truncated, last_lines_missing)
    if cut_off or _OF_OTHERS in page:  # cut off as by a kill
        return True
    return set(_FIGURE.findall(page)) <= set(_FIGURE.findall(str(whole.result)))


def _is_counted(ended: Ended) -> bool:
    """Whether an opening of test that comes after another was called so: each run has had one."""
    return "Training is done; the test split is opened" not in ended.said


def _is_one_error(said: str, case: Case) -> bool:
    """Whether it names the damaged file, in few lines."""
    words = (Path(case.file).name, "model" if "model/" in case.file else "\0")
    return len(said.splitlines()) <= _MOST_LINES and any(word in said for word in words)


def _differing(ended: Ended, whole: Ended) -> str:
    """Both results around the place where they part."""
    if ended.code or ended.result == whole.result:
        return ""
    found, expected = str(ended.result), str(whole.result)
    pairs = enumerate(zip(found, expected, strict=False))
    start = max(0, next((place for place, (ours, theirs) in pairs if ours != theirs), 0) - _BEFORE)
    shown = slice(start, start + _SHOWN)
    return f"got      {found[shown]}\nexpected {expected[shown]}"


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
