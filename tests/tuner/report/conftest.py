"""Three reports, made once, and how a browser opens them."""

from pathlib import Path
from typing import Any

import pytest

from tests.tuner.report.runs import MAKERS
from tuner.record.run_folder import RunFolder
from tuner.report.writing import write_report


class Runs(dict[str, RunFolder]):
    """A finished search, one that was killed and has faults, and one retrained, with reports.

    Each is made when it is first asked for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __missing__(self, name: str) -> RunFolder:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TUNER_CACHE", str(self._folder / "cache"))
            self[name] = MAKERS[name](self._folder / name, patch)
        write_report(self[name])
        return self[name]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))


class Opened:
    """A report in a page of the browser, and what the page did that it should not."""

    def __init__(self, browser: Any, path: Path, **settings: Any) -> None:
        self.context = browser.new_context(**settings)
        self.page = self.context.new_page()
        self.page.set_default_timeout(120_000)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.absolute().as_uri())
        self.page.wait_for_selector("html[data-drawn=all]", timeout=120_000)

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    @property
    def left(self) -> list[str]:
        """Requests for anything that is not the file itself, or within it."""
        inside = ("data:", "blob:", self.page.url.partition("#")[0])
        return [url for url in self.requests if not url.startswith(inside)]

    def visible(self, selector: str) -> list[Any]:
        return [one for one in self.page.query_selector_all(selector) if one.is_visible()]

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))
