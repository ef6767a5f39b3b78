"""The mutants of `tests/mutants/`, which benchmarks/mutants.py runs against the tests."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def _module() -> ModuleType:
    spec = spec_from_file_location("_mutants", ROOT / "benchmarks" / "_mutants.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


CODE = _module()
MUTANTS = CODE.read_mutants(ROOT / "tests" / "mutants")


def test_a_mutant_would_no_longer_apply() -> None:
    """Whoever changes a line that a mutant replaces changes that too, or takes it out."""
    broken = []
    for mutant in MUTANTS:
        original = (ROOT / mutant.file).read_text()
        try:
            assert mutant.applied(original) != original, mutant.id
        except ValueError as error:
            broken.append(str(error))
    assert not broken, "\n".join(broken)


def test_the_tests_of_a_mutant_would_be_gone() -> None:
    missing = {test for mutant in MUTANTS for test in mutant.tests if not (ROOT / test).is_file()}
    assert not missing
    assert all(mutant.tests for mutant in MUTANTS)


def test_more_than_one_mutant_in_ten_would_be_called_equivalent() -> None:
    equivalent = [mutant for mutant in MUTANTS if mutant.equivalent]
    assert len(MUTANTS) >= 150
    assert 10 * len(equivalent) <= len(MUTANTS)


def test_a_mutant_would_be_put_in_elsewhere_or_lose_its_indentation() -> None:
    text = "if a:\n    b = 1\n    if b:\n        c()\nb = 1\n"
    mutant = CODE.Mutant(
        id="x", file="f.py", old="b = 1\nif b:\n    c()", new="if b:\n    d()", why="", tests=()
    )
    assert mutant.applied(text) == "if a:\n    if b:\n        d()\nb = 1\n"
    for old, said in (("b = 1", "there 2 times"), ("b = 2", "not there")):
        twice = CODE.Mutant(id="x", file="f.py", old=old, new="", why="", tests=())
        with pytest.raises(ValueError, match=f"x: its old lines are {said} in f.py"):
            twice.applied(text)
