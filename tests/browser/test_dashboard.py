import csv
import io
import re
from urllib.parse import parse_qs, urlparse

import pytest
from browser.files import spiky
from browser.journey import settle, start, upload, wait_for_events
from playwright.sync_api import expect

from tsanomaly.report.palette import DARK, LIGHT
from tsanomaly.resources import sample_path

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> <b>b</b> [link](http://evil) :tada: $x^2$ **bold**"


def asked(page, name):
    """A part of the address bar."""
    return parse_qs(urlparse(page.url).query).get(name, [None])[0]


def heading(page):
    return page.get_by_text(re.compile(r"^Event \d+ of \d+$"))


def rows(page):
    return page.locator("tbody tr[aria-selected]")


def fact(page, name):
    return page.locator(".ts-facts div").filter(has=page.get_by_text(name, exact=True))


def read_with_step(page, text):
    """Write it into the form, once an older form that is still fading out is gone."""
    settle(page)
    field = page.get_by_role("textbox", name="Step")
    expect(field).to_have_count(1)
    field.fill(text)
    field.press("Enter")


# --- from a file to its events ---------------------------------------------------------------------------------------


def test_from_an_upload_to_a_chosen_event_that_a_reload_keeps(page, address):
    upload(page, address, spiky(names=("pressure", "flow")))
    expect(page.get_by_text("What was understood")).to_be_visible()
    start(page, steps=5)
    wait_for_events(page)
    assert urlparse(page.url).path == "/investigate"
    expect(page.locator(".ts-title")).to_contain_text(re.compile(r"\d+ events? in 16 days"))
    page.get_by_role("slider").first.press("End")
    expect(page).to_have_url(re.compile("threshold=1%2Fhour"))
    expect(rows(page).nth(2)).to_be_visible()

    first = asked(page, "event")
    rows(page).nth(1).click()
    expect(heading(page)).to_have_text(re.compile("^Event 2 of"))
    second = asked(page, "event")
    assert second != first
    page.reload()
    wait_for_events(page)
    expect(heading(page)).to_have_text(re.compile("^Event 2 of"))
    assert asked(page, "event") == second
    expect(page.get_by_text(re.compile("linear twin"))).to_be_visible()


def test_a_bundled_sample_is_understood_with_its_gaps(page, address):
    upload(page, address, sample_path("tank"))
    expect(fact(page, "Time column")).to_contain_text("epoch (epoch s)")
    expect(fact(page, "On a regular grid")).to_contain_text("5,040 rows")
    expect(page.locator(".ts-findings").first).to_contain_text("rows 365, 430")
    expect(page.locator(".stPlotlyChart .main-svg").first).to_be_visible()


def test_a_run_can_be_left_found_again_and_cancelled_in_another_tab(page, address, context):
    upload(page, address, spiky())
    start(page, steps=1_000_000)
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible()
    expect(page.get_by_text(re.compile("^(Loading|Learning)"))).to_be_visible()
    run = asked(page, "run")
    page.get_by_role("link", name="Another file").click()
    expect(page.get_by_text("Find what is unusual in a time series")).to_be_visible()
    page.goto(f"{address}/?run={run}")
    expect(cancel).to_be_visible()
    assert asked(page, "run") == run
    tab = context.new_page()
    tab.goto(f"{address}/investigate?run={run}")
    tab.get_by_role("button", name="Cancel").click()
    for each in (tab, page):
        expect(each.get_by_text("Cancelled; nothing was kept.")).to_be_visible()
    tab.close()
    page.get_by_role("button", name="Back to the file").click()
    expect(page.get_by_role("button", name="Find anomalies")).to_be_visible()


def test_a_file_that_is_no_table_is_one_sentence(page, address):
    picture = {"name": "holiday.csv", "mimeType": "text/csv", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(100)}
    upload(page, address, picture)
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_have_text("holiday.csv is a PNG picture, not a table; give a CSV or Parquet file")
    assert "Traceback" not in page.inner_text("body")
    page.get_by_role("button", name="Another file").click()
    expect(page.get_by_text("Find what is unusual in a time series")).to_be_visible()


def test_what_was_worked_out_can_be_overridden_wrongly_rightly_and_not_at_all(page, address):
    upload(page, address, spiky())
    expect(fact(page, "Clock")).to_contain_text("the file names no zone")
    page.get_by_text("Read it differently").click()
    read_with_step(page, "a while")
    expect(page.get_by_test_id("stAlert")).to_contain_text("step must be a positive duration such as '5min'")
    read_with_step(page, "2h")
    expect(fact(page, "Step")).to_contain_text("2 h")
    page.reload()
    expect(fact(page, "Step")).to_contain_text("2 h")
    page.get_by_role("button", name="Read as it was worked out").click()
    expect(fact(page, "Step")).to_contain_text("1 h")


# --- among the events ------------------------------------------------------------------------------------------------


def test_an_event_can_be_chosen_in_the_picture_by_keys_and_in_the_table(judged):
    first = asked(judged, "event")
    peaks = judged.locator(".stPlotlyChart").first.locator(".scatterlayer .points path")
    box = peaks.nth(1).bounding_box()
    judged.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(judged.locator(".hoverlayer .hovertext").first).to_be_visible()
    judged.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(heading(judged)).to_have_text(re.compile("^Event 2 of"))
    assert asked(judged, "event") != first

    settle(judged)  # keys belong to buttons, and these are drawn anew
    judged.keyboard.press("k")
    expect(heading(judged)).to_have_text(re.compile("^Event 1 of"))
    settle(judged)
    judged.keyboard.press("j")
    expect(heading(judged)).to_have_text(re.compile("^Event 2 of"))

    rows(judged).first.click()
    expect(heading(judged)).to_have_text(re.compile("^Event 1 of"))
    judged.keyboard.press("ArrowDown")
    expect(heading(judged)).to_have_text(re.compile("^Event 2 of"))
    expect(rows(judged).nth(1)).to_have_attribute("aria-selected", "true")

    judged.get_by_role("link", name="New data").click()
    expect(judged.get_by_text("What was understood")).to_be_visible()
    judged.get_by_role("link", name="Investigate").click()
    expect(heading(judged)).to_have_text(re.compile("^Event 2 of"))


def test_the_table_can_be_put_in_the_order_of_time_and_taken_away(judged):
    by_severity = rows(judged).all_inner_texts()
    judged.get_by_role("columnheader", name="Start").click()
    by_time = rows(judged).all_inner_texts()
    days = [int(re.search(r"(\d+) Jan", text)[1]) for text in by_time]
    assert days == sorted(days)
    assert sorted(by_time) == sorted(by_severity)
    for button, beginning in (("Events as CSV", "rank,start"), ("Events as JSON", "{"), ("Report", "<!")):
        with judged.expect_download() as download:
            judged.get_by_role("button", name=button).click()
        assert download.value.path().read_text().lower().startswith(beginning)
        assert download.value.suggested_filename.startswith("spiky")


def test_a_smaller_budget_shows_fewer_events_without_learning_again(judged, home):
    runs_before = sorted((home / "runs").iterdir())
    many = rows(judged).count()
    judged.get_by_role("slider").first.press("Home")
    expect(judged.get_by_text("at most 1 event a month")).to_be_visible()
    expect(rows(judged).nth(many - 1)).to_have_count(0)
    assert asked(judged, "threshold") == "1/month"
    assert sorted((home / "runs").iterdir()) == runs_before


def test_channels_can_be_chosen_for_both_pictures(judged):
    titles = judged.locator(".stPlotlyChart .annotation-text")
    expect(titles.filter(has_text="flow")).to_have_count(2)
    judged.get_by_role("button", name="Channels").click()
    judged.get_by_role("combobox", name="Channels to draw").fill("pressure")
    judged.get_by_role("combobox", name="Channels to draw").press("Enter")
    expect(titles.filter(has_text="flow")).to_have_count(0)
    expect(titles.filter(has_text="pressure")).to_have_count(2)


def test_the_self_test_shows_what_would_be_caught_and_the_line_on_the_twin(judged):
    judged.get_by_role("button", name="Test this detector").click()
    table = judged.locator(".ts-caught")
    expect(table.get_by_role("rowheader", name="level shift")).to_be_visible()
    expect(table.locator("td").first).to_have_text(re.compile(r"\d of \dstand out \d, twin \d"))
    expect(judged.get_by_text(re.compile(r"of \d+ injected anomalies|not to be trusted|is refused"))).to_be_visible()
    judged.reload()
    expect(table).to_be_visible()


def test_colours_follow_the_theme_of_the_browser(judged):
    line = judged.locator(".stPlotlyChart .scatterlayer .js-line").first
    expect(line).to_have_css("stroke", rgb(LIGHT.actual))
    judged.emulate_media(color_scheme="dark")
    judged.reload()
    wait_for_events(judged)
    expect(line).to_have_css("stroke", rgb(DARK.actual))


def rgb(colour):
    return "rgb({}, {}, {})".format(*(int(colour[at : at + 2], 16) for at in (1, 3, 5)))


# --- what must not happen --------------------------------------------------------------------------------------------


def test_names_that_are_markup_stay_text_everywhere(page, address):
    file = spiky(names=(f"={HOSTILE}\u202e{'x' * 10_000}",))
    name = f"{HOSTILE}.csv".replace("/", "|")  # which no browser lets stand in a file's name
    upload(page, address, {**file, "name": name})
    expect(page.locator(".ts-title").first).to_have_text(name)
    expect(page.locator(".ts-facts")).to_contain_text("<img src=x onerror=alert(1)> <b>b</b>")
    start(page, steps=5)
    wait_for_events(page)
    expect(rows(page).first).to_contain_text("<img src=x onerror=alert(1)>")
    title = page.locator(".stPlotlyChart .annotation-text").first
    expect(title).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("a[href*=evil]").count() == 0
    assert page.locator(".main-svg tspan[style*=bold]").count() == 0
    assert "\u202e" not in page.inner_text("body")
    assert "x" * 1_000 not in page.inner_text("body")
    events, report = (taken_away(page, button) for button in ("Events as CSV", "Report"))
    assert all(row["channels"].startswith("'=<img") for row in csv.DictReader(io.StringIO(events)))
    assert "<img" not in report.replace("&lt;img", "")
    page.set_content(report)
    assert page.locator("img[src=x], a[href*=evil]").count() == 0


def taken_away(page, button):
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return download.value.path().read_text()


def test_a_message_with_markup_in_it_stays_text(page, address):
    name = "[link](http://evil) ![](http://evil) :tada: :red[r] $x^2$ **bold** <b>.csv"
    upload(page, address, {"name": name.replace("/", "|"), "mimeType": "text/csv", "buffer": b"\x00\x01\x02"})
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_contain_text("**bold** <b>.csv")
    said = alert.inner_text().replace("\u2060", "")
    assert ":tada: :red[r] $x^2$" in said
    assert alert.locator("a, img, strong, b, .katex").count() == 0


def test_an_unknown_run_shows_the_way_to_begin(page, address):
    page.goto(f"{address}/investigate?run=../../etc&event=x&threshold=0/never")
    expect(page.get_by_text("This file is not here any more")).to_be_visible()
    page.get_by_role("button", name="New data").click()
    expect(page.get_by_text("Find what is unusual in a time series")).to_be_visible()


def test_an_address_with_nonsense_in_it_shows_the_run_as_it_was_asked_for(page, address, judged_run):
    page.goto(f"{address}/investigate?run={judged_run}&event=-1e9&threshold=<b>")
    wait_for_events(page)
    assert asked(page, "threshold") == "1/day"
    expect(heading(page)).to_have_text(re.compile("^Event 1 of"))


def test_one_session_does_not_see_what_another_uploaded(page, address, context):
    upload(page, address, spiky())
    expect(page.get_by_text("What was understood")).to_be_visible()
    stranger = context.new_page()
    stranger.goto(address)
    expect(stranger.get_by_text("Find what is unusual in a time series")).to_be_visible()
    assert "spiky" not in stranger.inner_text("body")
    stranger.close()
