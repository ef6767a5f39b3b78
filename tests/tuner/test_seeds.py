"""Seeds follow from the search's own and from what they are for, the same in every version."""

from pathlib import Path

from tests.tuner.retrain.conftest import plan_of
from tuner.seeds import derive


def test_a_seed_would_be_another_in_another_version() -> None:
    assert [derive(0, "trial", number) for number in (0, 1)] == [1725501518, 1021735874]
    assert derive(0, "sampler", 0) == 903559302
    assert derive(1, "trial", 0) == 864339161


def test_a_retrain_would_have_the_seeds_of_something_else(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert plan.seeds == (1493475958, 506826132)
    assert plan.data_seed == 766367784
