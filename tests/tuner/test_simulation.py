"""A search on a formula: recorded, decided and replayed as a real one, with a clock of its own."""

import subprocess
import sys
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path

import pytest

from models.hyperparameters import Value
from tests.tuner.simulated import small_space
from tuner.errors import TunerError
from tuner.record.events import TrialAsked, TrialEnded
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.trials import EpochRow
from tuner.replay.comparison import replay
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate

FORMULA = Formula(best={"abc_weight": 1.0, "patch_n": 5.0, "generator_lr": 3e-4})
THOUSAND = """
import sys
from pathlib import Path
sys.modules["ray"] = sys.modules["torch"] = None  # as if they were not installed
from tests.tuner.simulated import small_space
from tests.tuner.test_simulation import FORMULA
from tuner.simulation.search import simulate
space = small_space(trials=1000, sampler={"name": "random"}, scheduler={"type": "promote"})
print(len(simulate(space, Path(sys.argv[1]), FORMULA, workers=50)))
"""


def test_a_thousand_trials_would_need_ray_or_torch(tmp_path: Path) -> None:
    command = [sys.executable, "-c", THOUSAND, str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "1000", done.stderr
    assert replay(tmp_path / "run" / "events.jsonl").difference is None


def test_the_same_search_would_be_another_or_not_find_what_is_good(tmp_path: Path) -> None:
    searches = [
        simulate(small_space(trials=40), tmp_path / name, FORMULA, workers=4) for name in "ab"
    ]
    assert searches[0] == searches[1]
    best = max(searches[0], key=lambda trial: trial.rows[-1].metrics["best_auroc"])
    assert best.state == "complete"
    assert 2 <= best.hyperparameters["patch_n"] <= 8
    for name in ("trials.csv", "best.yaml", "curves.png"):
        assert (tmp_path / "a" / name).exists()


class Slow(Formula):
    """Trials with few patches take twice as long."""

    def epoch(self, hyperparameters: Mapping[str, Value], seed: int, epoch: int) -> EpochRow:
        row = super().epoch(hyperparameters, seed, epoch)
        seconds = 20.0 if float(hyperparameters["patch_n"]) < 5 else 10.0
        return EpochRow(**{**vars(row), "seconds": seconds})


@pytest.mark.parametrize("workers", [1, 7])
def test_the_virtual_clock_would_not_be_that_of_the_epochs(tmp_path: Path, workers: int) -> None:
    space = small_space(trials=14, scheduler={"name": "none"})
    simulate(space, tmp_path, Slow(best=FORMULA.best), workers=workers)
    history = History(read_journal(tmp_path / "events.jsonl"))
    each = [sum(row.seconds for row in trial.rows) for trial in history.by_number]
    if workers == 1:
        assert history.seconds == sum(each)
    else:
        assert sum(each) / workers <= history.seconds <= sum(each) / workers + max(each)
    assert {trial.epochs for trial in history.by_number} == {9}
    changes = {TrialAsked: 1, TrialEnded: -1}
    steps = [changes.get(type(event), 0) for event in read_journal(tmp_path / "events.jsonl")]
    assert max(accumulate(steps)) == workers, "so many trials are under way at once"


def test_all_trials_would_have_the_same_luck() -> None:
    values = {"abc_weight": 1.0, "patch_n": 5, "generator_lr": 3e-4}
    steps = {
        FORMULA.epoch(values, seed, 2).metrics["auroc"]
        - FORMULA.epoch(values, seed, 1).metrics["auroc"]
        for seed in range(3)
    }
    assert max(steps) - min(steps) > 1e-4


def test_a_rate_would_be_near_the_best_because_it_is_small() -> None:
    formula = Formula(best={"generator_lr": 1e-3}, noise=0)
    low, high, best = (
        formula.epoch({"generator_lr": rate}, 0, 9).metrics["auroc"] for rate in (1e-4, 1e-2, 1e-3)
    )
    assert low == pytest.approx(high)
    assert best - low > 0.02


def test_a_simulated_search_would_begin_anew_when_it_is_to_go_on(tmp_path: Path) -> None:
    simulate(small_space(trials=6), tmp_path, FORMULA, workers=2)
    before = read_journal(tmp_path / "events.jsonl")
    trials = simulate(small_space(trials=12), tmp_path, FORMULA, workers=2)
    after = read_journal(tmp_path / "events.jsonl")
    assert after[: len(before)] == before
    assert after[len(before)].time >= before[-1].time
    assert len(trials) == 12
    assert replay(tmp_path / "events.jsonl").difference is None


def test_a_simulated_search_whose_record_is_not_whole_would_go_on(tmp_path: Path) -> None:
    space = small_space(trials=6)
    simulate(space, tmp_path, FORMULA, workers=2)
    journal = tmp_path / "events.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-6]))
    with pytest.raises(TunerError, match=r"events\.jsonl has lost lines at its end"):
        simulate(space, tmp_path, FORMULA, workers=2)
    journal.unlink()
    with pytest.raises(TunerError, match="the record of this search is lost"):
        simulate(space, tmp_path, FORMULA, workers=2)
