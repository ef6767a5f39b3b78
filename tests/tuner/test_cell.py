"""A search's screen in a notebook's cell, with a display that keeps what it is given."""

import builtins
import sys
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest
from rich.console import Console
from rich.text import Text

from tests.tuner.fake_trials import realistic
from tests.tuner.test_console import listener, play
from tuner.cli.output import silence
from tuner.console import cell
from tuner.console.cell import drawn, in_cell
from tuner.console.listener import ConsoleListener, make_console
from tuner.console.state import SearchState


class Notebook:
    """Stands for IPython in a kernel: keeps what was displayed, and how it was changed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown: list[tuple[str, dict[str, str]]] = []
        ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
        ipython.get_ipython = lambda: SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
        display.DisplayHandle = lambda: self  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "IPython.display", display)

    def display(self, shown: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(("display", shown))

    def update(self, shown: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(("update", shown))


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    monkeypatch.setattr(cell, "_EVERY_S", 0.01)
    return Notebook(monkeypatch)


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_terminal_or_a_pipe_would_be_taken_for_a_notebook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_cell()
    assert "IPython" not in sys.modules
    in_terminal = ModuleType("IPython")
    in_terminal.get_ipython = SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", in_terminal)
    assert not in_cell()
    in_terminal.get_ipython = lambda: None  # type: ignore[attr-defined]
    assert not in_cell()


def test_a_cell_would_show_no_progress_or_a_line_for_each_epoch(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    console, out = listener(trials=40)
    assert console.has_screen
    with console:
        for view in realistic(16, seed=3):
            play(console, view)
        wait_for(lambda: "16 of 40 trials" in notebook.shown[-1][1]["text/plain"])
        last = notebook.shown[-1][1]
        assert "best auroc 0.9780" in last["text/html"]
        assert "<pre" in last["text/html"] and "\x1b" not in last["text/html"]
        assert "  epoch 1/8  " not in out.getvalue()
    assert notebook.shown[0][0] == "display"
    assert {how for how, _ in notebook.shown[1:]} == {"update"}
    assert notebook.shown[-1][1] == {"text/html": "", "text/plain": ""}
    told = len(notebook.shown)
    time.sleep(0.05)
    assert len(notebook.shown) == told, "its thread goes on"


def test_a_quiet_search_would_be_shown_in_a_cell(notebook: Notebook) -> None:
    with silence():
        state = SearchState(trials=1, epochs=8, objective="best_auroc")
        with ConsoleListener("quick", state, 2, make_console()) as console:
            play(console, realistic(1)[0])
    assert notebook.shown == []


def test_lines_in_a_notebook_would_each_be_a_display_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = type("ZMQInteractiveShell", (), {})()  # by which rich knows a notebook
    monkeypatch.setattr(builtins, "get_ipython", lambda: shell, raising=False)
    assert Console().is_jupyter
    make_console().print("a line", style="bold")
    assert capsys.readouterr().out == "a line\n"
    assert not make_console().is_jupyter


def test_a_picture_of_the_screen_would_have_colours_of_a_terminal() -> None:
    shown = drawn(Text("best <1>", style="bold green"))
    assert shown["text/plain"] == "best <1>\n"
    assert "best &lt;1&gt;</span>" in shown["text/html"]
    assert "background" not in shown["text/html"]
