"""What `--what-if` says: a table of how each search goes, and where that is not on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from textwrap import wrap

from tuner.cli.text import aligned, counted, duration
from tuner.replay.what_if import Answer, Recorded, Totals
from tuner.space import Space
from tuner.space.samplers import LEARNING

_WIDTH = 100
_COLUMNS = ("", "trial-epochs", "device time", "best", "epochs beyond the record", "decisions")


def answer_lines(record: Recorded, answers: Sequence[Answer]) -> Iterator[str]:
    """A row of the record and of each answer, then what is to be known of the figures."""
    objective = record.space.objective
    others = any(each.space.objective != objective for each in answers)
    unless = ", but where a row names another" if others else ""
    yield f"{objective} on validation{unless}; what it costs is of all trials together."
    rows = [_COLUMNS, _row("as recorded", record.totals, record.totals)]
    rows += [_row(_name(each), each.flat, each.steep) for each in answers]
    yield from aligned(rows)
    for sentence in _notes(record, answers):
        yield from wrap(sentence, _WIDTH)


def _notes(record: Recorded, answers: Sequence[Answer]) -> Iterator[str]:
    if any(not trial.ended for trial in record.totals.trials):
        yield "The recorded search has not ended; what it is compared with goes on to its end."
    if any(each.flat.epochs_beyond or each.steep.epochs_beyond for each in answers):
        yield (
            "A curve says nothing of epochs after its trial was stopped. Where they were needed, "
            "figures are given for curves that stay flat from there on, and for ones that rise as "
            "steeply as any on record; training may lie outside. `decisions` are those at rungs "
            "that were made on such epochs. The best value counts trained epochs alone: >= says "
            "that others might have been better."
        )
    if any(_would_ask_otherwise(record, each) for each in answers):
        yield (
            f"The configurations are the recorded ones: {record.space.sampler.name}, which learns "
            "from what it sees, would have asked for others."
        )
    for each in answers:
        yield from _far(each)


def _would_ask_otherwise(record: Recorded, answer: Answer) -> bool:
    """Whether a sampler that learns would have seen other values."""
    space, asked = record.space, answer.space
    learns = space.sampler.name in LEARNING and space.sampler == asked.sampler
    return learns and _shows(space) != _shows(asked)


def _shows(space: Space) -> tuple[object, ...]:
    """What decides, beside the trials themselves, which values a sampler sees, and when."""
    return space.scheduler, space.objective, space.resources.concurrent_trials


def _name(answer: Answer) -> str:
    return " ".join(answer.changes)


def _row(name: str, flat: Totals, steep: Totals) -> tuple[str, ...]:
    never_falls = flat.objective.startswith("best_")  # more epochs cannot lower the best one's
    beyond = max(flat.epochs_beyond, steep.epochs_beyond)
    values = [each.best.value for each in (flat, steep) if each.best is not None]
    found = f"{min(values):.4f}" if values else "none"
    return (
        name,
        _range(flat.epochs, steep.epochs, "{:,}".format),
        _range(flat.device_s, steep.device_s, duration),
        f">= {found}" if beyond and values and never_falls else found,
        _range(flat.epochs_beyond, steep.epochs_beyond, "{:,}".format),
        _range(flat.decisions_beyond, steep.decisions_beyond, "{:,}".format),
    )


def _range(one: float, other: float, text: Callable[[float], str]) -> str:
    low, high = text(min(one, other)), text(max(one, other))
    return low if low == high else f"{low} to {high}"


def _far(answer: Answer) -> Iterator[str]:
    """How far the curves are from what was asked for, and what is found without the farther."""
    totals = answer.flat
    away = {number: each for number, each in totals.distances.items() if each > 0}
    if not away:
        return
    middle = median(away.values())
    found = totals.best_within(middle)
    value = "none" if found is None else f"{found.value:.4f}"
    yield (
        f"{_name(answer)}: {counted(len(away), 'configuration')} of {len(totals.trials):,} "
        f"{'is' if len(away) == 1 else 'are'} not on record and took the nearest one's curve: "
        f"{middle:.2f} away in the median, {max(away.values()):.2f} at most, where 1 is the whole "
        f"range of one hyperparameter. Without those beyond the median the best is {value}."
    )
