from types import SimpleNamespace
from urllib.parse import urlencode

import landing
import pytest

PAGES = [SimpleNamespace(url_path=path) for path in ("", "overview", "investigate")]


def link(text):
    return landing.destination({"link": text}, PAGES)


def test_a_link_leads_to_its_page_with_its_parameters():
    asked = {"event": "0123456789abcdef", "series": "=cmd & <b>\u202e", "zone": "Asia/Tokyo"}
    assert link(f"investigate?{urlencode(asked)}") == (PAGES[2], asked)
    assert link("?run=0a") == (PAGES[0], {"run": "0a"})
    assert link("overview?") == (PAGES[1], {})


@pytest.mark.parametrize(
    "text",
    [
        "//example.org/investigate",
        "https://example.org/",
        "javascript:alert(1)",
        "../investigate",
        "/investigate",
        "no",
    ],
)
def test_what_names_no_page_leads_nowhere(text):
    assert link(text) is None


@pytest.mark.parametrize(
    "answer", [None, "investigate", 3, [], {}, {"link": 3}, {"link": None}, {"link": ["overview"]}]
)
def test_a_browser_may_answer_anything(answer):
    assert landing.destination(answer, PAGES) is None


def test_parameters_that_no_page_has_are_refused_or_left_out():
    assert link("overview?" + "&".join(f"a{i}=1" for i in range(landing.PARAMETERS + 1))) is None
    assert link("overview?Embed=true&embed_options=x&zone=UTC") == (PAGES[1], {"zone": "UTC"})
