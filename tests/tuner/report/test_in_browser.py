"""The report as a reader sees it, in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.tuner.report.conftest import Opened, Runs
from tests.tuner.report.runs import MAKERS

pytestmark = pytest.mark.long

DRAWN = {
    "finished": ("curves", "importance", "parallel", "slices", "contour", "time"),
    "interrupted": ("curves", "importance", "parallel", "slices", "time"),
    "retrained": ("curves", "parallel", "slices", "time", "scores", "roc", "pr"),
}
"""The figures that must be there, with points, lines or bars in them."""
MARKS = ".scatterlayer path, .barlayer path, .point, .contourlayer path, canvas.gl-canvas-context"


@pytest.fixture(params=list(DRAWN))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pages(browser: Any, runs: Runs) -> Iterator[dict[str, Opened]]:
    opened = {name: Opened(browser, runs[name].page, color_scheme="light") for name in MAKERS}
    yield opened
    for each in opened.values():
        each.context.close()


def test_a_section_would_be_empty_or_the_page_complain(pages: dict[str, Opened], name: str) -> None:
    opened = pages[name]
    assert opened.errors == []
    assert opened.left == []
    assert len(opened.page.query_selector_all("section h2")) == 11
    assert all(one.inner_text().endswith(".") for one in opened.page.query_selector_all("h2"))
    for figure in DRAWN[name]:
        marks = opened.page.query_selector_all(f"#plot-{figure} :is({MARKS})")
        assert marks, f"{figure} of {name} has nothing in it"


def test_the_leaderboard_would_not_sort(pages: dict[str, Opened]) -> None:
    opened = pages["finished"]
    heading = opened.page.query_selector("#trials thead th:has-text('patch_n') button")
    heading.click()
    assert _column(opened, "patch_n")[0] == min(_column(opened, "patch_n"))
    first = _column(opened, "patch_n")
    assert first == sorted(first)
    heading.click()
    assert _column(opened, "patch_n") == sorted(_column(opened, "patch_n"), reverse=True)
    opened.page.click("#trials thead th:has-text('place') button")
    assert _column(opened, "place")[:3] == [1, 2, 3]


def _column(opened: Opened, title: str) -> list[float]:
    titles = [one.inner_text().strip(" ▲▼") for one in opened.page.query_selector_all("#trials th")]
    cells = opened.visible(f"#trials tbody td:nth-child({titles.index(title) + 1})")
    return [float(one.inner_text()) for one in cells]


def test_a_click_on_a_trial_would_not_show_it(pages: dict[str, Opened]) -> None:
    opened = pages["interrupted"]
    row = opened.page.query_selector("#trials tr:has-text('diverged')")
    row.click()
    number = row.get_attribute("data-trial")
    assert opened.text("#trial h3").startswith(f"Trial {number}")
    assert "ended: pruned (diverged: loss is NaN)" in opened.text("#trial-log")
    assert "patch_n" in opened.text("#trial-settings")
    best = opened.page.query_selector("#trials tbody tr")
    best.click()
    assert opened.page.query_selector_all("#plot-trial .scatterlayer path")


def test_the_trials_beyond_the_first_would_stay_hidden(pages: dict[str, Opened]) -> None:
    opened = pages["finished"]
    assert len(opened.visible("#trials tbody tr")) == 15
    opened.page.click("#all-rows")
    assert len(opened.visible("#trials tbody tr")) == 40


def test_a_brush_would_not_pick_trials(pages: dict[str, Opened]) -> None:
    opened = pages["finished"]
    axis = opened.page.query_selector_all("#plot-parallel .axis-brush .background")[-1]
    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    x, top = box["x"] + box["width"] / 2, box["y"]
    opened.page.mouse.move(x, top + box["height"] * 0.02)
    opened.page.mouse.down()
    opened.page.mouse.move(x, top + box["height"] * 0.15, steps=5)
    opened.page.mouse.move(x, top + box["height"] * 0.25, steps=5)
    opened.page.mouse.up()
    opened.page.wait_for_selector("#brushed:not([hidden])", timeout=5000)
    picked = int(opened.text("#brushed").split()[0])
    assert 0 < picked < 40
    places = _column(opened, "place")
    assert picked >= len(places) == 1 + places[-1] - places[0]  # the axis is that of the value


def test_the_threshold_would_not_move_the_decisions(pages: dict[str, Opened]) -> None:
    opened = pages["retrained"]
    own = {cell: opened.text(f"#{cell}") for cell in ("tn", "fp", "fn", "tp")}
    opened.page.evaluate(
        "const s = document.getElementById('threshold'); s.value = 1000; s.oninput()"
    )
    assert opened.text("#tp").startswith("0 ")
    assert opened.text("#fp").startswith("0 ")
    assert opened.text("#fn").startswith("8 ")
    opened.page.click("#threshold-set")
    assert {cell: opened.text(f"#{cell}") for cell in own} == own


def test_a_figure_on_made_anomalies_would_not_say_so(pages: dict[str, Opened]) -> None:
    for name, opened in pages.items():
        for figure in opened.page.query_selector_all("figure:has(.plot)"):
            said = figure.text_content().lower()
            assert ("synthetic" in said) == (name == "retrained"), said


def test_a_dark_page_would_be_written_in_dark_ink(browser: Any, runs: Runs) -> None:
    opened = Opened(browser, runs["finished"].page, color_scheme="dark")
    assert _brightness(opened, "body", "backgroundColor") < 60
    assert _brightness(opened, "#plot-curves .xtick text", "fill") > 120
    opened.page.emulate_media(color_scheme="light")
    opened.page.wait_for_timeout(500)
    assert _brightness(opened, "body", "backgroundColor") > 200
    assert _brightness(opened, "#plot-curves .xtick text", "fill") < 120
    opened.context.close()


def _brightness(opened: Opened, selector: str, style: str) -> float:
    colour = opened.page.eval_on_selector(
        selector, f"one => getComputedStyle(one).{style}.match(/[0-9]+/g).slice(0, 3).map(Number)"
    )
    return float(sum(colour) / 3)


def test_panels_would_be_drawn_over_each_other_on_a_phone(browser: Any, runs: Runs) -> None:
    opened = Opened(browser, runs["finished"].page, viewport={"width": 390, "height": 800})
    panels = opened.page.query_selector_all("#plot-slices .plot > rect, #plot-slices .bglayer rect")
    assert opened.page.evaluate("document.getElementById('plot-slices').layout.grid.columns") == 1
    tops = [one.bounding_box()["y"] for one in panels]
    assert len(tops) == len(set(tops)) >= 3
    opened.context.close()


def test_a_phone_would_have_to_scroll_sideways(browser: Any, runs: Runs, name: str) -> None:
    opened = Opened(browser, runs[name].page, viewport={"width": 390, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.context.close()
