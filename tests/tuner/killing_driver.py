"""A real search whose driver kills itself right after an event: run as a program by the tests.

    python -m tests.tuner.killing_driver EVENT NTH <arguments of tuner.search>

EVENT is one of the journal's, or `stop`: an epoch after which the trial was stopped.
"""

import os
import signal
import sys

from tuner.record.events import Event
from tuner.record.journal import Journal
from tuner.search import __main__ as search


def die_after(kind: str, nth: int) -> None:
    """Send SIGKILL to this process as soon as the journal holds `nth` events of a kind."""
    seen = 0
    append = Journal.append

    def append_and_die(self: Journal, event: Event) -> None:
        nonlocal seen
        append(self, event)
        seen += event.kind == kind
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    Journal.append = append_and_die  # type: ignore[method-assign]


if __name__ == "__main__":
    die_after(sys.argv[1], int(sys.argv[2]))
    sys.exit(search.main(sys.argv[3:]))
