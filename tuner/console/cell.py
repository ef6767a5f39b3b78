"""The screen of a search below the cell of a notebook that started it."""

import sys
import threading
from collections.abc import Callable
from io import StringIO

from rich.console import Console, RenderableType

_EVERY_S = 1.0
_WIDTH = 100
_FORMAT = '<pre style="white-space: pre; overflow-x: auto; line-height: normal">{code}</pre>'


def in_cell() -> bool:
    """Whether a notebook's kernel runs this process. Loads nothing where none does."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")


class CellScreen:
    """Shows what `screen` returns below the cell, drawn anew every second, until it is stopped.

    `screen` is called in a thread of its own, as rich does it for a terminal.
    """

    def __init__(self, screen: Callable[[], RenderableType]) -> None:
        from IPython.display import DisplayHandle  # noqa: PLC0415 - of the notebook

        self._screen = screen
        self._place = DisplayHandle()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="tuner-cell", daemon=True)

    def start(self) -> None:
        """Show it."""
        self._place.display(drawn(self._screen()), raw=True)
        self._thread.start()

    def stop(self) -> None:
        """Take it away: what is said at the search's end stands in its place."""
        self._over.set()
        self._thread.join()
        self._place.update({"text/html": "", "text/plain": ""}, raw=True)

    def _go_on(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._place.update(drawn(self._screen()), raw=True)


def drawn(screen: RenderableType) -> dict[str, str]:
    """A screen as notebooks take it, by media type: in the notebook's own colours, and as text."""
    console = Console(
        file=StringIO(), record=True, width=_WIDTH, force_jupyter=False, highlight=False
    )
    console.print(screen)
    html = console.export_html(clear=False, code_format=_FORMAT, inline_styles=True)
    return {"text/html": html, "text/plain": console.export_text()}
