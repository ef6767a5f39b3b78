"""The benchmarks, which nothing else imports."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def test_a_benchmark_would_import_what_there_no_longer_is() -> None:
    """Nor one of those that a script imports only when it needs it."""
    scripts = [path.stem for path in BENCHMARKS.glob("[!_]*.py")]
    parts = [f"_published.{path.stem}" for path in BENCHMARKS.glob("_published/[!_]*.py")]
    imported = ", ".join(sorted([*scripts, *parts]))
    done = subprocess.run(
        [sys.executable, "-c", f"import {imported}"],
        check=False,
        capture_output=True,
        text=True,
        cwd=BENCHMARKS,
    )
    assert done.returncode == 0, done.stderr


def test_an_auroc_of_the_mixture_would_be_held_against_one_of_the_error() -> None:
    """The guide's search scores by the reconstruction error alone."""
    code = (
        "from _targets import TARGETS; "
        "print(*[n for n, t in TARGETS['search'].items() if 'auroc' in t.times])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=BENCHMARKS
    )
    assert done.stdout.split() == ["best_validation_auroc_by_error"]


def _printed(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=BENCHMARKS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_table_would_not_be_what_was_recorded(tmp_path: Path) -> None:
    code = f"""
import json, sys
sys.path.insert(0, "..")
from pathlib import Path
import _curves
from _curves import read_table, space_on, write_table
from tests.tuner.simulated import small_space
from tests.tuner.test_simulation import FORMULA
from tuner.record.run_folder import RunFolder
from tuner.simulation.search import simulate
_curves.FOLDER = Path({str(tmp_path)!r})
drawn = small_space(trials=6, sampler={{"name": "random"}}, scheduler={{"name": "none"}})
trials = simulate(drawn, _curves.FOLDER / "run", FORMULA, workers=1)
write_table("shirt", RunFolder(_curves.FOLDER / "run"), "")
table = read_table("shirt")
rounded = lambda rows: [(row.epoch, round(row.metrics["auroc"], 6), row.seconds) for row in rows]
print(all(rounded(a.rows) == rounded(b.rows) for a, b in zip(trials, table.trials)))
print([a.hyperparameters for a in trials] == [b.hyperparameters for b in table.trials])
space = space_on(table, 9, ["sampler.seed=4"])
print(space.search == drawn.search, space.scheduler.type, space.sampler.seed, space.trials)
"""
    assert _printed(code) == ["True", "True", "True promote 4 9"]


def test_what_lies_far_from_all_rows_would_count_as_near_one() -> None:
    """Half of what is drawn at random does, and of the rows none; nor would another stage count."""
    code = """
from _curves import read_table
from _finds import Finds
from _rivals import Random
table = read_table("stages")
finds = Finds(table, 0.9)
common, drawn = table.about["hyperparameters"], Random(table.space, 3)
places = [{**common, **drawn.ask(nth)} for nth in range(400)]
for nth, each in enumerate(places):
    finds.take(nth, "pretraining", 2.0, each)
    finds.take(nth, table.last_stage, nth / 1000, each)
near = len(finds.steps["near"])
print(len(finds.steps["all"]), 160 < near < 240, finds.epochs)
row = table.trials[5].hyperparameters
print(finds.take(0, table.last_stage, 0.8, row), len(finds.steps["near"]) == near + 1)
far = max(places, key=lambda each: finds._curves.found(each, 0).distance)
print(finds.take(0, table.last_stage, 0.95, far), finds.take(0, table.last_stage, 0.9, row))
"""
    assert _printed(code) == ["400 True 800", "False True", "False True"]


def test_another_way_to_search_would_not_be_counted_by_its_epochs() -> None:
    """Random search to the end, what stops trials below that, and all of them up to a value."""
    code = """
from math import inf
from _curves import read_table
from _rivals import RIVALS, run_rival
table = read_table("bottle")
epochs = {n: run_rival(k(table.space, 1), table, 3, 12, inf).epochs for n, k in RIVALS.items()}
print(epochs["random"] == 12 * 27, all(12 <= epochs[n] < 12 * 27 for n in epochs if n != "random"))
alone = run_rival(RIVALS["random"](table.space, 1), table, 1, 12, inf)
steps, near = alone.steps["all"], alone.steps["near"]
part = run_rival(RIVALS["random"](table.space, 1), table, 1, 12, near[-1][2])
print(part.steps["near"] == near, part.epochs == near[-1][0] < alone.epochs)
print(all(a[2] < b[2] and a[1] < b[1] for a, b in zip(steps, steps[1:])))
"""
    assert _printed(code) == ["True True", "True True", "True"]
