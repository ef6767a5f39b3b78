"""What people read while a search runs and when it has ended."""

import dataclasses
import io
import logging
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.tuner.fake_trials import EPOCHS, realistic, trial
from tuner.console.lines import best_lines, duration_text, ended_line, fit
from tuner.console.listener import ConsoleListener, make_console
from tuner.console.state import SearchState
from tuner.record.trials import Decided, Decision, Interruption, TrialView

CONTINUE = Decision(action="continue")
STOP = Decision(action="stop", reason="asha", rung=1, rank=5, of=9)


def listener(terminal: bool = False, trials: int = 16) -> tuple[ConsoleListener, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=80, height=30, highlight=False)
    state = SearchState(trials=trials, epochs=EPOCHS, objective="best_auroc")
    return ConsoleListener("quick", state, 2, console), out


def play(console: ConsoleListener, view: TrialView) -> None:
    so_far = dataclasses.replace(view, state="running", reason="", rows=())
    console.trial_started(so_far, 1)
    for one in view.rows:
        last = one is view.rows[-1]
        decision = STOP if last and view.reason == "asha" else CONTINUE
        decided = Decided(time=0.0, epochs=one.epoch, decision=decision)
        rows, decisions = (*so_far.rows, one), (*so_far.decisions, decided)
        so_far = dataclasses.replace(so_far, rows=rows, decisions=decisions)
        console.epoch_reported(so_far, one, decision)
    console.trial_ended(dataclasses.replace(view, decisions=so_far.decisions))


def test_a_pipe_would_get_more_than_one_line_per_epoch_and_per_end() -> None:
    console, out = listener()
    with console:
        play(console, trial(7, 0.9712, 0.9731))
        play(console, trial(8, 0.9, state="pruned", reason="asha"))
        play(console, trial(9, 0.99, state="pruned", reason="diverged"))
        play(console, trial(10, state="failed", reason="error: Out of\nmemory"))
    assert out.getvalue().splitlines() == [
        "trial   7  epoch 1/8  auroc 0.9712  best 0.9712     6.1 s",
        "trial   7  epoch 2/8  auroc 0.9731  best 0.9731     6.1 s",
        "trial   7  complete: best 0.9731, epoch 2",
        "trial   8  epoch 1/8  auroc 0.9000  best 0.9000     6.1 s",
        "trial   8  stopped by ASHA at rung 1 (rank 5 of 9): best 0.9000, epoch 1",
        "trial   9  epoch 1/8  auroc 0.9900  best 0.9900     6.1 s",
        "trial   9  diverged after 1 epoch, not ranked",
        "trial  10  failed: Out of memory",
    ]


def test_a_long_search_would_wrap_lines_or_write_escape_codes_to_a_pipe() -> None:
    console, out = listener(trials=200)
    trials = realistic(200, seed=1)
    with console:
        for view in trials:
            play(console, view)
    console.summary(trials, Path("runs/quick"), seconds=185)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in out.getvalue()
    assert lines[-1] == "  python -m tuner.retrain --run runs/quick"


def test_the_summary_would_hide_a_published_set_or_rank_a_diverged_trial() -> None:
    console, out = listener()
    ordinary = [trial(number, 0.95 + number / 1000) for number in range(2, 15)]
    diverged = trial(15, 0.999, state="pruned", reason="diverged")
    trials = [trial(0, 0.94, published="W1"), *ordinary, diverged]
    console.summary(trials, Path("runs/with space"), seconds=1)
    text = out.getvalue()
    ranked, apart = text.split("not ranked:")
    assert "0.9990" not in text
    assert re.search(r"14 +0 +0\.9400 +1 +1/8 +complete +published W1", ranked)
    assert re.search(r"15 +diverged after 1 epoch", apart)
    assert "gain over the published W1: +0.0240 best auroc (0.9400 -> 0.9640)" in text
    assert "--run 'runs/with space'" in text


def test_a_search_without_a_valid_score_would_name_a_best_or_a_next_command() -> None:
    console, out = listener()
    console.summary(
        [trial(1, 0.9, state="failed", reason="error: boom")], Path("runs/x"), seconds=1
    )
    assert "No trial has a valid score." in out.getvalue()
    assert "retrain" not in out.getvalue()


def test_a_best_published_set_would_be_shown_without_its_hyperparameters() -> None:
    published = [trial(0, 0.9, published="W1"), trial(1, 0.8, published="W2")]
    whole = [
        "best: trial 0",
        "  patch_n       3",
        "  generator_lr  0.0001",
        "  score         error",
    ]
    assert best_lines(published, "best_auroc")[1:] == whole[1:]
    values = {**published[0].hyperparameters, "patch_n": 5}
    varied = [*published, trial(2, 0.7, hyperparameters=values)]
    assert best_lines(varied, "best_auroc")[1:] == ["  patch_n  3"]
    alike = [
        dataclasses.replace(each, hyperparameters=varied[0].hyperparameters) for each in varied
    ]
    assert best_lines(alike, "best_auroc")[1:] == whole[1:]


def test_a_missing_gain_would_go_unexplained() -> None:
    console, out = listener()
    console.gain([trial(1, 0.9)])
    assert "No gain over published settings to tell: none was tried." in out.getvalue()
    console.gain([trial(1, 0.9), trial(0, 0.8, published="W1", state="pruned", reason="asha")])
    assert "none of them ran to its end" in out.getvalue()
    console.gain([trial(0, 0.95, published="W2"), trial(1, 0.9)])
    assert "The published set W2 is the best" in out.getvalue()


def test_the_live_screen_would_overflow_or_miss_what_matters() -> None:
    console, _ = listener(terminal=True, trials=40)
    for view in realistic(16, seed=3):
        play(console, view)
    for number in range(16, 36):
        running = trial(number, 0.9, 0.95, state="running")
        console.trial_started(running, 1)
        console.epoch_reported(running, running.rows[-1], CONTINUE)
    plain = io.StringIO()
    Console(file=plain, width=80, height=30).print(console.screen())
    lines = plain.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert len(lines) <= 30
    text = plain.getvalue()
    assert "16 of 40 trials" in text
    assert "best auroc 0.9780 (trial 15, epoch 6)\n" in re.sub(" +\n", "\n", text)
    assert "published 0.9773 (W2)   gain +0.0007" in text
    assert "trial-epochs/s" in text
    assert "elapsed" in text
    assert "left" in text
    assert re.search(r"16 +2/8 +0\.9500 +0\.9500 +6\.1", text)
    assert "more running" in text


def test_a_warning_or_an_old_log_handler_would_tear_the_live_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = io.StringIO()
    monkeypatch.setattr(sys, "stderr", old)
    logger = logging.getLogger("tests.console")
    handler = logging.StreamHandler()
    logger.addHandler(handler)
    try:
        console, out = listener(terminal=True)
        with console:
            logger.error("from a handler made before")
            print("from a library", file=sys.stderr)
        assert "from a handler made before" in out.getvalue()
        assert "from a library" in out.getvalue()
        assert old.getvalue() == ""
        logger.error("after")
        assert old.getvalue() == "after\n"
        assert sys.stderr is old
    finally:
        logger.removeHandler(handler)


def test_a_resumed_search_would_begin_to_count_from_nothing() -> None:
    console, out = listener()
    console.search_started([trial(0, 0.9), trial(1, 0.8, state="running")])
    console.trial_started(trial(1, 0.8, state="running"), 2)
    assert "1 of 16 trials have ended" in out.getvalue()
    assert "goes on after epoch 1" in out.getvalue()
    assert [view.number for view in console.state.running] == [1]


def test_an_earlier_drivers_trial_would_be_shown_without_its_rung() -> None:
    console, out = listener(terminal=True)
    decided = Decided(time=0.0, epochs=1, decision=STOP)
    stopped = trial(3, 0.9, state="pruned", reason="asha", decisions=(decided,))
    console.search_started([stopped])
    console._console.print(console.screen())
    assert "stopped by ASHA at rung 1 (rank 5 of 9)" in out.getvalue()


def test_the_time_left_would_ignore_trials_that_are_stopped_early() -> None:
    now = [0.0]
    state = SearchState(trials=4, epochs=8, objective="best_auroc", clock=lambda: now[0])
    assert state.seconds_left is None
    state.update(trial(0, *[0.9] * 8))
    state.update(trial(1, 0.5, 0.5, state="pruned", reason="asha"))
    state.session_epochs, now[0] = 10, 20.0
    assert state.seconds_left == pytest.approx(2 * 5 * 2.0)
    state.update(trial(2, 0.9, 0.9, 0.9, state="running"))
    state.session_epochs = 13
    assert state.seconds_left == pytest.approx((2 * 5 - 3) * 20 / 13), "three of the ten are done"


def test_standard_output_in_a_pipe_would_be_taken_for_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = make_console()
    assert not console.is_terminal
    console.print("x", style="bold red")
    assert capsys.readouterr().out == "x\n"


def test_a_time_or_a_reason_would_be_written_wrongly() -> None:
    assert [duration_text(s) for s in (5, 185.9, 3723)] == ["0:05", "3:05", "1:02:03"]
    assert fit("a" * 81) == "a" * 77 + "..."
    assert "stopped (time budget)" in ended_line(
        trial(1, state="pruned", reason="time budget"), None
    )


def test_the_time_left_would_take_paused_trials_for_untouched_ones() -> None:
    now = 0.0
    state = SearchState(trials=20, epochs=9, objective="best_auroc", clock=lambda: now)
    state.update(trial(0, *[0.9] * 9))
    for number in range(1, 18):
        state.update(trial(number, 0.8, state="paused"))
    state.session_epochs, now = 26, 260.0
    assert state.seconds_left == pytest.approx(10 * 2 * 26 / 18)


def test_what_went_wrong_would_scroll_out_of_sight() -> None:
    console, _ = listener(terminal=True)
    console.trial_ended(trial(1, state="failed", reason="error: out of memory"))
    lost = Interruption(kind="lost", time=2.0, attempt=1, epochs=0, cause="killed by signal 9")
    waits = dataclasses.replace(trial(2, state="running"), interruptions=(lost,))
    console.trial_started(waits, 2)
    goes_on = dataclasses.replace(trial(3, 0.9, state="running"), interruptions=(lost,))
    console.trial_started(goes_on, 2)
    plain = io.StringIO()
    Console(file=plain, width=80, height=30).print(console.screen())
    assert "trial   1  failed: out of memory" in plain.getvalue()
    assert "trial   2  lost, is tried again: killed by signal 9" in plain.getvalue()
    assert "trial   3  lost" not in plain.getvalue()


def test_the_rung_of_a_running_trial_would_not_be_shown() -> None:
    console, _ = listener(terminal=True)
    passed = Decided(time=1.0, epochs=1, decision=dataclasses.replace(STOP, action="continue"))
    later = Decided(time=2.0, epochs=2, decision=CONTINUE)
    view = dataclasses.replace(trial(4, 0.9, 0.91, state="running"), decisions=(passed, later))
    console.trial_started(view, 1)
    plain = io.StringIO()
    Console(file=plain, width=80, height=30).print(console.screen())
    assert "1 (5 of 9)" in plain.getvalue()
