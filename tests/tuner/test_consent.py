"""A search of over an hour is asked about, and no other."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tuner.simulated import small_space
from tests.tuner.test_search_command import SMALL, command
from tuner.planning import consent
from tuner.space import Machine

MACHINE = Machine(cpus=2)


@pytest.mark.parametrize(
    ("trials", "epoch_s", "asked"),
    [(3, 10_000.0, False), (200, 1.0, False), (200, 60.0, True)],
)
def test_a_short_search_would_be_asked_about_or_a_long_one_not(
    trials: int, epoch_s: float, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[str] = []
    monkeypatch.setattr("builtins.input", lambda text: questions.append(text) or "n")
    space = small_space(trials=trials)
    agreed = consent.agreed(space, MACHINE, lambda *_: epoch_s)
    assert agreed is not asked
    assert bool(questions) is asked


@pytest.mark.parametrize(("answer", "agreed"), [("", True), ("Y", True), ("no", False)])
def test_an_answer_would_be_taken_for_the_other(
    answer: str, agreed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _text: answer)
    assert consent.agreed(small_space(trials=200), MACHINE, lambda *_: 60.0) is agreed


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({}, ""),
        ({"price_per_device_hour": 3.5}, "costs 3.5, and no limit is set"),
        ({"price_per_device_hour": 3.5, "money": 14}, "costs 3.5, and its budget is 14.00"),
        ({"price_per_device_hour": 3.5, "device_hours": 2}, "and its budget is 7.00"),
    ],
)
def test_money_would_be_spent_unasked(
    budget: dict[str, float], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = small_space(budget=budget)
    assert said in consent.paid_search(space)
    monkeypatch.setattr("builtins.input", lambda _text: "n")
    assert consent.agreed_to_pay(space) is (not said)


def on_a_terminal(typed: list[str], answer: str) -> tuple[int, str]:
    """Exit code and output of a command that is typed, and answered when it asks."""
    process_id, terminal = pty.fork()
    if process_id == 0:
        os.execv(typed[0], typed)
    said = b""
    try:
        while part := os.read(terminal, 4096):
            said += part
            if b"[Y/n]" in part:
                os.write(terminal, answer.encode() + b"\n")
    except OSError:  # the other end is closed
        pass
    code = os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1])
    return code, said.decode(errors="replace")


def test_a_person_would_not_be_asked_or_a_refused_search_leave_something(tmp_path: Path) -> None:
    long = ["--trials=100000", "--set=epochs=200"]
    code, said = on_a_terminal(command(tmp_path / "runs", *SMALL, *long), "n")
    assert "This search will likely take about" in said
    assert said.rstrip().endswith("Nothing was started.")
    assert code == 0
    assert not (tmp_path / "runs").exists()


def test_a_search_without_a_terminal_would_wait_for_an_answer() -> None:
    script = "from tuner.planning.consent import somebody_is_there as s; print(s())"
    done = subprocess.run(
        [sys.executable, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert done.stdout.split() == [b"False"]
