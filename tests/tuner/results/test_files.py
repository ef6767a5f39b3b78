"""What a search leaves when it found little."""

from pathlib import Path

import pytest

from tests.tuner.fake_trials import trial
from tests.tuner.simulated import small_space
from tuner.record.run_folder import RunFolder
from tuner.results.files import data_sentence, write_results


def test_a_search_without_a_score_would_leave_nothing_to_look_at(tmp_path: Path) -> None:
    diverged = [trial(n, 0.5, 0.4, state="pruned", reason="diverged") for n in range(3)]
    write_results(small_space(), RunFolder(tmp_path), diverged)
    assert {path.name for path in tmp_path.iterdir()} == {"trials.csv", "curves.png"}


@pytest.mark.parametrize(
    ("detector", "known"),
    [
        ("two-discriminator-gan", "known anomalies to a normal"),
        ("autoencoder", "no known anomalies in fit"),
    ],
)
def test_a_detector_that_sees_no_anomaly_would_be_said_to_learn_from_some(
    detector: str, known: str
) -> None:
    space = small_space().model_copy(update={"detector": detector})
    assert known in data_sentence(space)
