"""A report on paper: what is folded on the screen unfolds, and figures are no wider than the page."""

import pytest
from made_events import made_events

from tsanomaly.report.html import to_html
from tsanomaly.series import Diagnosis

pytestmark = pytest.mark.browser

FOLDED = "[...document.querySelectorAll('details')].filter(part => !part.open).length"
WIDTH = "Math.max(...[...document.querySelectorAll('.main-svg')].map(svg => svg.getBoundingClientRect().width))"
A4 = 700
"""Pixels of a page's width within its margins, about."""


def test_a_report_unfolds_and_fits_when_it_is_printed(page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(to_html([made_events([(300, 310)])], Diagnosis("pump.csv", 2000)), encoding="utf-8")
    page.goto(path.as_uri())
    page.locator(".main-svg").first.wait_for()
    folded, wide = page.evaluate(FOLDED), page.evaluate(WIDTH)
    assert folded == 2
    assert wide > A4
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(f"{WIDTH} < {A4}")
    assert page.evaluate(FOLDED) == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_function(f"{WIDTH} > {A4}")
    assert page.evaluate(FOLDED) == folded
