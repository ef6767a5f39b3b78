"""What the benchmarks that run whole commands share."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from _result import device_name, write
from _targets import figure_table

ROOT = Path(__file__).parent.parent
_QUIET_LINES = 30
_EXTRA = "TUNER_DATA"


def run(arguments: Sequence[str], log: Path | None = None) -> tuple[float, float]:
    """Run `python <arguments>` in the repository; its start and end in seconds since the epoch.

    What it says goes to `log`, or to the screen without one. Leaves with the end of the log if the
    command fails.
    """
    print(f"$ {command_text(arguments)}", flush=True)
    started = time.time()
    if log is None:
        code = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode
        said = ""
    else:
        with log.open("w") as file:
            code = subprocess.run(
                [sys.executable, *arguments], cwd=ROOT, stdout=file, stderr=file, check=False
            ).returncode
        said = "\n".join(log.read_text(errors="replace").splitlines()[-_QUIET_LINES:])
    ended = time.time()
    if code:
        raise SystemExit(f"{said}\nthe command above ended with exit code {code}")
    return started, ended


def extra_images(folder: str) -> Path:
    """A folder of images that one has to get for oneself, below $TUNER_DATA."""
    place = Path(os.environ.get(_EXTRA, "")).absolute() / folder
    if _EXTRA not in os.environ or not place.is_dir():
        raise SystemExit(f"there is no ${_EXTRA}/{folder}: set {_EXTRA} to the folder that has it")
    return place


def finish(
    benchmark: str, figures: Mapping[str, float], *, standard: bool = True, extra: bool = False
) -> None:
    """Print the figures beside their targets; write them if they are of the standard settings.

    `extra`: the command needs `extra_images`.
    """
    show(benchmark, figures)
    if not standard:
        print("\nnot written: the settings are not those of the benchmark")
        return
    script = f"benchmarks/{Path(sys.argv[0]).name}"
    command = command_text([script, *sys.argv[1:]])
    file = write(benchmark, figures, f"{_EXTRA}=/data {command}" if extra else command)
    print(f"\nwritten: {os.path.relpath(file)}")


def show(benchmark: str, figures: Mapping[str, float]) -> None:
    """Print the figures beside their targets."""
    print(f"\n{benchmark} on {device_name()}\n")
    print("\n".join(figure_table(benchmark, figures)))


def is_standard(overrides: Sequence[str]) -> bool:
    """Whether `--set` says at most where the images lie."""
    return all(override.startswith("data.folder=") for override in overrides)


def command_text(arguments: Sequence[str]) -> str:
    """A command line as typed, without what holds for one machine: where its files lie."""
    kept: list[str] = []
    for argument in arguments:
        of_images = argument.startswith("data.folder=") and kept[-1:] == ["--set"]
        if of_images or kept[-1:] in (["--keep"], ["--python"], ["--runs"], ["--work"]):
            kept.pop()
        else:
            kept.append(argument)
    return shlex.join(["python", *kept])
