"""Fuzzing of space files: every mutation is read or refused in words, at once.

    verdict = judged(mutation(path.read_text(), Random(7)), load_space(path), folder)

`verdict.broken` says what went wrong; "" where nothing did.
"""

from __future__ import annotations

import re
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from tests.tuner.space.mutations import Case
from tuner.errors import SpaceError, TunerError
from tuner.planning.dry_run import dry_run_text
from tuner.space import Machine, Space, load_space

LONGEST_S = 2.0
_MACHINE = Machine(cpus=4)
_MOST_LINES, _LONGEST_LINE = 20, 2000


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What became of a case: the processor's seconds for it, and what must not be, if anything."""

    seconds: float
    traceback: str = ""
    wrong: str = ""

    @property
    def broken(self) -> str:
        """All that must not be, in one text."""
        slow = f"took {self.seconds:.1f} s" if self.seconds > LONGEST_S else ""
        return "\n".join(filter(None, (self.traceback, self.wrong, slow)))


def judged(case: Case, original: Space, folder: Path) -> Judged:
    """Read a case as a new search and its dry run do, and hold what comes against what must."""
    path = folder / "mutated.yaml"
    path.write_bytes(case.content)
    start, wrong, trace = time.process_time(), "", ""
    try:
        space = load_space(path, case.overrides, _MACHINE, new=True)
        dry_run_text(space, _MACHINE, lambda _space, _machine, _lanes: 1.0)
        wrong = _accepted(case, space, original)
    except TunerError as error:
        wrong = _refused(case, error, path)
    except Exception:
        trace = traceback.format_exc()
    return Judged(seconds=time.process_time() - start, wrong=wrong, traceback=trace)


def _accepted(case: Case, space: Space, original: Space) -> str:
    if case.verdict == "wrong":
        return "accepted, and is wrong"
    if case.verdict == "harmless" and space != original:
        return "read differently, and means the same"
    return ""


def _refused(case: Case, error: TunerError, path: Path) -> str:
    text = str(error)
    if case.verdict == "harmless":
        return f"refused, and means the same: {text}"
    lines = text.splitlines()
    if isinstance(error, SpaceError):
        said = rf"({re.escape(str(path))}:\d+|--set .*): .+"
        rest = r"and [\d,]+ more problems"
        formless = [line for line in lines if not re.fullmatch(f"{said}|{rest}", line)]
    else:
        formless = []
    too_long = [line for line in lines if len(line) > _LONGEST_LINE]
    if formless or too_long or not 0 < len(lines) <= _MOST_LINES:
        return f"a message of another form: {(formless or too_long or lines)[:3]}"
    return ""
