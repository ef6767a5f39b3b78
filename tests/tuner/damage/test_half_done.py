"""A half-done run with a damaged file: one error that names it, or the result of the whole run."""

import pytest

from tests.tuner.damage.damaged_runs import DamagedRuns

CASES = 30


@pytest.mark.long
@pytest.mark.parametrize("number", range(CASES))
def test_damage_would_end_in_a_traceback_or_in_a_wrong_result(
    runs: DamagedRuns, number: int
) -> None:
    cases = [case for case in runs.cases(seed=1) if case.run == "half"]
    assert runs.problem(cases[number]) == ""
