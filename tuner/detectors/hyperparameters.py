"""List what can be set of each detector, as docs/hyperparameters.md does.

python -m tuner.detectors.hyperparameters > docs/hyperparameters.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from models import detectors
from models.hyperparameters import Hyperparameter, Value
from tuner.cli.markdown import first_line, print_page, table
from tuner.space.domains import WORDS

_HEAD = """\
# What can be searched

Made by `python -m tuner.detectors.hyperparameters > docs/hyperparameters.md` from
`models/detectors/<name>/hyperparameters.py`, which also says where each default comes from. In a
space file a name may stand under `search`, with a domain within its range, or under `fixed`, with a
value; one that stands in neither keeps its default.

## Domains
"""
_EXAMPLES = {
    "uniform": "{uniform: [0, 5]}",
    "log": "{log: [2e-5, 1e-3]}",
    "int": "{int: [1, 9]}",
    "log_int": "{log_int: [16, 256]}",
    "choice": "{choice: [leaky, tanh]}",
}
_COLUMNS = """\
A star marks what changes shapes or code: trials that differ in it cannot train as lanes of one step
([packing](packing.md)). The word before a range is the domain that suits it best. A column between
default and range is a published set of values, whose origin the detector's file says; a search
tries those first, as they are."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the list, in Markdown."""
    return print_page(argv, "tuner.detectors.hyperparameters", __doc__, page)


def page() -> str:
    """Return the domains and a table for each detector."""
    lines = [_HEAD, *table(("domain", "draws", "such as"), _domains()), "", _COLUMNS]
    for detector in detectors.names():
        rows = list(_hyperparameters(detector))
        head = ("name", "default", *detectors.published(detector), "range", "what it is")
        lines += ["", f"## {detector}", "", *(table(head, rows) if rows else ["Nothing."])]
    return "\n".join(lines) + "\n"


def _domains() -> Iterator[Sequence[str]]:
    for word, kind in WORDS.items():
        about = first_line(kind.__doc__).rstrip(".")
        yield f"`{word}`", about[0].lower() + about[1:], f"`{_EXAMPLES[word]}`"


def _hyperparameters(detector: str) -> Iterator[Sequence[str]]:
    sets = detectors.published(detector).values()
    for each in detectors.hyperparameters(detector):
        name = f"`{each.name}`{' *' if each.structural else ''}"
        published = (
            value_text(values[each.name]) if each.name in values else "" for values in sets
        )
        yield name, value_text(each.default), *published, domain_text(each), each.meaning


def domain_text(each: Hyperparameter) -> str:
    """The domain that suits a hyperparameter best, over all that it allows."""
    if each.choices is not None:
        return f"`choice`: {', '.join(map(value_text, each.choices))}"
    whole = isinstance(each.default, int)
    word = ("log_int" if whole else "log") if each.log else ("int" if whole else "uniform")
    return f"`{word}`: {each.low:g} to {each.high:g}"


def value_text(value: Value) -> str:
    """A value as people write it."""
    return value if isinstance(value, str) else f"{value:g}"


if __name__ == "__main__":
    sys.exit(main())
