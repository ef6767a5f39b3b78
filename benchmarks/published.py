"""Every system of the documents on real data, beside what its document says of it.

    TUNER_DATA=/data python benchmarks/published.py            # every row that is not there yet
    TUNER_DATA=/data python benchmarks/published.py --only 'Shirt' --again
    python benchmarks/published.py --list
    python benchmarks/published.py --page          # published.md and its charts, from the JSON

Rows are made one after the other by the product's own search and retrain: the epoch is chosen on
validation, test is opened once. A row whose detector computes something else than it did, or whose
scale has changed, is made again: `_published/behaviour.py` tells that from code put in order.
What was trained is kept below --runs: a row that was broken off goes on, and --again computes its
figure once more without training it twice. On one core
(`taskset -c 0`) trainings run in this process; on several, side by side.
"""

import argparse
import logging
import re
import traceback
from collections.abc import Sequence
from pathlib import Path

from _published.documents import ROWS
from _published.making import commit, make
from _published.rows import Row
from _published.runs import NoData
from _published.store import PICTURES, Store
from _running import ROOT


def main() -> None:
    given = _options().parse_args()
    store, chosen = Store(), _chosen(given.only)
    if not chosen:
        raise SystemExit(f"--only: no row has {given.only!r} in its name; --list shows them")
    if given.list:
        print("\n".join(f"{_state(store, row)} {row.key}" for row in chosen))
        return
    if given.pictures:
        from _published.omasgan_pictures import draw_omasgan

        draw_omasgan(given.runs, PICTURES)
    failed = [] if given.page or given.pictures else _make_all(chosen, store, given)
    from _published.page import write_page

    print(f"written: {write_page(store.record)}")
    if failed:
        raise SystemExit("\n".join([f"{len(failed)} rows failed:", *failed]))


def _chosen(pattern: str) -> list[Row]:
    """The row of this name, else those that the expression is found in."""
    named = [row for row in ROWS if row.key == pattern]
    return named or [row for row in ROWS if re.search(pattern, row.key)]


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = options.add_argument
    add("--only", default="", metavar="PATTERN", help="rows whose name this expression is found in")
    add("--again", action="store_true", help="make rows anew that are there already")
    add("--list", action="store_true", help="name the rows, with + those that are made")
    add("--page", action="store_true", help="train nothing: write published.md from the JSON")
    add("--pictures", action="store_true", help="draw OMASGAN's boundary and divergence too")
    add("--runs", type=Path, default=ROOT / "runs" / "published", metavar="FOLDER")
    return options


def _state(store: Store, row: Row) -> str:
    return "+" if store.is_made(row) else "-"


def _make_all(rows: Sequence[Row], store: Store, given: argparse.Namespace) -> list[str]:
    """Make what is not there yet, with --again all; the names of those that could not be made."""
    for row in rows:
        row.digest  # noqa: B018 - of the code as it is now, whatever becomes of its files
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    failed = []
    for row in rows:
        if store.is_made(row) and not given.again:
            continue
        try:
            _make(row, store, given.runs)
        except NoData as reason:
            store.put_no_data(row, str(reason))
        except Exception:
            traceback.print_exc()
            failed.append(row.key)
        else:
            store.write(ROWS)
    store.write(ROWS)
    return failed


def _make(row: Row, store: Store, runs: Path) -> None:
    made = [make(run, runs) for run in row.runs]
    value = row.figure(made)
    commits = dict.fromkeys(one.commit for one in made) or {commit(): None}
    store.put(row, value, commit=", ".join(commits), minutes=sum(one.minutes for one in made))
    print(f"-- {row.key}: {value.mean:.4f} {value.note}", flush=True)


if __name__ == "__main__":
    main()
