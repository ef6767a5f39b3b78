"""What a search's journal says of its trials and of the machines that trained them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuner.record.journal import read_lines


def events(run: Path) -> Sequence[Mapping[str, Any]]:
    """All events so far; none before the search has begun."""
    return read_lines(run / "events.jsonl")


def hosts_of(run: Path) -> dict[int, list[str]]:
    """For each trial the machine that trained each of its epochs, in their order."""
    machines: dict[int, list[str]] = defaultdict(list)
    for event in events(run):
        if event["event"] == "epoch":
            machines[event["trial"]].append(event["worker"].partition("/")[0])
    return dict(machines)


def epochs_of(run: Path) -> dict[int, list[int]]:
    """For each trial the epochs that the record has, in their order."""
    epochs: dict[int, list[int]] = defaultdict(list)
    for event in events(run):
        if event["event"] == "epoch":
            epochs[event["trial"]].append(event["epoch"])
    return dict(epochs)


def states_of(run: Path) -> dict[int, str]:
    """How each ended trial ended."""
    return {event["trial"]: event["state"] for event in events(run) if event["event"] == "ended"}
