"""The live screen of a search: what it looks like at one moment."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuner.console import lines
from tuner.console.state import SearchState
from tuner.objectives import metric_of
from tuner.record.trials import TrialView
from tuner.results.leaderboard import value_text

_SHOWN_BEST = 5
_SHOWN_TROUBLES = 3
_OTHER_ROWS = 11  # the header, and the heads of the tables with what stands between them


def screen(name: str, state: SearchState, slots: int, height: int) -> RenderableType:
    """What is running, what went wrong and what is best, in so many rows where that is possible.

    `slots` is how many trials train at once.
    """
    running, troubles = state.running, state.troubles[-_SHOWN_TROUBLES:]
    room = max(4, height - _SHOWN_BEST - _OTHER_ROWS - len(troubles))
    parts: list[RenderableType] = [_header(name, state, slots)]
    if running:
        parts += [Text(), _running_table(state, running[:room])]
    if len(running) > room:
        parts.append(Text(f" and {len(running) - room} more running", style="dim"))
    if troubles:
        parts.append(Text())
    parts += [
        Text(text, style="yellow", no_wrap=True, overflow="ellipsis")
        for text in map(lines.trouble_line, troubles)
    ]
    if state.standings:
        parts += [Text(), _best_table(state)]
    return Group(*parts)


def _header(name: str, state: SearchState, slots: int) -> Text:
    label, ranking = state.objective.replace("_", " "), state.ranking
    ended = state.ended
    header = Text(no_wrap=True, overflow="ellipsis")
    header.append(name, style="bold")
    begun = len(ended) + len(state.paused)
    header.append(f"   {begun} of {state.trials} trials   {len(state.running)} of {slots} slots\n")
    header.append(lines.count_text([*ended, *state.paused]) + "\n", style="dim")
    if ranking:
        first = ranking[0]
        header.append(f"{label} {value_text(first)}", style="bold green")
        header.append(f" (trial {first.trial.number}, epoch {first.epoch})\n")
        if published := lines.published_text(ranking):
            header.append(f"{published}\n")
    header.append(f"elapsed {lines.duration_text(state.elapsed)}")
    if (each := state.epochs_a_second) is not None:
        header.append(f"   {each:.2g} trial-epochs/s")
    if (left := state.seconds_left) is not None:
        header.append(f"   about {lines.duration_text(left)} left")
    return header


def _running_table(state: SearchState, running: Sequence[TrialView]) -> Table:
    metric, epochs = metric_of(state.objective), state.epochs
    table = _table("trial", "epoch", metric, "best", "s/epoch")
    table.add_column("rung (rank)", no_wrap=True)
    table.add_column("losses", no_wrap=True, overflow="ellipsis", style="dim")
    for trial in running:
        row = trial.rows[-1] if trial.rows else None
        losses = {} if row is None else row.losses
        table.add_row(
            str(trial.number),
            f"{trial.epochs}/{epochs}",
            lines.score_text(None if row is None else row.metrics.get(metric)),
            lines.score_text(lines.best_so_far(trial, state.objective)),
            "-" if row is None else f"{row.seconds:.1f}",
            lines.rung_text(trial),
            "  ".join(f"{name} {value:.3g}" for name, value in losses.items()),
        )
    return table


def _best_table(state: SearchState) -> Table:
    table = _table("best", "epoch", state.objective.replace("_", " "))
    table.add_column("state", no_wrap=True, overflow="ellipsis", style="dim")
    for found in state.ranking[:_SHOWN_BEST]:
        trial = found.trial
        name = f"published {trial.published}, " if trial.published else ""
        shown = f"{name}{lines.ending(trial)}"
        table.add_row(str(trial.number), str(found.epoch), value_text(found), shown)
    return table


def _table(*numbers: str) -> Table:
    """A table without lines whose columns `numbers` are aligned to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True, min_width=max(6, len(name)))
    return table
