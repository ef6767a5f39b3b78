"""Draw docs/pictures/report.png: four sections of a report as a browser shows them.

python docs/pictures/report.py runs/quickstart      (needs chromium)
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

COLUMNS = (("verdict", "curves"), ("images", "time"))
"""By the sections' ids in the page, two above each other."""
LEFT_OUT = ".shot:nth-child(n+4), details, .scroll, #verdict table, #verdict > p:nth-of-type(n+4)"
"""What the picture has no room for."""
PAGE_WIDTH, WIDTH, GAP = 900, 650, 20
_TALL = 4000
_FLAGS = ["--no-sandbox"]  # which chromium needs where it is root's


def main(run: Path) -> None:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        page = browser.new_page(viewport={"width": PAGE_WIDTH, "height": _TALL})
        page.goto((run / "report.html").absolute().as_uri())
        page.wait_for_load_state("networkidle")
        page.add_style_tag(content=f"{LEFT_OUT} {{ display: none }}")
        columns = [_above_each_other([_shot(page, key) for key in keys]) for keys in COLUMNS]
        browser.close()
    height = max(column.height for column in columns)
    whole = Image.new("RGB", (sum(each.width for each in columns) + GAP, height), "white")
    for place, column in enumerate(columns):
        whole.paste(column, (place * (WIDTH + GAP), 0))
    whole.quantize(256).save(Path(__file__).with_suffix(".png"), optimize=True)


def _shot(page: Page, key: str) -> Image.Image:
    shot = Image.open(io.BytesIO(page.locator(f"section#{key}").screenshot()))
    return shot.resize((WIDTH, shot.height * WIDTH // shot.width), Image.Resampling.LANCZOS)


def _above_each_other(parts: list[Image.Image]) -> Image.Image:
    whole = Image.new("RGB", (WIDTH, sum(part.height for part in parts)), "white")
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height
    return whole


if __name__ == "__main__":
    main(Path(sys.argv[1]))
