"""torchvision's own download, in a process of its own.

In a process of its own because importing torchvision imports torch, which takes seconds that the
process that only searches for files should not pay, and because a download has no time limit
there, while a process can be ended.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from models.data.downloads import run

TIMEOUT_S = 600
SILENCE_S = 20  # longest wait for a connection or the next bytes

PROGRAM = """
import socket, sys
socket.setdefaulttimeout(float(sys.argv[3]))
from torchvision import datasets
try:
    getattr(datasets, sys.argv[1])(sys.argv[2], download=True)
except Exception as error:
    sys.exit(" ".join(str(error).split()))
"""


def fetch(class_name: str, files: Sequence[str], folder: Path, *, layout: Path) -> None:
    """Let `torchvision.datasets.<class_name>` download, and move its files into the folder.

    `layout` is where it puts them, relative to the root that it is given.

    Raises:
        DataNotFound: it failed; the text has torchvision's reason.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent) as root:
        command = [sys.executable, "-c", PROGRAM, class_name, root, str(SILENCE_S)]
        run(command, folder=folder, timeout_s=TIMEOUT_S)
        for name in files:
            Path(root, layout, name).rename(folder / name)
