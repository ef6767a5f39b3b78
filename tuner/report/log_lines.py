"""What happened to each trial, in lines for people, from the record's events."""

from collections.abc import Iterator

from tuner.cli.text import counted
from tuner.console.lines import duration_text
from tuner.record.events import (
    AttemptStarted,
    EpochReported,
    EpochsLost,
    Event,
    Noticed,
    TrainingFailed,
    TrialAsked,
    TrialEnded,
    TrialEvent,
    TrialPaused,
    TrialPromoted,
    WorkerHung,
    WorkerLost,
)
from tuner.record.trials import SPARED, Decision, EndReason
from tuner.report.material import Material
from tuner.results.leaderboard import one_line

_LONGEST = 300


def logs(material: Material) -> dict[int, list[str]]:
    """The lines of each trial, each with its time since the search began."""
    found: dict[int, list[str]] = {trial.number: [] for trial in material.trials}
    for seconds, event in zip(material.moments, material.events, strict=True):
        if isinstance(event, TrialEvent) and event.trial in found:
            for text in _said(event):
                found[event.trial].append(f"{duration_text(seconds):>8}  {text[:_LONGEST]}")
    return found


def _said(event: Event) -> Iterator[str]:
    match event:
        case TrialAsked():
            known = f"best configuration of {event.taken_from}" if event.taken_from else "suggested"
            yield f"published set {event.published}" if event.published else known
        case AttemptStarted():
            after = f" after epoch {event.from_epoch}" if event.from_epoch else ""
            yield f"attempt {event.attempt} begins{after}"
        case EpochReported():
            if event.decision.rung is not None:
                yield compared_text(event.decision)
        case TrialPaused():
            yield "waits; its worker trains another trial"
        case TrialPromoted():
            yield f"goes on from epoch {event.rung}: rank {event.rank} of {event.of} there by now"
        case TrialEnded():
            yield _ended(event)
        case WorkerLost():
            why = f": {one_line(event.cause)}" if event.cause else ""
            yield f"the worker of attempt {event.attempt} is lost{why}"
        case WorkerHung():
            yield f"attempt {event.attempt} hung for {event.silent_s:.0f} s and was ended"
        case TrainingFailed():
            yield f"attempt {event.attempt} failed: {one_line(event.reason)}"
        case EpochsLost():
            yield f"{counted(event.epochs, 'epoch')} of an earlier record are lost"
        case Noticed():
            yield one_line(event.text)


def _ended(event: TrialEnded) -> str:
    if event.reason == EndReason.EARLY_STOPPING.word:
        return "ended by early stopping"
    return f"ended: {event.state}" + (f" ({one_line(event.reason)})" if event.reason else "")


def compared_text(decision: Decision) -> str:
    """What early stopping made of a trial at a rung, and why: a rank is as of that moment."""
    what = {"continue": "goes on", "pause": "is paused", "stop": "is stopped"}[decision.action]
    rank = (
        f"rank {decision.rank} of {decision.of} so far" if decision.rank is not None else "compared"
    )
    spared = " as every published set does" if decision.reason == SPARED else ""
    return f"after epoch {decision.rung}: {rank}, {what}{spared}"
