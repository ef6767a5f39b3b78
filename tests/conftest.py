"""What more than one folder of tests needs."""

import os
import re
from collections import Counter

import pytest
from _pytest.terminal import TerminalReporter

from models.data.config import DataConfig
from models.data.sources import DataNotFound, Source, find

# Whole commands run in processes of their own and shall not ask or tell anybody.
os.environ["WANDB_MODE"] = "offline"
os.environ.pop("WANDB_API_KEY", None)

_LONGEST = {
    *("test_bottles.py", "test_fuzzing.py", "test_on_premises.py", "test_packed_search.py"),
    *("test_own_images.py", "test_notebook.py", "test_search_command.py", "test_each.py"),
}
"""Files that take a minute and more: begun last, one of them would hold up the end alone."""
_CONTRACT = re.compile(r"detectors/test_contract\w*\.py::Test_([\w-]+)::")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first; all else stays in its order."""
    items.sort(key=lambda item: item.path.name not in _LONGEST)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say which detectors' contracts took longest: all of them together must stay quick."""
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            found = _CONTRACT.search(getattr(report, "nodeid", ""))
            if found:
                seconds[found[1]] += getattr(report, "duration", 0.0)
    if seconds:
        slowest = ", ".join(f"{name} {spent:.0f} s" for name, spent in seconds.most_common(5))
        terminalreporter.write_line(
            f"contracts of {len(seconds)} detectors: {seconds.total():.0f} s; slowest: {slowest}"
        )


@pytest.fixture(scope="session")
def fashion_mnist() -> Source:
    """The published FashionMNIST, downloaded once into the cache where there is no copy."""
    try:
        return find(DataConfig())
    except DataNotFound as error:
        pytest.skip(f"no FashionMNIST and no way to get it: {error}")
