"""The console of a search: a live screen, in a notebook too, or plain lines in a pipe."""

import logging
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live

from tuner.cli.command_text import command
from tuner.cli.output import is_silent
from tuner.console import lines
from tuner.console.cell import CellScreen, in_cell
from tuner.console.screen import screen
from tuner.console.state import SearchState
from tuner.record.trials import Decision, EpochRow, SearchListener, TrialView
from tuner.results.leaderboard import best

PICTURES_A_SECOND = 1


def make_console() -> Console:
    """A console on standard output that writes escape codes to a terminal only."""
    if is_silent():
        return Console(quiet=True, force_terminal=False)
    if sys.stdout.isatty():
        return Console(highlight=False)
    # In a notebook rich would make a display of every line.
    return Console(force_terminal=False, force_jupyter=False, color_system=None, highlight=False)


class ConsoleListener(SearchListener):
    """Shows a search while it runs: use as a context manager around it, then `summary`.

    `state` knows the trials, `slots` is how many train at once.
    """

    def __init__(
        self, name: str, state: SearchState, slots: int, console: Console | None = None
    ) -> None:
        self.name = name
        self.state = state
        self.slots = slots
        self._console = console or make_console()
        self._lock = threading.RLock()  # rich draws from its own thread
        self._live: Live | CellScreen | None = None
        self._redirected: list[tuple[logging.StreamHandler[Any], Any]] = []

    @property
    def has_screen(self) -> bool:
        """Whether it shows the search as it goes on, and not each epoch by a line."""
        return self._is_in_cell or self._is_in_terminal

    @property
    def _is_in_cell(self) -> bool:
        return in_cell() and not self._console.quiet

    @property
    def _is_in_terminal(self) -> bool:
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def __enter__(self) -> "ConsoleListener":
        """Begin the live screen, in a terminal or in a notebook's cell."""
        if self._is_in_cell:
            self._live = CellScreen(self.screen)
            self._live.start()
        elif self._is_in_terminal:
            self._live = Live(
                get_renderable=self.screen,
                console=self._console,
                refresh_per_second=PICTURES_A_SECOND,
                transient=True,
                vertical_overflow="crop",
            )
            streams = (sys.stdout, sys.stderr)
            self._live.start()
            self._redirect_logging(streams)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the live screen, whatever ended the search."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        for handler, stream in self._redirected:
            handler.setStream(stream)
        self._redirected.clear()

    def search_started(self, trials: Sequence[TrialView]) -> None:
        """Begin from the trials of an earlier session, on a resume."""
        with self._lock:
            self.state.restore(trials)
            ended = len(self.state.ended)
        if trials:
            self.say(f"{self.name} goes on: {ended} of {self.state.trials} trials have ended")

    def trial_started(self, trial: TrialView, attempt: int) -> None:
        """Show the trial among the running ones; a further attempt is worth a line."""
        with self._lock:
            self.state.update(trial)
        if attempt > 1:
            self.say(f"trial {trial.number:>3}  goes on after epoch {trial.epochs}")

    def epoch_reported(self, trial: TrialView, row: EpochRow, decision: Decision) -> None:
        """Show the row; in a pipe, print it."""
        with self._lock:
            self.state.update(trial)
            self.state.session_epochs += 1
        if self._live is None:
            state = self.state
            self.say(lines.epoch_line(trial, row, state.objective, state.epochs))

    def trial_paused(self, trial: TrialView) -> None:
        """Count the trial; in a pipe, print where it waits."""
        with self._lock:
            self.state.update(trial)
            found = self.state.standings.get(trial.number)
        if self._live is None:
            self.say(lines.ended_line(trial, found))

    def trial_ended(self, trial: TrialView) -> None:
        """Count the trial; in a pipe, or where it failed or diverged, print how it ended.

        At the search's end those that wait end as they stand, and nothing is to be said of them.
        """
        with self._lock:
            before = self.state.views.get(trial.number)
            waited = before is not None and before.state == "paused"
            self.state.update(trial)
            found = self.state.standings.get(trial.number)
        if not waited and (self._live is None or found is None):
            self.say(lines.ended_line(trial, found))

    def say(self, text: str, style: str = "") -> None:
        """Print one line, above the live screen where there is one."""
        self._console.print(text, style=style or None, markup=False, soft_wrap=True)

    def summary(
        self,
        trials: Sequence[TrialView],
        folder: Path,
        *,
        seconds: float,
        note: str = "",
        resume: str = "",
    ) -> None:
        """Print leaderboard, best configuration, gain and what to type next.

        `seconds` are those of all sessions; `note` is what the figures must be read beside;
        `resume` is the command that goes on with an unfinished search, empty for a finished one.
        """
        self.leaderboard(trials, seconds)
        self.gain(trials)
        if note:
            self.say(note)
        if resume:
            self.say("")
            self.say("not finished; go on with:", style="bold")
            self.say(f"  {resume}")
        if best(trials, self.state.objective) is not None:
            self.next_command(folder)

    def leaderboard(self, trials: Sequence[TrialView], seconds: float) -> None:
        """Print the ranking, who is not ranked and why, and the best configuration."""
        objective = self.state.objective
        elapsed = lines.duration_text(seconds)
        self.say("")
        self.say(f"{self.name}: {len(trials)} trials in {elapsed}", style="bold")
        self.say(lines.count_text(trials))
        self.say("")
        for line in lines.leaderboard_lines(trials, objective, self.state.epochs):
            self.say(line)
        for line in lines.doubt_lines(trials, objective):
            self.say(line)
        self.say("")
        for line in lines.best_lines(trials, objective):
            self.say(line)

    def gain(self, trials: Sequence[TrialView]) -> None:
        """Print the gain over the published defaults, or why there is none to print."""
        self.say("")
        for line in lines.gain_lines(trials, self.state.objective):
            self.say(line)

    def next_command(self, folder: Path) -> None:
        """Print what to type next."""
        self.say("")
        self.say("next:", style="bold")
        self.say(f"  {command('tuner.retrain', '--run', folder)}")

    def screen(self) -> RenderableType:
        """The live screen as it should look now."""
        with self._lock:
            return screen(self.name, self.state, self.slots, self._console.height)

    def _redirect_logging(self, streams: tuple[Any, Any]) -> None:
        """Let log handlers made before the screen began write above it, not into it."""
        loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
        for logger in loggers:
            for handler in getattr(logger, "handlers", ()):
                if type(handler) is logging.StreamHandler and handler.stream in streams:
                    self._redirected.append((handler, handler.stream))
                    handler.setStream(sys.stdout if handler.stream is streams[0] else sys.stderr)
