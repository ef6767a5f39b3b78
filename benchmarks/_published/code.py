"""Which code a detector's results depend on, as a digest.

Comments, docstrings and layout are no part of it: they change no figure.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_ALWAYS = ("models/lanes", "models/evaluation", "models/trainer.py", "models/scores.py")
"""What trains and judges every detector, whatever it imports."""
_FOLLOWED = ("models.detectors", "models.losses", "models.networks")


@cache
def code_digest(names: tuple[str, ...]) -> str:
    """The digest of the code of these detectors, of what trains them and of what judges them."""
    files: set[Path] = set()
    for place in (*_ALWAYS, *(f"models/detectors/{name.replace('-', '_')}" for name in names)):
        files |= _python_files(ROOT / place)
    files = _with_imports(files)
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(f"{file.relative_to(ROOT).as_posix()} {meaning(file)}\n".encode())
    return whole.hexdigest()[:12]


def _with_imports(files: set[Path]) -> set[Path]:
    """The files and what they import of detectors, losses and networks, in as many steps."""
    found, new = set(files), set(files)
    while new:
        new = {imported for file in new for imported in _imports(file)} - found
        found |= new
    return found


@cache
def _imports(file: Path) -> frozenset[Path]:
    return frozenset(path for name in _imported_names(file) if (path := _file_of(name)) is not None)


def _imported_names(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _file_of(name: str) -> Path | None:
    """The module's file, of what is followed; None of a name that is no module."""
    if not name.startswith(_FOLLOWED):
        return None
    path = ROOT.joinpath(*name.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@cache
def meaning(file: Path) -> str:
    """The sha256 of a module's statements without its docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)]  # type: ignore[attr-defined]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _python_files(place: Path) -> set[Path]:
    return {place} if place.suffix == ".py" else set(place.rglob("*.py"))
