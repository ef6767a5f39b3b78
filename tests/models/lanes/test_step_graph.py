"""A capture that fails: torch's own `torch.cuda.graph`, over streams that compute nothing."""

import gc
import logging
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import torch

from models.lanes import step_graph
from models.lanes.step_graph import GraphPool, captured

CUDA = torch.device("cuda")
INVALID = "CUDA error: operation failed due to a previous error during capture"


@dataclass(eq=False)
class FakeStream:
    waited_for: list["FakeStream"] = field(default_factory=list)

    def wait_stream(self, other: "FakeStream") -> None:
        self.waited_for.append(other)


class FakeGraph:
    """A graph whose capture can no longer be ended once something went wrong in it."""

    broken = False
    begun_in: ClassVar[list[tuple[object, ...]]] = []

    def capture_begin(self, *pool: object, **_: object) -> None:
        FakeGraph.begun_in.append(pool)

    def capture_end(self) -> None:
        if FakeGraph.broken:
            raise RuntimeError(INVALID)

    def pool(self) -> tuple[int, int]:
        return (0, id(self))

    def replay(self) -> None: ...


class FakeCuda:
    def __init__(self) -> None:
        self.current = self.default = FakeStream()

    def set_stream(self, stream: FakeStream) -> None:
        self.current = stream

    @contextmanager
    def stream(self, stream: FakeStream) -> Iterator[None]:
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    fake = FakeCuda()
    replaced: dict[str, Any] = {
        "device": lambda device: nullcontext(),
        "Stream": FakeStream,
        "CUDAGraph": FakeGraph,
        "current_stream": lambda: fake.current,
        "stream": fake.stream,
        "set_stream": fake.set_stream,
        "synchronize": lambda: None,
        "empty_cache": lambda: None,
    }
    for name, function in replaced.items():
        monkeypatch.setattr(torch.cuda, name, function)
    monkeypatch.setattr(torch._C, "_host_emptyCache", lambda: None, raising=False)
    monkeypatch.setattr(torch.cuda.graph, "default_capture_stream", None)
    monkeypatch.setattr(FakeGraph, "broken", False)
    monkeypatch.setattr(FakeGraph, "begun_in", [])
    step_graph._say_that_it_is_slower.cache_clear()
    return fake


class Counting:
    """Work that adds one to its state, and fails in the run after the three that warm up."""

    def __init__(self, failure: Exception | None, breaks_the_capture: bool = True) -> None:
        self.state = torch.zeros(1)
        self._failure, self._breaks = failure, breaks_the_capture
        self.runs = 0

    def __call__(self) -> None:
        self.runs += 1
        if self.runs == 4 and self._failure is not None:
            FakeGraph.broken = self._breaks
            raise self._failure
        self.state += 1


def test_a_recorded_step_is_replayed_and_nothing_of_the_warm_up_stays(cuda: FakeCuda) -> None:
    work = Counting(None)
    advance = captured(work, [work.state], CUDA, GraphPool())
    assert advance is not None and advance.__name__ == "replay"
    assert torch.equal(work.state, torch.ones(1))  # by the capture, in which a GPU computes nothing
    assert cuda.current is cuda.default


def test_a_step_would_be_recorded_on_the_stream_of_another_device(cuda: FakeCuda) -> None:
    streams = []
    captured(lambda: streams.append(cuda.current), [], CUDA, GraphPool())
    *warm_up, recorded = streams
    assert warm_up == [recorded] * 3 and recorded is not cuda.default


def test_recorded_steps_of_one_trainer_would_not_share_their_memory(cuda: FakeCuda) -> None:
    pool, state = GraphPool(), torch.zeros(1)
    first = captured(lambda: None, [state], CUDA, pool)
    shared = first.__self__.pool()  # type: ignore[union-attr]
    second = captured(lambda: None, [state], CUDA, pool)
    assert FakeGraph.begun_in == [(), (shared,)]
    del first, second
    third = captured(lambda: None, [state], CUDA, pool)
    assert third is not None and FakeGraph.begun_in[2] == ()


def test_recorded_steps_could_not_reuse_each_others_memory(cuda: FakeCuda) -> None:
    """Which torch gives to the stream alone that asked for it first."""
    pool, streams = GraphPool(), []
    for _ in range(2):
        captured(lambda: streams.append(cuda.current), [], CUDA, pool)
    assert len(streams) == 8 and len(set(map(id, streams))) == 1


def test_a_capture_that_breaks_leaves_its_own_stream_and_says_why(
    cuda: FakeCuda, caplog: pytest.LogCaptureFixture
) -> None:
    work = Counting(RuntimeError("operation not permitted\nsee the manual"))
    with caplog.at_level(logging.WARNING):
        assert captured(work, [work.state], CUDA, GraphPool()) is None
    assert cuda.current is cuda.default
    assert torch.equal(work.state, torch.zeros(1))
    assert [record.args for record in caplog.records] == [("operation not permitted",)]


@pytest.mark.parametrize("breaks", [True, False])
def test_a_capture_without_memory_is_known_as_such(cuda: FakeCuda, breaks: bool) -> None:
    """Whoever catches it halves the lanes, and must not take it for a broken step."""
    work = Counting(torch.cuda.OutOfMemoryError("CUDA out of memory"), breaks)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        captured(work, [work.state], CUDA, GraphPool())
    assert cuda.current is cuda.default


@pytest.mark.parametrize("text", ["operation not permitted", "CUDA out of memory"])
def test_a_broken_capture_would_keep_what_its_work_had_made(cuda: FakeCuda, text: str) -> None:
    made = []

    def work() -> None:
        activation = torch.zeros(1)
        made.append(weakref.ref(activation))
        if len(made) == 4:
            FakeGraph.broken = True
            raise RuntimeError(text)

    gc.disable()
    try:
        with suppress(torch.cuda.OutOfMemoryError):
            captured(work, [], CUDA, GraphPool())
        assert made[3]() is None
    finally:
        gc.enable()


def test_a_warm_up_that_fails_leaves_no_trace(cuda: FakeCuda) -> None:
    state = torch.zeros(1)

    def work() -> None:
        state.add_(1)
        raise RuntimeError("CUDA out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        captured(work, [state], CUDA, GraphPool())
    assert torch.equal(state, torch.zeros(1))
    assert cuda.current is cuda.default
    (aside,) = cuda.default.waited_for
    assert aside.waited_for == [cuda.default]
