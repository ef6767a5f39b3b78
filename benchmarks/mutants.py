"""Mistakes put into the code one at a time, each against the tests nearest to it.

    python benchmarks/mutants.py
    python benchmarks/mutants.py --only omasgan       # those whose id or file has this in it; or
                                                      # one of several
    python benchmarks/mutants.py --work /tmp/mutants  # where verdicts are kept, to go on later

Each mutant of `tests/mutants/` is applied to a copy of the repository. It is caught where a test
fails or takes too long; those that are not are named. A verdict is kept as long as the file and
the tests that it is of stay as they are, so a run that was broken off goes on, and after a change
only what it concerns is tried again.
"""

import argparse
import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import pytest
from _mutants import Mutant, read_mutants

ROOT = Path(__file__).parent.parent
_MOST_S = 600
_OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-m", "not long")
_IMPORTED = (
    "torch.func",
    "torchvision.transforms.v2",
    "scipy.stats",
    "sklearn.cluster",
    "sklearn.datasets",
    "sklearn.decomposition",
    "sklearn.metrics",
    "scipy.ndimage",
    "optuna",
    "hypothesis",
    "pydantic",
)
"""What most tests import, once for all of them: it takes longer than the tests."""
_OWN = ("models", "tuner", "tests")
_PASSED, _FAILED, _NOT_COLLECTED = 0, 1, 2


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--only", nargs="+", default=[""], metavar="PATTERN")
    options.add_argument("--work", type=Path, metavar="FOLDER")
    given = options.parse_args()
    mutants = read_mutants(ROOT / "tests" / "mutants")
    chosen = [
        mutant
        for mutant in mutants
        if any(pattern in mutant.id or pattern in mutant.file for pattern in given.only)
    ]
    work = given.work or Path(tempfile.gettempdir()) / "mutants"
    work.mkdir(parents=True, exist_ok=True)
    verdicts = _Verdicts(work / "verdicts.json")
    with tempfile.TemporaryDirectory() as temporary:
        trials = _Trials(Path(temporary) / "copy", work / "output.txt")
        for mutant in chosen:
            if not mutant.equivalent and not verdicts.of(mutant):
                start = time.monotonic()
                verdict = trials.of(mutant)
                verdicts.add(mutant, verdict)
                print(f"{verdict:9} {time.monotonic() - start:6.1f} s  {mutant.id}", flush=True)
    _report(chosen, verdicts)
    from _running import finish, show  # imports the code, which a trial must not find imported

    figures = _figures(chosen, verdicts)
    if len(chosen) == len(mutants):
        finish("mutants", figures)
    else:
        show("mutants", figures)


class _Verdicts:
    """What became of each mutant, on disk: `caught`, `timeout`, or `survived`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        read: Mapping[str, Sequence[str]] = json.loads(path.read_text()) if path.exists() else {}
        self._known = dict(read)

    def of(self, mutant: Mutant) -> str:
        """The verdict, "" where there is none of the code and the tests as they are."""
        verdict, fingerprint = self._known.get(mutant.id, ("", ""))
        return verdict if fingerprint == mutant.fingerprint(ROOT) else ""

    def add(self, mutant: Mutant, verdict: str) -> None:
        """Keep a verdict."""
        self._known[mutant.id] = (verdict, mutant.fingerprint(ROOT))
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(self._known, indent=1) + "\n")
        draft.replace(self._path)


class _Trials:
    """Runs tests in a copy of the repository, each time in a process of its own."""

    def __init__(self, copy: Path, output: Path) -> None:
        self._copy = copy
        self._output = output
        self._sound: set[str] = set()
        _copy_repository(copy)
        os.environ |= {
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
        }
        for name in _IMPORTED:
            import_module(name)

    def of(self, mutant: Mutant) -> str:
        """The verdict of the mutant's tests; the copy is afterwards as it was.

        Leaves where a test fails without it: it would catch everything.
        """
        for test in mutant.tests:
            if test not in self._sound and self._code([test]) != _PASSED:
                raise SystemExit(f"{test} fails without any mutant:\n{self._output.read_text()}")
            self._sound.add(test)
        path = self._copy / mutant.file
        original = path.read_text()
        mutated = mutant.applied(original)
        ast.parse(mutated, mutant.id)  # what is not Python would be caught by any test
        path.write_text(mutated)
        try:
            code = self._code(mutant.tests)
        finally:
            path.write_text(original)
        if code is None:
            return "timeout"
        if code not in (_PASSED, _FAILED, _NOT_COLLECTED):
            raise SystemExit(f"pytest ended with {code}:\n{self._output.read_text()}")
        return "survived" if code == _PASSED else "caught"

    def _code(self, tests: Sequence[str]) -> int | None:
        """Pytest's exit code; None where it takes too long."""
        child = os.fork()
        if child == 0:
            self._run_and_exit(tests)
        deadline = time.monotonic() + _MOST_S
        ended = False
        try:
            while time.monotonic() < deadline:
                ended_pid, status = os.waitpid(child, os.WNOHANG)
                if ended := bool(ended_pid):
                    return os.waitstatus_to_exitcode(status)
                time.sleep(0.05)
        finally:
            if not ended:  # late, or this process is to end
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
        return None

    def _run_and_exit(self, tests: Sequence[str]) -> None:
        """In the process of the tests."""
        code = _NOT_COLLECTED
        try:
            os.setsid()
            sink = os.open(self._output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            os.chdir(self._copy)
            sys.path.insert(0, str(self._copy))
            code = int(pytest.main([*_OPTIONS, *tests]))
            for name in _OWN:
                found = sys.modules.get(name)
                if found is not None and str(self._copy) not in str(found.__file__):
                    code = 100  # of another place, which no mutant is in
        finally:
            sys.stdout.flush()
            os._exit(code)


def _copy_repository(folder: Path) -> None:
    """Its files as they stand, what git ignores left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def _report(chosen: Sequence[Mutant], verdicts: _Verdicts) -> None:
    survivors = [each for each in chosen if verdicts.of(each) == "survived"]
    if survivors:
        print("\nNot caught:\n")
    for each in survivors:
        print(f"{each.id} ({each.file}): {each.why}")


def _figures(chosen: Sequence[Mutant], verdicts: _Verdicts) -> dict[str, float]:
    tried = [each for each in chosen if not each.equivalent]
    caught = [each for each in tried if verdicts.of(each) in ("caught", "timeout")]
    return {
        "mutants": len(chosen),
        "caught_share": len(caught) / max(1, len(tried)),
        "equivalent_share": (len(chosen) - len(tried)) / max(1, len(chosen)),
        "survivors": len(tried) - len(caught),
    }


if __name__ == "__main__":
    main()
