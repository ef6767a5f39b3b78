"""A finished run with a damaged file: one error that names it, or the result of the whole run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.detector_files import CONFIG, SUMS, WEIGHTS
from tests.tuner.damage.damage import flipped, of_another
from tests.tuner.damage.damaged_runs import Case, DamagedRuns
from tuner.record.journal import Journal

CASES = 30


@pytest.mark.long
@pytest.mark.parametrize("number", range(CASES))
def test_damage_would_end_in_a_traceback_or_in_a_wrong_result(
    runs: DamagedRuns, number: int
) -> None:
    cases = [case for case in runs.cases(seed=1) if case.run == "finished"]
    assert runs.problem(cases[number]) == ""


@pytest.mark.long
def test_the_judge_would_let_everything_pass(
    runs: DamagedRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the checks that stop them, all of these are seen."""

    def case(file: str, damage: Callable[..., None], command: str, run: str = "finished") -> Case:
        return Case(run=run, file=f"one/{file}", damage=damage, command=command, seed=0)

    def broken(*_: Any) -> None:
        raise KeyError(0)

    def unchecked(folder: Path) -> dict[str, bytes]:
        return {name: (folder / name).read_bytes() for name in (SUMS, WEIGHTS, CONFIG)}

    monkeypatch.setattr(runs, "_wholes", {})  # of these, nothing is kept for other cases
    monkeypatch.setattr("models.fitted.read_whole", unchecked)
    monkeypatch.setattr("tuner.retrain.run_check.check_best", lambda *_: None)
    other = runs.another / "one"
    weights = case("model/model.safetensors", of_another(other / "model" / WEIGHTS), "score")
    assert runs.problem(weights).startswith("wrong: ")
    best = case("best.yaml", of_another(other / "best.yaml"), "retrain again")
    assert runs.problem(best).startswith("wrong: ")
    monkeypatch.setattr(Journal, "__init__", broken)
    assert runs.problem(case("driver.lock", flipped, "resume", "half")).startswith("traceback: ")
