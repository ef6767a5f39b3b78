"""What happens in a search: one class a kind of event, and how each is written and read.

An event is written as a flat mapping with its kind under `event`. Fields that earlier versions did
not write have the default that stood for them then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, ClassVar, TypeVar, get_args

from models.hyperparameters import Value
from tuner.record.trials import Action, Decision, EpochRow, TrialState

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened at `time`, in seconds since 1970."""

    kind: ClassVar[str]
    time: float


@dataclass(frozen=True, kw_only=True)
class TrialEvent(Event):
    """Something that happened to a trial."""

    trial: int


@dataclass(frozen=True, kw_only=True)
class DriverStarted(Event):
    """A driver took the search up, with the space as it resolved it.

    `time_budget_s` counts all drivers together; None is no limit. What its trials depend on beside
    the space is told by the digests of the split and of the images' files, "" of published images,
    and by the versions of the `code` by name. (What earlier versions wrote as `data_digest` told of
    the split's rows as well, and is not read.) Its workers train on a `device`, "gpu" or "cpu"; ""
    in records of earlier versions.
    """

    kind = "driver"
    resumed: bool
    slots: int
    space: Mapping[str, Any]
    time_budget_s: float | None = None
    split_digest: str = ""
    images_digest: str = ""
    code: Mapping[str, str] = field(default_factory=dict)
    device: str = ""


@dataclass(frozen=True, kw_only=True)
class KnownTrial:
    """An ended trial of another run, as the sampler is told of it.

    `epochs` and `value`, of the last of them, are 0 and None where it had none.
    """

    searched: Mapping[str, Value]
    state: TrialState
    epochs: int
    value: float | None


@dataclass(frozen=True, kw_only=True)
class WarmStarted(Event):
    """The search begins with what another run has found.

    `best` is its best configuration, by what is searched here, and that of its trial `number`; it
    is empty where it is not tried. The sampler is told of the `trials`; `left_out` says in words
    what is not taken over, and why.
    """

    kind = "warm_start"
    run: str
    number: int | None
    best: Mapping[str, Value]
    trials: Sequence[KnownTrial]
    left_out: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class TrialAsked(TrialEvent):
    """The sampler suggested a trial, or one that was known before became one.

    That is a `published` set, or the best configuration of the run that it was `taken_from`.
    `searched` is what Optuna is told of its hyperparameters; those that are searched where a
    condition holds, which here does not, are `inactive`. They are written where there are any.
    """

    kind = "asked"
    published: str | None
    taken_from: str | None = None
    searched: Mapping[str, Value]
    hyperparameters: Mapping[str, Value]
    inactive: Sequence[str] = ()

    @property
    def suggested(self) -> bool:
        """Whether it was the sampler's own."""
        return self.published is None and self.taken_from is None


@dataclass(frozen=True, kw_only=True)
class AttemptStarted(TrialEvent):
    """A worker was given the trial, after so many recorded epochs."""

    kind = "attempt"
    attempt: int
    from_epoch: int


@dataclass(frozen=True, kw_only=True)
class EpochReported(TrialEvent):
    """A worker reported an epoch, and this was decided.

    `lacks_best` says that the trial's best detector so far is not on disk; it is written where it
    is so.
    """

    kind = "epoch"
    row: EpochRow
    decision: Decision
    lacks_best: bool = False


@dataclass(frozen=True, kw_only=True)
class TrialPaused(TrialEvent):
    """The trial waits at its rung, and its worker is free."""

    kind = "paused"


@dataclass(frozen=True, kw_only=True)
class TrialPromoted(TrialEvent):
    """A paused trial goes on: it is `rank` of the `of` that have reached its `rung` by now."""

    kind = "promoted"
    rung: int
    rank: int
    of: int


@dataclass(frozen=True, kw_only=True)
class TrialEnded(TrialEvent):
    """The trial reached its final state; `reason` is "" where it ran its full length."""

    kind = "ended"
    state: TrialState
    reason: str


@dataclass(frozen=True, kw_only=True)
class WorkerLost(TrialEvent):
    """The worker of an attempt is gone, or was `out_of_reach` of what it starts from."""

    kind = "lost"
    attempt: int
    cause: str = ""
    out_of_reach: bool = False


@dataclass(frozen=True, kw_only=True)
class WorkerHung(TrialEvent):
    """The worker of an attempt was ended after so long in silence."""

    kind = "hung"
    attempt: int
    silent_s: float


@dataclass(frozen=True, kw_only=True)
class TrainingFailed(TrialEvent):
    """An attempt's training raised an error."""

    kind = "error"
    attempt: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Noticed(TrialEvent):
    """A worker's words for people, said once on the console."""

    kind = "notice"
    text: str


@dataclass(frozen=True, kw_only=True)
class ListenerFailed(Event):
    """Someone who watches the search raised an error and hears no more."""

    kind = "listener_failed"
    listener: str
    error: str


@dataclass(frozen=True, kw_only=True)
class RecordRestored(Event):
    """The record is a storage's copy up to the time `copied`.

    Checkpoints bring back epochs of trials that it knows, and hold some of trials that it does not.
    """

    kind = "restored"
    copied: float | None
    epochs_from_checkpoints: int
    epochs_of_unknown_trials: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class EpochsLost(TrialEvent):
    """Epochs are gone: the trial has other hyperparameters than before the record was lost."""

    kind = "epochs_lost"
    epochs: int


@dataclass(frozen=True, kw_only=True)
class LayersChosen(Event):
    """An earlier version chose how its layers are computed. Nothing follows from it any more."""

    kind = "layers"


@dataclass(frozen=True, kw_only=True)
class DriverClosed(Event):
    """A driver ended in order."""

    kind = "closed"
    finished: bool


KINDS: Mapping[str, type[Event]] = {
    each.kind: each
    for each in (
        DriverStarted,
        WarmStarted,
        TrialAsked,
        AttemptStarted,
        EpochReported,
        TrialPaused,
        TrialPromoted,
        TrialEnded,
        WorkerLost,
        WorkerHung,
        TrainingFailed,
        Noticed,
        ListenerFailed,
        RecordRestored,
        EpochsLost,
        LayersChosen,
        DriverClosed,
    )
}


def encode(event: Event) -> dict[str, Any]:
    """The mapping that is written of an event."""
    written = {each.name: getattr(event, each.name) for each in fields(event)}
    if isinstance(event, EpochReported):
        written |= asdict(written.pop("row"))
        if not written["lacks_best"]:
            del written["lacks_best"]
        written["decision"] = asdict(event.decision)
    if isinstance(event, TrialAsked) and not event.inactive:
        del written["inactive"]
    if isinstance(event, WarmStarted):
        written["trials"] = [asdict(each) for each in event.trials]
    return {"event": event.kind, **written}


def decode(written: Mapping[str, Any]) -> Event:
    """The event that a mapping tells of.

    Raises ValueError where it is of no kind that there is, or lacks what its kind has: a later
    version wrote it, or no version.
    """
    kind = KINDS.get(str(written.get("event")))
    if kind is None:
        raise ValueError(f"no event is called {written.get('event')!r}")
    try:
        event = _READ[kind](written) if kind in _READ else _made(kind, written)
    except (KeyError, TypeError) as error:
        raise ValueError(f"the event {kind.kind!r} is not whole: {error}") from error
    if isinstance(event, TrialEnded) and event.state not in get_args(TrialState):
        raise ValueError(f"no trial ends as {event.state!r}")
    if isinstance(event, EpochReported) and event.decision.action not in get_args(Action):
        raise ValueError(f"no decision is called {event.decision.action!r}")
    return event


def _epoch_reported(written: Mapping[str, Any]) -> EpochReported:
    return EpochReported(
        time=written["time"],
        trial=written["trial"],
        row=_made(EpochRow, written),
        decision=_made(Decision, written["decision"]),
        lacks_best=written.get("lacks_best", False),
    )


def _warm_started(written: Mapping[str, Any]) -> WarmStarted:
    trials = tuple(_made(KnownTrial, each) for each in written["trials"])
    left_out = tuple(written["left_out"])
    return _made(WarmStarted, {**written, "trials": trials, "left_out": left_out})


def _trial_asked(written: Mapping[str, Any]) -> TrialAsked:
    return _made(TrialAsked, {**written, "inactive": tuple(written.get("inactive", ()))})


_READ: Mapping[type[Event], Callable[[Mapping[str, Any]], Event]] = {
    EpochReported: _epoch_reported,
    TrialAsked: _trial_asked,
    WarmStarted: _warm_started,
}
"""Events that hold more than plain values."""


def _made(kind: type[Made], written: Mapping[str, Any]) -> Made:
    """Of all that is written, what the class has."""
    values = {}
    for each in fields(kind):  # type: ignore[arg-type]
        if each.name in written:
            values[each.name] = written[each.name]
        elif each.default is MISSING and each.default_factory is MISSING:
            raise KeyError(each.name)
    return kind(**values)
