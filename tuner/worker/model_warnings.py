"""What the training warns of, for the user: a worker's own output is shown to nobody."""

import logging
from collections import deque
from types import TracebackType
from typing import Self


class ModelWarnings(logging.Handler):
    """Collects, where it is entered, what `models` warns of; each is handed out once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._texts: deque[str] = deque()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it for the next report."""
        self._texts.append(record.getMessage())

    def next(self) -> str:
        """The oldest that nobody has had yet; empty where there is none."""
        try:
            return self._texts.popleft()
        except IndexError:
            return ""

    def __enter__(self) -> Self:
        logging.getLogger("models").addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        logging.getLogger("models").removeHandler(self)
