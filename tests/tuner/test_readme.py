"""What the README and the pages of docs tell people to do, and where they lead."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from tuner.__main__ import commands

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the packages, in which a detector can be added."""
    for name in ("models", "tuner"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


@pytest.mark.long
def test_a_detector_could_not_be_added_as_its_page_says(repository: Path) -> None:
    page = (ROOT / "docs" / "new-detector.md").read_text(encoding="utf-8")
    codes = re.findall(r"^```python\n(# (\S+)\n.*?)^```", page, re.MULTILINE | re.DOTALL)
    (text,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    target = repository / "models" / "detectors" / "two_step"
    target.mkdir()
    (target / "__init__.py").write_text('"""An example."""\n')
    for code, place in codes:
        (repository / place).write_text(code, encoding="utf-8")
    space = text.splitlines()[0].split()[-1]
    (repository / space).parent.mkdir()
    (repository / space).write_text(text, encoding="utf-8")

    command = text.splitlines()[0].removeprefix("# python ").split()
    environment = {**os.environ, "PYTHONPATH": str(repository), "WANDB_MODE": "offline"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = (repository / "runs" / f"{Path(space).stem}-1" / "trials.csv").read_text().splitlines()
    assert len(rows[1:]) == 4
    assert {row.split(",")[1] for row in rows[1:]} <= {"complete", "pruned"}


def texts() -> dict[str, str]:
    """What a person reads: the README, and every page of docs."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in pages}


@pytest.mark.parametrize("page", texts())
def test_a_page_would_lead_to_a_place_that_is_not_there(page: str) -> None:
    text, here = texts()[page], (ROOT / page).parent
    links = re.findall(r"\]\((?!https:)([^)#]*)#?([^)]*)\)", text)  # those of this repository
    paths = re.findall(r"`((?:docs|models|search_spaces|tuner|benchmarks)/[\w./-]+)`", text)
    modules = re.findall(r"`((?:models|tuner)(?:\.[a-z_]+)+)`", text)
    made = {"models/detectors/two_step/__init__.py"}
    places = [(here / link if link else ROOT / page, anchor) for link, anchor in links]
    missing = [str(place) for place, _ in places if not place.exists()]
    missing += [anchor for place, anchor in places if anchor and anchor not in _headings(place)]
    missing += [path for path in {*paths} - made if not _is_there(path)]
    missing += [name for name in modules if not _is_there(name.replace(".", "/"))]
    assert missing == []


def _headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def _is_there(path: str) -> bool:
    """Whether a file or a folder, with or without its ending, or a name that a file defines."""
    place = ROOT / path
    own = place.parent.with_suffix(".py")
    defined = own.is_file() and f"{place.name}(" in own.read_text(encoding="utf-8")
    return place.exists() or place.with_suffix(".py").exists() or defined


def test_the_readme_would_not_lead_to_a_page() -> None:
    named = {f"docs/{page}" for page in re.findall(r"docs/([\w-]+\.md)", README)}
    assert {page for page in texts() if page != "README.md"} - named == set()


def typed_commands() -> list[tuple[str, str, list[str]]]:
    """Each of our commands on a page: the page, its module and its words."""
    return [
        (page, module, _words(rest))
        for page, text in texts().items()
        for module, rest in re.findall(r"python -m (tuner(?:\.\w+)+)([^\n`]*)", text)
    ]


def _words(line: str) -> list[str]:
    """The words after a command, without comment, redirection and the quote that it stands in."""
    for quote in "'\"":
        if line.count(quote) % 2:
            line = line.rpartition(quote)[0]
    words = shlex.split(line.split(" > ")[0].split(";")[0], comments=True)
    return [word for word in words if word != "..."]


def test_a_command_of_the_pages_would_be_refused(capsys: pytest.CaptureFixture[str]) -> None:
    given = [each for each in typed_commands() if each[1] in commands() and each[2]]
    assert len(given) > 30
    refused = []
    for page, module, words in given:
        try:
            import_module(f"{module}.__main__").parser().parse_args(words)
        except SystemExit:
            refused.append((page, module, words, capsys.readouterr().err))
    assert refused == []


def test_a_command_of_the_pages_would_not_be_there() -> None:
    modules = {module for _, module, _ in typed_commands()}
    assert {"tuner.search", "tuner.reference.commands"} <= modules
    assert [name for name in modules if find_spec(name) is None] == []
