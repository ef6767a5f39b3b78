"""What a search leaves when it found little."""

from pathlib import Path

from tests.tuner.fake_trials import trial
from tests.tuner.simulated import small_space
from tuner.record.run_folder import RunFolder
from tuner.results.files import write_results


def test_a_search_without_a_score_would_leave_nothing_to_look_at(tmp_path: Path) -> None:
    diverged = [trial(n, 0.5, 0.4, state="pruned", reason="diverged") for n in range(3)]
    write_results(small_space(), RunFolder(tmp_path), diverged)
    assert {path.name for path in tmp_path.iterdir()} == {"trials.csv", "curves.png"}
