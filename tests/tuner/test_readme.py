"""What the README tells a newcomer to do, done as it is written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_the_readme_would_lead_to_a_place_that_is_not_there() -> None:
    links = re.findall(r"\]\((?!https:)([^)#]+)\)", README)  # those of this repository
    paths = re.findall(r"`((?:docs|models|search_spaces|tuner|benchmarks)/[\w./-]+)`", README)
    made = {"models/detectors/my_detector", "search_spaces/my-detector.yaml"}
    assert len(links) >= 5
    missing = [place for place in {*links, *paths} - made if not (ROOT / place).exists()]
    assert missing == []
