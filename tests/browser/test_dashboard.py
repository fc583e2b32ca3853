import re
from urllib.parse import parse_qs, urlparse

import pytest
from browser.journey import start, upload, wait_for_events
from playwright.sync_api import expect

from tsanomaly.resources import sample_path

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> <b>b</b> [link](http://evil) :tada: $x^2$ **bold**"


def asked(page, name):
    """A part of the address bar."""
    return parse_qs(urlparse(page.url).query).get(name, [None])[0]


def spiky(rows=400, names=("pressure",)):
    """A CSV with three spikes in its first channel."""
    lines = [",".join(["time", *(f'"{name}"' for name in names)])]
    for row in range(rows):
        value = (row * 7919 % 97) / 97 + (20 if row in (100, 200, 300) else 0) * (1 + row / 100)
        lines.append(",".join([f"2026-01-{row // 24 + 1:02d} {row % 24:02d}:00", *[f"{value:.3f}"] * len(names)]))
    return {"name": "spiky.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}


def test_from_an_upload_to_a_chosen_event_that_a_reload_keeps(page, address):
    upload(page, address, sample_path("tank"))
    expect(page.get_by_text("What was understood")).to_be_visible()
    expect(page.get_by_text("epoch (epoch s)")).to_be_visible()
    start(page, steps=20)
    wait_for_events(page)

    assert urlparse(page.url).path == "/investigate"
    many = re.match(r"\d+ events in 3\d days", page.locator(".ts-title").inner_text())
    assert many
    first = asked(page, "event")
    close_up = page.locator(".ts-heading").filter(has_text="severity")
    before = close_up.inner_text()

    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text(re.compile(r"Event 2 of \d+"))).to_be_visible()
    expect(close_up).not_to_have_text(before)
    second = asked(page, "event")
    assert second != first

    chosen = close_up.inner_text()
    page.reload()
    wait_for_events(page)
    expect(page.get_by_text(re.compile(r"Event 2 of \d+"))).to_be_visible()
    assert asked(page, "event") == second
    assert close_up.inner_text() == chosen


@pytest.fixture
def judged(page, address):
    """A page that shows the events of a file with three spikes."""
    upload(page, address, spiky(names=("pressure", "flow")))
    start(page, steps=5)
    wait_for_events(page)
    return page


def heading(page):
    return page.get_by_text(re.compile(r"^Event \d+ of \d+$"))


def test_choosing_a_row_of_the_table_chooses_its_event(judged):
    first = asked(judged, "event")
    table = judged.get_by_test_id("stDataFrame")
    table.click(position={"x": 18, "y": 35 + 35 + 17})  # the second row's box
    expect(heading(judged)).to_have_text(re.compile("^Event 2 of"))
    assert asked(judged, "event") != first


def test_clicking_a_peak_in_the_picture_chooses_its_event(judged):
    first = asked(judged, "event")
    peaks = judged.locator(".stPlotlyChart").first.locator(".scatterlayer .points path")
    box = peaks.nth(1).bounding_box()
    judged.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(judged.locator(".hoverlayer .hovertext").first).to_be_visible()
    judged.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(heading(judged)).to_have_text(re.compile("^Event 2 of"))
    assert asked(judged, "event") != first


def test_keys_go_to_the_next_event_and_back(judged):
    expect(heading(judged)).to_have_text(re.compile("^Event 1 of"))
    judged.keyboard.press("j")
    expect(heading(judged)).to_have_text(re.compile("^Event 2 of"))
    judged.keyboard.press("k")
    expect(heading(judged)).to_have_text(re.compile("^Event 1 of"))


def test_a_smaller_budget_shows_fewer_events_without_learning_again(judged, home):
    runs_before = sorted((home / "runs").iterdir())
    title = judged.locator(".ts-title")
    many = int(title.inner_text().split()[0])
    thumb = judged.get_by_role("slider")
    thumb.focus()
    thumb.press("Home")
    expect(title).to_contain_text("1 event in")
    assert many > 1
    assert asked(judged, "budget") == "1/month"
    assert sorted((home / "runs").iterdir()) == runs_before
    expect(judged.get_by_text("at most 1 event a month, fitted on")).to_be_visible()


def test_events_can_be_taken_away(judged):
    for button, beginning in (("Events as CSV", "rank,start"), ("Events as JSON", "{"), ("Report", "<!")):
        with judged.expect_download() as download:
            judged.get_by_role("button", name=button).click()
        assert download.value.path().read_text().lower().startswith(beginning)
        assert download.value.suggested_filename.startswith("spiky")


def test_a_run_can_be_left_found_again_and_cancelled(page, address):
    upload(page, address, spiky())
    start(page, steps=1_000_000)
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible()
    expect(page.get_by_text(re.compile("^(Preparing|Learning)"))).to_be_visible()
    run = asked(page, "run")
    page.reload()
    expect(cancel).to_be_visible()
    assert asked(page, "run") == run
    cancel.click()
    expect(page.get_by_text("Cancelled; nothing was kept.")).to_be_visible()
    expect(page.get_by_role("button", name="Find anomalies")).to_be_visible()


def test_a_file_that_is_no_table_is_one_sentence(page, address):
    picture = {"name": "holiday.csv", "mimeType": "text/csv", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(100)}
    upload(page, address, picture)
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_have_text("holiday.csv is a PNG picture, not a table; give a CSV or Parquet file")
    assert "Traceback" not in page.inner_text("body")


def test_what_was_worked_out_can_be_overridden_and_taken_back(page, address):
    upload(page, address, spiky())
    clock = page.locator(".ts-facts div").filter(has=page.get_by_text("Clock", exact=True))
    expect(clock).to_contain_text("the file names no zone")
    page.get_by_text("Read it differently").click()
    page.get_by_label("Step").fill("2h")
    page.get_by_label("Step").press("Enter")
    steps = page.locator(".ts-facts div").filter(has=page.get_by_text("Step", exact=True))
    expect(steps).to_contain_text("2 h")
    page.reload()
    expect(steps).to_contain_text("2 h")
    page.get_by_role("button", name="Read as it was worked out").click()
    expect(steps).to_contain_text("1 h")


def test_a_wrong_override_is_one_sentence_and_can_be_mended(page, address):
    upload(page, address, spiky())
    expect(page.get_by_text("What was understood")).to_be_visible()
    page.get_by_text("Read it differently").click()
    page.get_by_label("Step").fill("a while")
    page.get_by_label("Step").press("Enter")
    expect(page.get_by_test_id("stAlert")).to_contain_text("step must be a positive duration such as '5min'")
    page.get_by_label("Step").fill("")
    page.get_by_label("Step").press("Enter")
    expect(page.get_by_text("What was understood")).to_be_visible()


def test_names_that_are_markup_stay_text_everywhere(page, address):
    file = spiky(names=(HOSTILE, "=cmd()\u202e"))
    upload(page, address, {**file, "name": f"{HOSTILE}.csv"})
    expect(page.locator(".ts-title")).to_have_text("bold**.csv" if "/" in HOSTILE else f"{HOSTILE}.csv")
    expect(page.locator(".ts-facts")).to_contain_text("<b>b</b> [link](http://evil) :tada: $x^2$ **bold**")
    start(page, steps=5)
    wait_for_events(page)
    title = page.locator(".stPlotlyChart .annotation-text").first
    expect(title).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("a[href*=evil]").count() == 0
    assert page.locator(".main-svg tspan[style*=bold]").count() == 0
    assert "\u202e" not in page.inner_text("body")


def test_a_message_with_markup_in_it_stays_text(page, address):
    name = "[link](http://evil) ![](http://evil) :tada: :red[r] $x^2$ **bold** <b>.csv"
    upload(page, address, {"name": name.replace("/", "|"), "mimeType": "text/csv", "buffer": b"\x00\x01\x02"})
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_contain_text("**bold** <b>.csv")
    said = alert.inner_text().replace("\u2060", "")
    assert ":tada: :red[r] $x^2$" in said
    assert alert.locator("a, img, strong, b, .katex").count() == 0


def test_an_unknown_run_shows_the_way_to_begin(page, address):
    page.goto(f"{address}/?run={'0' * 32}")
    expect(page.get_by_text("Find what is unusual in a time series")).to_be_visible()
    page.goto(f"{address}/investigate?run=../../etc&event=x&budget=0/never")
    expect(page.get_by_text("There is nothing to investigate yet.")).to_be_visible()
    page.get_by_role("button", name="New data").click()
    expect(page.get_by_text("Find what is unusual in a time series")).to_be_visible()


def test_one_session_does_not_see_what_another_uploaded(page, address, browser):
    upload(page, address, spiky())
    expect(page.get_by_text("What was understood")).to_be_visible()
    stranger = browser.new_page()
    stranger.goto(address)
    expect(stranger.get_by_text("Find what is unusual in a time series")).to_be_visible()
    assert "spiky" not in stranger.inner_text("body")
    stranger.close()
