"""Pictures decoded ahead by threads and scored in order, few of them in memory at any time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import Tensor

from models.data.decoding import Unreadable, decode
from models.data.preprocessing import Preprocessing
from models.ensemble import Scoring
from tuner.planning.machine import cores
from tuner.score.inputs import Named

BATCH = 64
"""Pictures decoded by one task and scored together."""
_MOST_WORKERS = 8
"""Each may hold a whole picture in its own size."""
_SHARED_ABOVE = 64
"""The image side above which all cores score one batch together: several would need much memory."""

_Made = TypeVar("_Made")


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What was found out about one picture.

    One that cannot be read has a `reason` and no figures. `scaled` is None too where the model is
    of an earlier version, `map` [S, S] where no maps were asked for.
    """

    picture: Named
    reason: str = ""
    score: float | None = None
    scaled: float | None = None
    anomalous: bool = False
    map: Tensor | None = None

    @property
    def verdict(self) -> str:
        """In a word; "" of one that cannot be read."""
        if self.score is None:
            return ""
        return "anomaly" if self.anomalous else "normal"


@dataclass(frozen=True, kw_only=True)
class _Decoded:
    """Pictures with the pixels [n, C, S, S] of those that can be read, and why others cannot."""

    pictures: Sequence[Named]
    pixels: NDArray[np.uint8]
    reasons: Sequence[str]  # "" where it can be read


def workers() -> int:
    """How many threads decode: one for each core that this process may use, within a bound."""
    return min(_MOST_WORKERS, cores())


def one_thread_here() -> None:
    """Let torch compute with one thread where it is called by the calling thread, in no other."""
    torch.get_num_threads()  # sets the thread's number, which must not come later
    threadpool_limits(limits=1, user_api="openmp")


def scored_batches(
    detector: Scoring, pictures: Sequence[Named], *, maps: bool
) -> Generator[list[Scored], None, None]:
    """Score pictures in their order, up to `BATCH` at a time. To be closed where it is not used up.

    A detector that an earlier version saved leaves `scaled` out. Small images are scored by the
    threads that decode them, each alone, since their layers are too short to be shared: on a busy
    machine the cores would mostly wait for each other.
    """
    own = threading.local()

    def finished(batch: _Decoded) -> list[Scored]:
        if not hasattr(own, "detector"):  # whose networks serve one thread at a time
            own.detector = detector.to(str(detector.device))
        return _scored(own.detector, batch, maps=maps)

    def decoded(some: Sequence[Named], ended: threading.Event) -> _Decoded:
        return _decode(some, detector.preprocessing, ended)

    def decoded_and_finished(some: Sequence[Named], ended: threading.Event) -> list[Scored]:
        batch = decoded(some, ended)
        return [] if ended.is_set() else finished(batch)

    if detector.size <= _SHARED_ABOVE and detector.device.type == "cpu":
        yield from _ahead(pictures, decoded_and_finished)
    else:
        with closing(_ahead(pictures, decoded)) as batches:
            for batch in batches:
                yield finished(batch)


def _ahead(
    pictures: Sequence[Named], work: Callable[[Sequence[Named], threading.Event], _Made]
) -> Generator[_Made, None, None]:
    """What threads make of each batch, in order; a batch more than there are threads is begun."""
    ended = threading.Event()
    waiting: deque[Future[_Made]] = deque()
    with ThreadPoolExecutor(workers(), initializer=one_thread_here) as pool:
        try:
            for start in range(0, len(pictures), BATCH):
                waiting.append(pool.submit(work, pictures[start : start + BATCH], ended))
                if len(waiting) > workers():
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            ended.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _decode(
    pictures: Sequence[Named], preprocessing: Preprocessing, ended: threading.Event
) -> _Decoded:
    pixels: list[NDArray[np.uint8]] = []
    reasons = []
    for picture in pictures:
        if ended.is_set():
            break
        try:
            pixels.append(decode(picture.path, preprocessing))
            reasons.append("")
        except Unreadable as reason:
            reasons.append(str(reason) or "it cannot be read")
    shape = (0, preprocessing.channels, preprocessing.size, preprocessing.size)
    stacked = np.stack(pixels) if pixels else np.empty(shape, np.uint8)
    return _Decoded(pictures=pictures, pixels=stacked, reasons=reasons)


def _scored(detector: Scoring, batch: _Decoded, *, maps: bool) -> list[Scored]:
    images = torch.from_numpy(batch.pixels)
    if not len(images):
        return [
            Scored(picture=picture, reason=reason)
            for picture, reason in zip(batch.pictures, batch.reasons, strict=True)
        ]
    scores = detector.score(images)
    scaled = None if detector.score_spread is None else detector.scaled_score(scores).tolist()
    drawn = detector.anomaly_maps(images) if maps else None
    made, row = [], 0
    for picture, reason in zip(batch.pictures, batch.reasons, strict=True):
        if reason:
            made.append(Scored(picture=picture, reason=reason))
            continue
        score = float(scores[row])
        made.append(
            Scored(
                picture=picture,
                score=score,
                scaled=None if scaled is None else scaled[row],
                anomalous=score > detector.threshold,
                map=None if drawn is None else drawn[row],
            )
        )
        row += 1
    return made
