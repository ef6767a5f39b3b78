"""Seconds from a report's address to what is near the reader's view, and to its last figure.

Prints the least of three of each.
"""

import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
)


def main(page: Path, chromium: str) -> list[float]:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=FLAGS)
        return [
            min(each) for each in zip(*(_seconds(browser, page) for _ in range(3)), strict=True)
        ]


def _seconds(browser, page: Path) -> tuple[float, float]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    began = time.time()
    opened.goto(page.absolute().as_uri())
    opened.wait_for_selector("html[data-drawn]", timeout=120_000)
    near = time.time() - began
    opened.wait_for_selector("html[data-drawn=all]", timeout=120_000)
    whole = time.time() - began
    context.close()
    return near, whole


if __name__ == "__main__":
    print(*main(Path(sys.argv[1]), sys.argv[2]))
