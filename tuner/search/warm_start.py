"""What a search takes over from earlier runs: their best configurations, and their trials.

A configuration is taken over where this search could have drawn it: what is held fixed here has the
same value there, and what is searched lies in its domain. Its values count where they were measured
alike: on the same images and split, by the same objective, after as many epochs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models import detectors
from models.hyperparameters import Value
from tuner.cli.output import say
from tuner.cli.text import counted
from tuner.engine.engine import Engine
from tuner.errors import TunerError
from tuner.record.compatibility import space_in
from tuner.record.events import KnownTrial, WarmStarted
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.lock import starting
from tuner.record.provenance import Provenance
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.results.leaderboard import best
from tuner.space import Space
from tuner.space.conditions import inactive
from tuner.space.requirements import meets
from tuner.space.samplers import LEARNING
from tuner.study.distributions import distribution, is_within

_SHOWN = 12
_MOST_NAMED = 4


@dataclass(frozen=True, kw_only=True)
class EarlierRun:
    """An earlier run, as its record tells of it."""

    name: str
    space: Space
    history: History


def earlier_runs(paths: Sequence[Path], detector: str) -> list[EarlierRun]:
    """Read the runs; TunerError where one is none, or has nothing that this search could take."""
    found = [_read(path) for path in paths]
    for each in found:
        if each.space.detector != detector:
            raise TunerError(
                f"--from {each.name}: it searched {each.space.detector}, and this space is of "
                f"{detector}: nothing of it can be taken over. Leave it out."
            )
    return found


def warm_starts(
    runs: Sequence[EarlierRun], space: Space, provenance: Provenance
) -> list[WarmStarted]:
    """What a search of the resolved `space` begins with, run by run."""
    tried = [dict(values) for values in _published(space)]
    made = []
    for run in runs:
        made.append(_warm_start(run, space, provenance, tried))
        if made[-1].best and len(tried) >= space.trials:
            said = f"its best, trial {made[-1].number}: all {space.trials} trials are others"
            made[-1] = replace(made[-1], best={}, left_out=(said, *made[-1].left_out))
        if made[-1].best:
            tried.append(dict(made[-1].best))
    return made


def begin(engine: Engine, runs: Sequence[EarlierRun], space: Space, provenance: Provenance) -> None:
    """Let a search that has no trial yet begin with what the runs have found, and say so."""
    for each in warm_starts(runs, space, provenance):
        engine.note(replace(each, time=engine.clock()))
        for line in sentences(each):
            say(line)


def sentences(warm_start: WarmStarted) -> Iterator[str]:
    """What was taken over, and a line for each thing that was not."""
    took = [f"its best, trial {warm_start.number}, is tried first"] if warm_start.best else []
    if warm_start.trials:
        took.append(f"the sampler sees {counted(len(warm_start.trials), 'trial')} of it")
    yield f"From {warm_start.run}: {'; '.join(took) or 'nothing is taken over'}."
    for line in warm_start.left_out:
        yield f"From {warm_start.run}, left out: {line}."


def _read(path: Path) -> EarlierRun:
    folder = RunFolder(path)
    if not folder.journal.is_file():
        lacking = f"it holds no search: there is no {folder.journal}."
        raise TunerError(f"--from {path}: {starting(folder) or lacking}")
    history = History(read_journal(folder.journal))
    return EarlierRun(name=folder.name, space=space_in(history, folder), history=history)


def _warm_start(
    run: EarlierRun, space: Space, provenance: Provenance, tried: Sequence[Mapping[str, Value]]
) -> WarmStarted:
    left_out = list[str]()
    number, first = _best(run, space, tried, left_out)
    if useless := list(_useless(run, space, provenance)):
        left_out.append(f"all trials but the best: {'; '.join(useless)}")
    trials = () if useless else _trials(run, space, left_out)
    return WarmStarted(
        time=0.0,
        run=run.name,
        number=number,
        best=first,
        trials=trials,
        left_out=tuple(left_out),
    )


def _best(
    run: EarlierRun, space: Space, tried: Sequence[Mapping[str, Value]], left_out: list[str]
) -> tuple[int | None, Mapping[str, Value]]:
    found = best(run.history.by_number, run.space.objective)
    if found is None:
        left_out.append("its best: no trial has a valid score")
        return None, {}
    number, searched = found.trial.number, _searched(found.trial, space)
    if names := _outside(found.trial, space):
        left_out.append(f"its best, trial {number}, lies outside this space: {', '.join(names)}")
    elif searched in tried:
        left_out.append(f"its best, trial {number}, is tried first anyway")
    else:
        return number, searched
    return number, {}


def _trials(run: EarlierRun, space: Space, left_out: list[str]) -> Sequence[KnownTrial]:
    """Those that ended without an error and fit."""
    ended = [t for t in run.history.by_number if t.state in ("complete", "pruned")]
    outside = {trial.number: _outside(trial, space) for trial in ended}
    others = len(run.history.trials) - len(ended)
    if others:
        left_out.append(f"{counted(others, 'trial')} that failed or did not end")
    if strangers := sum(map(bool, outside.values())):
        names = Counter(name for each in outside.values() for name in each)
        by = ", ".join(f"{name} of {count}" for name, count in names.most_common(_MOST_NAMED))
        left_out.append(f"{counted(strangers, 'trial')} outside this space: {by}")
    return tuple(_known(trial, space) for trial in ended if not outside[trial.number])


def _known(trial: TrialView, space: Space) -> KnownTrial:
    value = trial.rows[-1].metrics.get(space.objective) if trial.rows else None
    return KnownTrial(
        searched=_searched(trial, space), state=trial.state, epochs=trial.epochs, value=value
    )


def _useless(run: EarlierRun, space: Space, provenance: Provenance) -> Iterator[str]:
    """Why the values of a run's trials are of no use here."""
    there, sampler = run.space, space.sampler.name
    if sampler not in LEARNING:
        yield f"the sampler {sampler} does not look at any, --set sampler.name=tpe-qmc does"
    if there.objective != space.objective:
        yield f"the objective there is {there.objective}, here {space.objective}"
    if there.epochs != space.epochs:
        yield f"trials there have {counted(there.epochs, 'epoch')}, here {space.epochs}"
    for what in ("images", "split"):
        before, now = (
            getattr(each, f"{what}_digest")[:_SHOWN]
            for each in (run.history.provenance, provenance)
        )
        if before != now:
            known = [digest or "unknown" for digest in (before, now)]
            yield f"the digest of the {what} there is {known[0]}, here {known[1]}"


def _outside(trial: TrialView, space: Space) -> list[str]:
    """By which hyperparameters a trial is none that this search could draw."""
    here = detectors.resolve(space.detector, space.fixed)
    there = {**detectors.resolve(space.detector, {}), **trial.hyperparameters}
    unused = inactive(space.search, there)
    held = [
        name
        for name in here
        if (name not in space.search or name in unused) and here[name] != there[name]
    ]
    searched = [
        name
        for name, domain in space.search.items()
        if name not in unused and not is_within(there, {name: distribution(domain)})
    ]
    required = meets(space)
    unmet = ["require"] if required and not required(_searched(trial, space)) else []
    return [*held, *searched, *unmet]


def _searched(trial: TrialView, space: Space) -> dict[str, Value]:
    there = {**detectors.resolve(space.detector, {}), **trial.hyperparameters}
    return _active(there, space)


def _active(values: Mapping[str, Value], space: Space) -> dict[str, Value]:
    unused = inactive(space.search, values)
    return {name: values[name] for name in space.search if name not in unused}


def _published(space: Space) -> Iterator[Mapping[str, Value]]:
    """The published sets, by what is searched, where they are held to what is fixed."""
    for values in detectors.published(space.detector).values():
        whole = detectors.resolve(space.detector, {**space.fixed, **values})
        yield _active(whole, space)
