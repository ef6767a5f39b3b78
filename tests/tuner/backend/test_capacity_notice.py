"""A search without workers must not be taken for one that trains."""

from tests.tuner.simulated import Clock
from tuner.backend.capacity_notice import AFTER_S, GOES_ON, WAITS, Waiting


class Time(Clock):
    def __call__(self) -> float:
        return self.now


def test_a_search_would_wait_for_machines_without_a_word_or_say_so_again_and_again() -> None:
    said, time = list[str](), Time()
    waiting = Waiting(said.append, now=time)
    for workers in (0, 0, 0, 2, 0, 0):
        waiting.look(workers)
        time.now += AFTER_S - 1
    assert said == [WAITS, GOES_ON]
    time.now += 2
    waiting.look(0)
    assert said == [WAITS, GOES_ON, WAITS]
