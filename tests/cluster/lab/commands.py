"""Run the machine's own tools, with words for what went wrong."""

import shutil
import subprocess
from collections.abc import Sequence


class LabError(Exception):
    """The lab cannot be built here, and why."""


def tool(*command: str) -> str:
    """Run a command to its end and return what it wrote; LabError quotes its complaint."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise LabError(f"`{' '.join(command)}` failed: {said}")
    return done.stdout


def missing(names: Sequence[str]) -> list[str]:
    """Those of the tools that are not on this machine."""
    return [name for name in names if shutil.which(name) is None]
