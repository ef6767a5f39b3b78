"""A signal at every moment of a start: exit code, one line, and nobody left behind."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tuner.processes import wait_until_gone, wait_until_stoppable
from tests.tuner.test_search_command import SMALL, command

pytestmark = pytest.mark.long

MOMENTS = [1.5 * number for number in range(8)]  # the signals in turn
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
BEFORE = "Stopped before its end.\n"
DURING = "Stopping: the record is safe. Once more leaves at once."


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_while_a_search_starts_would_crash_it_or_leave_processes(
    tmp_path: Path, moment: float
) -> None:
    kind = signal.SIGTERM if moment % 1 else signal.SIGINT
    options = [*SMALL, "--name=any", "--trials=40", "--set=epochs=50", "--wandb=off"]
    code, out, errors = stopped(command(tmp_path, *options), kind, moment)
    assert code == CODES[kind], out + errors
    if DURING in out:
        assert errors == ""
        assert out.count("Stopping") == 1
    else:
        assert errors == BEFORE
        assert "Stopp" not in out


@pytest.mark.parametrize("moment", MOMENTS[:3])
def test_a_signal_while_torch_loads_would_crash_the_command(moment: float) -> None:
    kind = signal.SIGTERM if moment % 1 else signal.SIGINT
    scoring = [sys.executable, "-c", SCORES_FOR_EVER]
    code, out, errors = stopped(scoring, kind, moment)
    assert (code, out, errors) == (CODES[kind], "", BEFORE)


SCORES_FOR_EVER = """
from tuner.cli.command_line import run_command
from tuner.cli.signals import leave

def action():
    from tuner.score.run import score  # as the command does: torch, and all that goes with it
    while True:
        pass

leave(run_command(action))
"""


def stopped(typed: list[str], kind: signal.Signals, moment: float) -> tuple[int, str, str]:
    """What becomes of a command that gets a signal so long after it can first answer one."""
    with subprocess.Popen(
        typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_until_stoppable(process.pid)
        time.sleep(moment)
        process.send_signal(kind)
        out, errors = process.communicate(timeout=90)
    wait_until_gone(process.pid)
    return process.returncode, out, errors
