"""Standard output that is closed, full, left by its reader or short of letters; and silences."""

import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tuner.cli import output
from tuner.cli.command_line import run_command
from tuner.cli.output import is_silent, say, silence, waiting

ROOT = Path(__file__).parents[2]
GOES_ON = "; the work goes on without it.\n"
WORK = """
import sys, time
from pathlib import Path
from tuner.cli.command_line import run_command
from tuner.cli.output import say
from tuner.console.listener import make_console

def work():
    console = make_console()
    for number in range(20):
        console.print(f'trial {number} \\u00b1')
        say(f'epoch {number} \\u00b1')
        time.sleep(0.01)
    Path('finished').write_text('all of it')
    return 0

sys.exit(run_command(work, lenient=True))
"""


@pytest.mark.parametrize(
    ("place", "said", "variables"),
    [
        (">&- 2>&-", "", {}),
        ("<&- >&- 2>&-", "", {}),
        (">/dev/full", f"Standard output: No space left on device{GOES_ON}", {}),
        (">/dev/full 2>/dev/full", "", {}),
        ("| head -n 1", f"Standard output: it was closed before all was written{GOES_ON}", {}),
        ("| cat", "", {"PYTHONIOENCODING": "ascii"}),
        ("| cat", "", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ],
)
def test_output_that_cannot_be_written_would_end_hours_of_work(
    tmp_path: Path, place: str, said: str, variables: dict[str, str]
) -> None:
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "{sys.executable}" -c "$WORK" {place}'],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        env=os.environ | {"WORK": WORK, "PYTHONPATH": str(ROOT), **variables},
    )
    assert (done.returncode, done.stderr) == (0, said)
    assert (tmp_path / "finished").read_text() == "all of it"


def test_a_librarys_words_would_be_written_into_a_file_of_ours(tmp_path: Path) -> None:
    code = (
        "import os, sys; from tuner.cli.command_line import run_command\n"
        "def work():\n"
        "    with open('journal', 'w') as journal:\n"
        "        print('event', file=journal)\n"
        "        os.system('echo from a library')\n"
        "    return 0\n"
        "sys.exit(run_command(work, lenient=True))"
    )
    line = f'"{sys.executable}" -c "$WORK" <&- >&-'
    environment = os.environ | {"WORK": code, "PYTHONPATH": str(ROOT)}
    subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "journal").read_text() == "event\n"


def test_a_log_that_cannot_be_written_would_flood_the_console(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = logging.getLogger("wandb-like")
    handler = logging.FileHandler("/dev/full")
    logger.addHandler(handler)

    def work() -> int:
        logger.error("rows are stored")
        return 0

    try:
        assert run_command(work) == 0
    finally:
        logger.removeHandler(handler)
        handler.stream = None  # type: ignore[assignment]
    assert "Traceback" not in capsys.readouterr().err


def test_seconds_would_pass_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "_REMIND_S", 0.05)
    with waiting("Starting"):
        time.sleep(0.18)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Starting ..."
    assert 2 <= len(said[1:]) <= 4
    assert all(line.startswith("Starting: 0 s so far") for line in said[1:])
    time.sleep(0.1)
    assert capsys.readouterr().out == ""


def test_a_silenced_search_would_speak(capsys: pytest.CaptureFixture[str]) -> None:
    with silence():
        assert is_silent()
        say("a word")
        with waiting("a while"):
            pass
    assert capsys.readouterr().out == ""
    say("a word")
    assert capsys.readouterr().out == "a word\n"
