"""Every kind of event comes back as it was written, and what earlier versions wrote is read."""

import dataclasses
import json
from typing import Any

import pytest

from tests.tuner.fake_trials import row
from tuner.record.events import (
    KINDS,
    EpochReported,
    Event,
    KnownTrial,
    TrialEnded,
    WarmStarted,
    decode,
    encode,
)
from tuner.record.trials import Decision

_VALUES = {"int": 3, "float": 1.5, "bool": True, "str": "text", "str | None": "W1"}


def made(kind: type[Event]) -> Event:
    """An event of a kind with a value in each field."""
    if kind is EpochReported:
        decision = Decision(action="pause", reason="asha", rung=3, rank=2, of=5)
        return EpochReported(time=1.5, trial=3, row=row(2, 0.9), decision=decision)
    if kind is WarmStarted:
        known = KnownTrial(searched={"a": 1}, state="pruned", epochs=3, value=0.5)
        return WarmStarted(
            time=1.5, run="a", number=3, best={"a": 1}, trials=(known,), left_out=("its best",)
        )
    values: dict[str, Any] = {}
    for each in dataclasses.fields(kind):
        name = each.type if isinstance(each.type, str) else getattr(each.type, "__name__", "")
        values[each.name] = _VALUES.get(str(name), {"a": 1} if "Mapping" in str(each.type) else 2.5)
    special = {"state": "pruned", "inactive": ("a", "b")}
    return kind(**{**values, **{name: special[name] for name in special if name in values}})


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_an_event_would_come_back_changed(kind: type[Event]) -> None:
    event = made(kind)
    written = json.loads(json.dumps(encode(event)))
    assert written["event"] == kind.kind
    assert decode(written) == event


def test_an_earlier_versions_event_would_not_be_read() -> None:
    """Of commit 1400cc7: no stage in a row, and a field that there no longer is."""
    written = {
        "event": "epoch",
        "trial": 1,
        "epoch": 1,
        "metrics": {"auroc": 0.5},
        "losses": {},
        "seconds": 1.0,
        "worker": "w",
        "decision": {"action": "stop", "reason": ""},
        "time": 2.0,
        "once": "was here",
    }
    event = decode(written)
    assert isinstance(event, EpochReported)
    assert (event.row.stage, event.decision.rung) == ("", None)
    lost = decode({"event": "lost", "trial": 1, "attempt": 1, "time": 2.0})
    assert encode(lost) | {"cause": "", "out_of_reach": False} == encode(lost)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"event": "ended", "trial": 1, "time": 0.0, "state": "complete"}, "'ended' is not whole"),
        ({"event": "epoch", "trial": 1, "time": 0.0}, "'epoch' is not whole"),
        ({"event": "of a later version", "time": 0.0}, "no event is called 'of a later version'"),
        ({}, "no event is called None"),
        (
            {"event": "ended", "trial": 1, "time": 0.0, "state": "skipped", "reason": ""},
            "no trial ends as 'skipped'",
        ),
    ],
)
def test_an_event_that_is_not_whole_would_end_in_a_traceback(
    written: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        decode(written)


def test_what_is_written_of_an_end_would_be_another(tmp_path: object) -> None:
    ended = TrialEnded(time=1.0, trial=4, state="pruned", reason="asha")
    expected = {"event": "ended", "time": 1.0, "trial": 4, "state": "pruned", "reason": "asha"}
    assert encode(ended) == expected
