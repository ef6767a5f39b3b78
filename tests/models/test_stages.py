"""How the epochs of a training are shared out among its stages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.detectors.stage import falls_at, falls_from
from models.lanes.plan import StagePlan
from models.stages import (
    SINGLE,
    Shares,
    epochs_problem,
    last_stage_start,
    stage_at,
    stage_ends,
    stage_lengths,
    stage_starts,
)

some_shares = st.lists(st.floats(0.01, 100), min_size=1, max_size=5).map(
    lambda values: {f"stage {number}": value for number, value in enumerate(values)}
)


@pytest.mark.parametrize(
    ("shares", "epochs", "ends"),
    [
        (SINGLE, 1, (1,)),
        (SINGLE, 50, (50,)),
        ({"one": 1, "two": 1}, 2, (1, 2)),
        ({"one": 1, "two": 2}, 9, (3, 9)),
        ({"one": 0.1, "two": 0.2, "three": 0.7}, 10, (1, 3, 10)),
        ({"one": 0.01, "two": 0.99}, 5, (1, 5)),
        ({"one": 0.99, "two": 0.01}, 5, (4, 5)),
        ({"one": 0.01, "two": 0.01, "three": 0.98}, 3, (1, 2, 3)),
    ],
)
def test_epochs_would_be_shared_out_otherwise(
    shares: Shares, epochs: int, ends: tuple[int, ...]
) -> None:
    assert stage_ends(shares, epochs) == ends


@given(shares=some_shares, epochs=st.integers(1, 200))
def test_a_stage_would_have_no_epoch_or_epochs_no_stage(shares: Shares, epochs: int) -> None:
    if epochs < len(shares):
        with pytest.raises(ValueError, match="stages need"):
            stage_ends(shares, epochs)
        return
    lengths = stage_lengths(shares, epochs)
    assert len(lengths) == len(shares) and min(lengths) >= 1 and sum(lengths) == epochs
    ends, starts = stage_ends(shares, epochs), stage_starts(shares, epochs)
    assert [end - start + 1 for start, end in zip(starts, ends, strict=True)] == list(lengths)
    of_epochs = [stage_at(shares, epochs, epoch) for epoch in range(1, epochs + 1)]
    assert [of_epochs.count(number) for number in range(len(shares))] == list(lengths)
    assert of_epochs == sorted(of_epochs)
    assert last_stage_start(shares, epochs) == starts[-1]


def test_too_few_epochs_would_be_refused_without_saying_how_many_there_must_be() -> None:
    shares = {"pretraining": 1.0, "training": 1.0}
    assert epochs_problem(shares, 1) == (
        "2 stages need 2 epochs or more (pretraining, training); got 1"
    )
    assert epochs_problem(shares, 2) == "" == epochs_problem({}, 1)


def test_epochs_beyond_the_last_would_have_no_stage() -> None:
    assert stage_at({"one": 1, "two": 1}, 4, 9) == 1


def test_a_detector_that_trains_nothing_would_need_stages() -> None:
    assert stage_ends({}, 3) == stage_starts({}, 3) == stage_lengths({}, 3) == ()
    assert last_stage_start({}, 3) == 1
    plan = StagePlan(stages=(), shares={}, epochs=3)
    assert plan.by_stage([0, 5, 1], [2, 0]) == {0: [0, 2]}
    assert plan.name(0) == "" and plan.score_parts(0) is None


def test_a_rate_would_fall_at_another_share_of_the_stage() -> None:
    at, along = falls_at(0.5, 0.1), falls_from(0.5)
    assert [at(done) for done in (0, 0.49, 0.5, 0.99)] == [1, 1, 0.1, 0.1]
    assert [along(done) for done in (0, 0.49, 0.5, 0.75)] == [1, 1, 1, 0.5]
    assert along(1 - 1e-9) == pytest.approx(0, abs=1e-8)
