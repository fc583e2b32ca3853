"""The report is one file that opens anywhere, loads nothing, and takes no name in it for markup."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest

import tsanomaly
from tsanomaly.detection.verdicts import Feedback, Judgement, Occurrence, Span, instant
from tsanomaly.report import html
from tsanomaly.report.origin import Origin, learned_since
from tsanomaly.series import Diagnosis, Finding, Level, Series

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">{{ 7 * 7 }}"
WRITTEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


class Page(HTMLParser):
    """What a page holds: elements with their attributes, visible text, and scripts by their id."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self.scripts, self.within = [], [], {}, []
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag in ("script", "style"):
            self.within.append((tag, dict(attributes).get("id", f"script {len(self.scripts)}")))

    def handle_endtag(self, tag):
        if self.within and self.within[-1][0] == tag:
            self.within.pop()

    def handle_data(self, data):
        if not self.within:
            self.words.append(data)
        elif self.within[-1][0] == "script":
            name = self.within[-1][1]
            self.scripts[name] = self.scripts.get(name, "") + data

    def count(self, tag):
        return sum(name == tag for name, _ in self.elements)


@pytest.fixture
def diagnosis():
    finding = Finding("unsorted", Level.WARNING, f"column '{HOSTILE}' goes back", (3, 4), 2, "sorted by time")
    return Diagnosis("pump.csv", 2000, time_column="time", channels=("pressure", "flow"), findings=(finding,))


@pytest.fixture
def page(make_events, diagnosis):
    """Makes a page of series with events at given rows."""

    def make(*runs, **settings):
        return Page(html.to_html([make_events(list(each), **settings) for each in runs], diagnosis, WRITTEN))

    return make


def spread_out(count, apart=8):
    return [(start, start + 3) for start in range(100, 100 + count * apart, apart)]


def test_it_says_what_was_found_when_and_in_which_file(page):
    shown = page([(300, 310), (900, 903)], zone="Europe/Berlin")
    assert shown.count("h1") == 1
    assert "pump.csv" in shown.text
    assert "at most 3 events a week" in shown.text
    assert "pressure" in shown.text
    assert "29 Mar 2026, 23:00" in shown.text  # 25 hours after the start at 20:00 UTC, when the clocks have changed
    assert f"tsanomaly {tsanomaly.__version__} on 21 November 2026, 09:30 UTC" in shown.text


def test_it_loads_nothing_and_its_links_stay_on_the_page(page):
    shown = page(spread_out(3))
    policies = [
        about["content"] for tag, about in shown.elements if about.get("http-equiv") == "Content-Security-Policy"
    ]
    assert [policy.partition(";")[0] for policy in policies] == ["default-src 'none'"]
    assert not [about for _, about in shown.elements if {"src", "srcset", "action", "data"} & set(about)]
    assert shown.count("link") == 0
    targets = [about["href"] for _, about in shown.elements if "href" in about]
    assert len(targets) == 3
    ids = [about["id"] for _, about in shown.elements if "id" in about]
    assert len(ids) == len(set(ids))
    assert {target.removeprefix("#") for target in targets} <= set(ids)


def test_names_from_a_file_are_text_and_nothing_else(make_events, diagnosis, page):
    plain = page([(300, 310)])
    hostile = make_events([(300, 310)], channels=(HOSTILE, f"=2+2 {HOSTILE}"))
    shown = Page(html.to_html([hostile], diagnosis, WRITTEN))
    assert shown.count("img") == 0
    assert shown.count("script") == plain.count("script")
    assert "{{ 7 * 7 }}" in shown.text
    figures = [text for name, text in shown.scripts.items() if not name.startswith("script ")]
    assert len(figures) == 3
    assert all("<" not in text and json.loads(text)["data"] for text in figures)


def test_the_list_ends_with_how_many_are_not_in_it(page):
    shown = page(spread_out(html.LISTED + 5))
    assert shown.text.count("… and 5 less severe ones.") == 1
    assert "less severe ones" not in page(spread_out(html.LISTED)).text


def test_the_most_severe_events_of_all_series_have_pictures(make_events, diagnosis):
    many = [make_events(spread_out(5)) for _ in range(html.PICTURED_SERIES + 2)]
    shown = Page(html.to_html(many, diagnosis, WRITTEN))
    drawn = [about["data-figure"] for _, about in shown.elements if "data-figure" in about]
    assert sorted(drawn) == sorted(name for name in shown.scripts if not name.startswith("script "))
    assert sum(name.startswith("overview") for name in drawn) == html.PICTURED_SERIES
    zooms = [name for name in drawn if name.startswith("zoom")]
    assert len(zooms) == html.PICTURED_EVENTS
    assert {name.rpartition("-")[2] for name in zooms} == {"1"}  # first-ranked ones, of the fourteen there are


def test_series_come_in_the_order_of_their_worst_events(make_events, diagnosis):
    results = []
    for name, severities in (("calm", []), ("mild", [30.0]), ("severe", [80.0])):
        events = make_events([(300, 310)] * len(severities))
        ranked = tuple(replace(event, severity=s) for event, s in zip(events, severities, strict=True))
        results.append(replace(events, events=ranked, series=replace(events.series, name=name)))
    shown = Page(html.to_html(results, diagnosis, WRITTEN))
    assert re.findall(r"(calm|mild|severe):", shown.text) == ["severe", "mild", "calm"]


def test_without_events_it_says_so(page):
    shown = page([])
    assert [about for tag, about in shown.elements if tag == "table"] == [{"class": "about"}] * 2
    assert "no event" in shown.text.lower()


def test_what_could_not_be_judged_is_said(page):
    assert "200 rows (10 %) could not be judged" in page([(300, 310)], gaps=[(500, 700)]).text
    assert "All 2,000 rows were judged" in page([(300, 310)]).text


def test_a_browser_draws_it_and_runs_nothing_else(make_events, diagnosis, tmp_path):
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        said = "this test needs Chromium: apt-get install chromium, or put one on the PATH"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(said)
    path = tmp_path / "report.html"
    events = make_events([(300, 310), (900, 903)], channels=(HOSTILE, "flow"))
    path.write_text(html.to_html([events], diagnosis, WRITTEN), encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=20000",
        f"--user-data-dir={tmp_path}",
    ]
    done = subprocess.run([chromium, *flags, "--dump-dom", path.as_uri()], capture_output=True, text=True, check=True)
    drawn = Page(done.stdout)
    plots = [about for _, about in drawn.elements if "js-plotly-plot" in (about.get("class") or "")]
    assert len(plots) == 4
    assert "<title>pump.csv · tsanomaly</title>" in done.stdout


def test_it_explains_each_event_and_draws_what_was_to_be_expected(page):
    shown = page([(300, 310), (900, 903)])
    assert re.search(
        r"Event 1, .*?: (spike|level|trend|variance|frequency|flat line|unusual pattern) 'pressure' ", shown.text
    )
    assert "What broke: pressure 80 %, below expected; flow 20 %, above and below expected." in shown.text
    assert "The expected range holds 95 % of ordinary readings; it was measured on" in shown.text
    assert '"expected range"' in shown.scripts["zoom-1-1"]
    assert json.loads(shown.scripts["heat-1"])["data"][0]["type"] == "heatmap"


def test_one_channel_has_no_heat_map(page):
    assert "heat-1" not in page([(300, 310)], channels=("pressure",)).scripts


def test_what_verdicts_hold_back_stays_on_the_page_with_the_reason(make_events, diagnosis):
    events = make_events([(300, 310), (900, 903)])
    verdict = Occurrence.all_of(events)[0].judged(Judgement.FALSE_ALARM, WRITTEN, note=HOSTILE, author="<i>Ada</i>")
    calendar = [Span(instant(events.series, 890), instant(events.series, 910), "Inspection <script>")]
    shown = Page(html.to_html([events], diagnosis, WRITTEN, feedback=Feedback((verdict,)), calendar=calendar))
    assert "held back: judged a false alarm by <i>Ada</i> on 2026-11-21" in shown.text
    assert HOSTILE in shown.text
    assert "Held back: judged a false alarm by <i>Ada</i> on 2026-11-21." in shown.text  # beside its picture
    assert "held back: maintenance: Inspection <script>" in shown.text
    assert (shown.count("i"), shown.count("img")) == (2, 0)  # the two bars of severity


def test_it_says_how_to_make_it_again(make_events, diagnosis, tmp_path):
    path = tmp_path / "pump.csv"
    path.write_bytes(b"time,flow\n")
    origin = Origin.of_file(path, "tsanomaly detect 'a <b>.csv' --report out.html")
    origin = replace(origin, job='name = "<b>"\nscope = "shared"\n')
    shown = Page(html.to_html([make_events([])], diagnosis, WRITTEN, origin=origin))
    assert "tsanomaly detect 'a <b>.csv' --report out.html" in shown.text
    assert hashlib.sha256(b"time,flow\n").hexdigest() in shown.text
    assert 'name = "<b>" scope = "shared"' in shown.text
    assert f"tsanomaly {tsanomaly.__version__}, Python " in shown.text
    assert Origin.of_file(tmp_path / "gone.csv").file_sha256 == ""


def test_it_names_the_data_by_their_hash(make_events, diagnosis):
    events = make_events([], gaps=[(500, 700)])
    shown = Page(html.to_html([events], diagnosis, WRITTEN))
    assert hashlib.sha256(events.series.values.tobytes()).hexdigest() in shown.text
    assert f"rows {len(events.series):,}" in shown.text


def test_with_the_detector_it_shows_model_settings_and_the_smallest_repair(diagnosis):
    rng = np.random.default_rng(0)
    values = np.sin(2 * np.pi * np.arange(600)[:, None] / 24 + np.arange(2)) + rng.normal(0, 0.05, (600, 2))
    series = Series(np.arange(600), values, ("pressure", HOSTILE), name="pump")
    detector = tsanomaly.Detector(twin=False, early_scales=(), training=tsanomaly.Training(steps=60)).fit(series)
    values[300:303, 0] += 4
    shown = Page(html.to_html([detector.detect(series)], diagnosis, WRITTEN, detectors={"pump": detector}))
    assert "With pressure as expected over" in shown.text
    assert "the score falls from" in shown.text
    assert f"SHA-256 of its readings {detector.learned_from_['sha256']}" in shown.text
    assert "budget 3/week" in shown.text
    assert "window chosen by the data" in shown.text
    assert shown.count("img") == 0
    assert learned_since(detector) == 0
    detector.learned_from_["start"] = "2026-03-01T00:00:00"
    assert learned_since(detector) == datetime(2026, 3, 1, tzinfo=UTC)


def test_it_says_whether_the_autoencoder_beats_its_linear_twin(make_events, diagnosis):
    events = make_events([(300, 310)])
    untested = Page(html.to_html([events], diagnosis))
    assert "Whether the autoencoder beats its linear twin on this series was not tested." in untested.text
    compared = Page(html.to_html([events], diagnosis, twins={"pump": "On this series the linear twin is better"}))
    assert "On this series the linear twin is better." in compared.text


def test_it_shows_what_a_self_test_caught(make_events, diagnosis):
    counts = {"injected": 8, "caught": 7, "stood_out": 8, "twin_caught": 3, "twin_stood_out": 5}
    test = {"refusal": None, "verdict": "On this series the autoencoder is better", "caught": 7, "injected": 8}
    test |= {"auc": 0.9, "twin": {"auc": 0.8}, "rates": [{"kind": "level shift", "strength": 4.0, **counts}]}
    shown = Page(html.to_html([make_events([])], diagnosis, tests={"pump": test}))
    assert "On this series the autoencoder is better." in shown.text
    assert "level shift 7 of 8 stand out 8, twin 5" in shown.text
