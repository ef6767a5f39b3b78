"""Who gets a lane of which pack."""

import pytest

from tuner.engine.attempt import AttemptGivenUpError
from tuner.packing.lane_allocator import DeviceLocation, LaneAllocator, Pack

HERE, THERE = DeviceLocation(node="a", device="0"), DeviceLocation(node="a", device="1")
NARROW, WIDE = (("width", 16),), (("width", 32),)


def allocated(
    book: LaneAllocator, number: int, place: DeviceLocation = HERE, attempt: int = 1
) -> Pack:
    pack = book.allocate(number, attempt, place, NARROW)
    assert pack is not None
    return pack


def test_trials_of_one_gpu_would_not_share_its_pack() -> None:
    book = LaneAllocator(4)
    (shared,) = {allocated(book, number).name for number in range(3)}
    assert allocated(book, 3, THERE).name != shared
    assert allocated(book, 4).name == shared


def test_a_full_pack_would_take_one_more() -> None:
    book = LaneAllocator(2)
    first = [allocated(book, number).name for number in (0, 1)]
    assert allocated(book, 2).name not in first
    book.release(0, 1)
    assert allocated(book, 3).name in first


def test_structures_would_share_a_pack_or_an_idle_one_would_keep_its_memory() -> None:
    book = LaneAllocator(2)
    narrow = allocated(book, 0).name
    wide = book.allocate(1, 1, HERE, WIDE)
    assert wide is not None
    assert wide.name != narrow
    book.release(0, 1)
    third = book.allocate(2, 1, HERE, (("width", 64),))
    assert third is not None
    assert third.name == narrow
    assert len(book.packs) == 2


def test_a_new_attempt_would_keep_the_lane_of_the_old_one() -> None:
    book = LaneAllocator(2)
    allocated(book, 0)
    allocated(book, 0, THERE, attempt=2)
    assert sum(len(pack.trials) for pack in book.packs.values()) == 1
    assert book.release(0, 1) is None
    assert book.release(0, 2) is not None


def test_an_actor_that_comes_too_late_would_get_a_lane_for_ever() -> None:
    book = LaneAllocator(2)
    book.release(0, 1)
    with pytest.raises(AttemptGivenUpError):
        book.allocate(0, 1, HERE, NARROW)


def test_a_dead_pack_would_be_allocated_again() -> None:
    book = LaneAllocator(2)
    dead = allocated(book, 0)
    assert book.lost(dead.name) is dead
    assert book.lost(dead.name) is None
    assert allocated(book, 0, attempt=2).name != dead.name


def lose(book: LaneAllocator, numbers: range, attempt: int) -> None:
    packs = {allocated(book, number, attempt=attempt).name for number in numbers}
    for name in packs:
        book.lost(name)
    for number in numbers:
        book.release(number, attempt)


def test_one_trial_that_kills_its_pack_would_use_up_the_retries_of_all() -> None:
    """Trial 2 kills every pack it trains an epoch in; nobody else may be lost four times on end."""
    book, lanes, retries = LaneAllocator(4), range(4), 3
    losses = dict.fromkeys(lanes, 0)
    attempts = dict.fromkeys(lanes, 1)
    ended: set[int] = set()
    for _ in range(200):
        waiting = [n for n in lanes if n not in ended]
        inside: dict[str, list[int]] = {}
        for number in waiting:
            pack = book.allocate(number, attempts[number], HERE, NARROW)
            if pack is not None:
                inside.setdefault(pack.name, []).append(number)
        for name, trials in inside.items():
            killed = 2 in trials
            for number in trials:
                losses[number] = losses[number] + 1 if killed else 0
                if not killed:
                    book.reported(number)
            if killed:
                book.lost(name)
                for number in trials:
                    book.release(number, attempts[number])
                    attempts[number] += 1
            ended |= {n for n in trials if losses[n] > retries}
    assert ended == {2}


def test_trials_of_a_pack_that_hangs_would_hang_together_again() -> None:
    book = LaneAllocator(4)
    hanging, *_ = [allocated(book, number) for number in range(3)]
    assert book.hung(1, 1) == hanging.name
    assert book.hung(2, 1) is None
    assert allocated(book, 0, attempt=2).name != hanging.name
    assert book.allocate(1, 2, HERE, NARROW) is None
    book.reported(0)
    assert allocated(book, 1, attempt=2) is allocated(book, 0, attempt=2)


def test_two_under_suspicion_would_share_a_pack_with_one_that_is_not() -> None:
    book = LaneAllocator(4)
    for attempt in (1, 2):
        lose(book, range(2), attempt)
    shared = allocated(book, 2)
    assert allocated(book, 0, attempt=3) is shared
    assert book.allocate(1, 3, HERE, NARROW) is None
    book.release(0, 3)
    assert allocated(book, 1, attempt=3) is shared


def test_the_first_loss_would_already_make_trials_wait() -> None:
    book = LaneAllocator(4)
    lose(book, range(4), attempt=1)
    assert len({allocated(book, number, attempt=2).name for number in range(4)}) == 1
