"""The workspace's views in a real browser: verdicts, jobs, models, thresholds, and what several analysts do at once."""

import re
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from browser.analysts import Judged, judge_at_once
from browser.conftest import PATIENCE
from browser.files import spiky
from browser.journey import settle, start, upload, wait_for_events
from browser.serving import dashboard
from playwright.sync_api import TimeoutError, expect
from postgres import DATABASES, new_workspace

from tsanomaly.workspace import Outcome, SeriesResult, Workspace

pytestmark = pytest.mark.browser

HOSTILE = "=cmd|' /C calc'!A0 <img src=x onerror=alert(1)> [link](http://evil) :tada: **bold**\u202e"


@pytest.fixture(scope="module")
def workspace(address, home):
    with Workspace.open(home / "workspace.db") as found:
        yield found


@pytest.fixture(scope="module")
def plant(workspace):
    """A job whose events were found by nobody in particular, of three series; one has a hostile name."""
    workspace.jobs.put("plant", 'name = "plant"\n[source]\nkind = "files"\npath = "plant/*.csv"\n')
    found_by(workspace, "plant", dict.fromkeys(("boiler", "mill", HOSTILE), 6))
    return "plant"


def found_by(workspace, job, counts, begin=datetime(2026, 5, 1, tzinfo=UTC)):
    """Commit a run with so many events a series."""
    run = workspace.runs.claim(job, begin, "test", timedelta(minutes=1), begin)
    results = []
    for name, count in counts.items():
        events = [
            {
                "start": begin + timedelta(hours=5 * i),
                "end": begin + timedelta(hours=5 * i + 1),
                "peak_time": begin + timedelta(hours=5 * i),
                "severity": 20.0 + i,
                "score": 2.0 + i,
                "direction": "above",
                "kind": "spike",
                "channels": [{"name": name, "share": 1.0, "direction": "above"}],
                "threshold": 1.0,
            }
            for i in range(count)
        ]
        end = begin + timedelta(days=40)
        results.append(SeriesResult(name, Outcome.SUCCEEDED, HOSTILE, begin, end, end, events, 1000))
    workspace.commit(run, results, begin)
    counts = {"series": len(results), "rows": 1000 * len(results), "events": sum(counts.values())}
    workspace.runs.finish(run, Outcome.SUCCEEDED, begin + timedelta(minutes=1), counts=counts)


def listed(page):
    return page.locator("tbody tr[aria-selected]")


def button(page, name):
    return page.get_by_role("button", name=re.compile(f"^{name}"))


def no_markup_in(page):
    settle(page)
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("a[href*=evil]").count() == 0
    assert "Traceback" not in page.inner_text("body")


# --- the journey -----------------------------------------------------------------------------------------------------


def test_from_an_upload_to_a_verdict_to_a_scheduled_job_to_its_event(page, address, workspace):
    upload(page, address, {**spiky(names=("pressure", "flow")), "name": "journey.csv"})
    start(page, steps=5)
    wait_for_events(page)

    button(page, "False alarm").click()
    apply = button(page, "Apply: False alarm")
    expect(apply).to_be_visible()
    expect(page.get_by_text(re.compile(r"would go and \d+ would stay"))).to_be_visible()
    page.get_by_role("textbox", name="Note").fill("the sensor was cleaned <b>")
    page.get_by_role("textbox", name="Note").press("Enter")
    settle(page)
    apply.click()
    in_force = page.get_by_text(re.compile("^False alarm, by .*: the sensor was cleaned <b>"))
    expect(in_force).to_be_visible()
    event = workspace.events.list("journey", verdict="false alarm")[0]
    page.reload()
    expect(in_force).to_be_visible()
    assert f"event={event.id}" in page.url

    button(page, "Undo").first.click()
    button(page, "Undo the verdict").click()
    expect(in_force).to_have_count(0)
    assert workspace.events.get(event.id).verdict is None
    assert [said.undone_at is None for said in workspace.verdicts.history(event.id)] == [False]

    page.go_back()
    page.goto(f"{address}/investigate?run={run_saved_as(workspace, 'journey')}")
    wait_for_events(page)
    button(page, "Make it a scheduled job").click()
    expect(page.get_by_text('cron = "5 * * * *"')).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("Journey, hourly")
    page.get_by_role("textbox", name="Name").press("Enter")
    expect(page.get_by_text('name = "journey-hourly"')).to_be_visible()
    settle(page)
    button(page, "Create the job").click()
    expect(page.locator(".ts-title")).to_contain_text("journey-hourly")
    expect(page.locator(".ts-facts")).to_contain_text("5 * * * * (UTC)")
    button(page, "Run now").click()
    expect(page.get_by_text(re.compile("The run ended: (succeeded|found nothing)"))).to_be_visible()

    page.get_by_role("link", name="Its events").click()
    expect(listed(page).first).to_be_visible()
    assert workspace.events.list("journey-hourly")
    assert "job=journey-hourly" in page.url


def run_saved_as(workspace, job):
    """The run behind a saved job: its upload is kept under its name."""
    return re.search(r"uploads/([0-9a-f]{32})/", workspace.jobs.get(job).toml)[1]


# --- several analysts, many events -----------------------------------------------------------------------------------


def test_two_who_judge_the_same_event_do_not_overwrite_each_other(page, context, address, workspace, plant):
    event = workspace.events.list(plant, "mill")[0]
    other = context.new_page()
    for each in (page, other):
        each.goto(f"{address}/investigate?event={event.id}&job={plant}")
        button(each, "True" if each is page else "False alarm").click()
        expect(button(each, "Apply")).to_be_visible()
        settle(each)
    button(page, "Apply: True").click()
    expect(page.get_by_text(re.compile("^True, by"))).to_be_visible()
    button(other, "Apply: False alarm").click()
    expect(other.get_by_test_id("stAlert").first).to_contain_text("was judged by somebody else meanwhile")
    expect(other.get_by_text(re.compile("^True, by"))).to_be_visible()
    assert workspace.events.get(event.id).verdict == "true"
    settle(other)
    button(other, "Apply: False alarm").click()
    expect(other.get_by_text(re.compile("^False alarm, by"))).to_be_visible()
    assert [str(said.judgement) for said in workspace.verdicts.history(event.id)] == ["true", "false alarm"]
    other.close()


@pytest.mark.parametrize("kind", DATABASES)
def test_of_four_who_judge_an_event_at_the_same_moment_one_is_heard_and_three_are_told(kind, browser, tmp_path):
    url = new_workspace(kind, tmp_path)
    with Workspace.open(url) as shared:
        found_by(shared, "mill", {"north": 2})
        event = shared.events.list()[0]
        with dashboard(tmp_path, TSANOMALY_WORKSPACE=url) as address, four_contexts(browser) as pages:
            outcome = judge_at_once(pages, f"{address}/investigate?event={event.id}&job=mill")
        assert outcome == Judged(applied=1, told_of_conflict=3)
        assert len(shared.verdicts.history(event.id)) == 1


@contextmanager
def four_contexts(browser):
    """A page in each of four, which share nothing; four browsers are as much to the server."""
    contexts = [browser.new_context() for _ in range(4)]
    for context in contexts:
        context.set_default_timeout(PATIENCE)
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def test_events_are_filtered_by_words_ticked_and_judged_together(page, address, workspace, plant):
    page.goto(f"{address}/investigate?job={plant}&show=all")
    expect(listed(page)).to_have_count(18)
    page.get_by_placeholder("Filter").fill("boiler")
    expect(listed(page)).to_have_count(6)
    page.get_by_role("checkbox", name="Mark all that are listed").click()
    expect(page.get_by_text("6 events ticked.")).to_be_visible()
    settle(page)
    page.get_by_role("combobox", name="Judge them all as").click()
    page.get_by_role("option", name="False alarm").click()
    # another test may have judged one of the others
    foreseen = re.compile("Of 1[78] events shown in the last three months, 6 would go and")
    expect(page.get_by_text(foreseen)).to_be_visible()
    button(page, "Apply").last.click()
    expect(page.get_by_text("6 events judged: False alarm.").last).to_be_visible()
    assert {str(event.verdict) for event in workspace.events.list(plant, "boiler")} == {"false alarm"}
    settle(page)
    button(page, "Undo them").click()
    expect(page.get_by_text("6 events as before.")).to_be_visible()
    assert {event.verdict for event in workspace.events.list(plant, "boiler")} == {None}


def test_a_verdict_needs_no_mouse_and_leads_on_to_the_next_one_that_is_open(page, address, workspace):
    found_by(workspace, "keys", {"mill": 4})
    page.goto(f"{address}/investigate?job=keys")
    expect(page.get_by_text("Event 1 of 4")).to_be_visible()
    expect(listed(page).first).to_be_visible()
    settle(page)
    page.get_by_role("combobox", name="Severity").click()
    page.get_by_role("option", name="20 and more").click()
    expect(page).to_have_url(re.compile("severity=20"))  # letters are still heard, though a list had the focus
    settle(page)
    page.keyboard.press("j")
    expect(page.get_by_text("Event 2 of 4")).to_be_visible()
    settle(page)
    page.keyboard.press("m")
    expect(button(page, "Apply: Maintenance")).to_be_visible()
    settle(page)
    page.keyboard.press("Escape")
    expect(button(page, "Apply: Maintenance")).to_have_count(0)
    settle(page)
    page.keyboard.press("u")
    expect(button(page, "Apply: Unclear")).to_be_visible()
    settle(page)
    page.keyboard.press("a")
    expect(page.get_by_text(re.compile("^Unclear, by"))).to_be_visible()
    expect(listed(page)).to_have_count(3)
    settle(page)
    page.keyboard.press("j")
    expect(page.get_by_text("Event 2 of 3")).to_be_visible()
    assert [event.verdict for event in workspace.events.list("keys")] == [None, "unclear", None, None]


def test_a_list_that_becomes_shorter_is_never_blank_wherever_it_was_scrolled_to(page, address, workspace):
    found_by(workspace, "long", {"many": 300, "few": 3})
    page.goto(f"{address}/investigate?job=long&show=all")
    expect(listed(page).first).to_be_visible()
    settle(page)
    body = page.locator("tbody")
    body.evaluate("""body => {
        const rows = () => body.querySelectorAll("[aria-selected]").length;
        const seen = () => { body.dataset.least = Math.min(body.dataset.least ?? 1e9, rows()); };
        new MutationObserver(seen).observe(body, { childList: true });
        body.closest(".frame").scrollTop = 1e6;
    }""")
    expect(listed(page).last).to_be_visible()
    page.get_by_role("combobox", name="Series").click()
    page.get_by_role("option", name="few").click()
    expect(listed(page)).to_have_count(3)
    assert body.get_attribute("data-least") == "3"


def test_keys_lead_through_the_events_and_a_note_stays(page, address, workspace, plant):
    page.goto(f"{address}/investigate?job={plant}&series=mill&show=all")
    expect(page.get_by_text("Event 1 of 6")).to_be_visible()
    expect(listed(page).first).to_be_visible()  # keys are heard once all of the page is there
    settle(page)
    page.keyboard.press("j")
    expect(page.get_by_text("Event 2 of 6")).to_be_visible()
    event = workspace.events.list(plant, "mill")[1]
    expect(page).to_have_url(re.compile(f"event={event.id}"))
    settle(page)
    page.get_by_role("radio", name="History").click()
    page.get_by_role("textbox", name="A note for others").fill(HOSTILE)
    button(page, "Add").click()
    expect(page.locator(".ts-story")).to_contain_text("=cmd|' /C calc'!A0 <img src=x onerror=alert(1)>")
    expect(page.locator(".ts-story")).to_contain_text("A run of plant: found")
    assert [note.text for note in workspace.notes.list(event.id)] == [HOSTILE]
    no_markup_in(page)


@pytest.mark.parametrize(("zone", "clock"), [("Asia/Tokyo", "09:00"), ("Nowhere/Else", "00:00")])
def test_a_link_with_a_zone_is_on_its_clock_at_once(page, address, workspace, plant, zone, clock):
    first = workspace.events.list(plant, "boiler", order="start")[-1]
    page.goto(f"{address}/investigate?event={first.id}&job={plant}&zone={zone}")
    expect(page.get_by_role("heading", name=f"boiler · 1 May 2026, {clock}")).to_be_visible()


def test_an_event_whose_readings_are_gone_says_so_and_shows_what_is_known(page, address, workspace, plant):
    event = workspace.events.list(plant, HOSTILE)[0]
    page.goto(f"{address}/investigate?event={event.id}&job={plant}")
    expect(page.get_by_test_id("stAlert")).to_contain_text("has no model")
    expect(page.locator(".ts-share")).to_contain_text("100 %")
    no_markup_in(page)


# --- overview, jobs, models, threshold -------------------------------------------------------------------------------


def test_the_overview_leads_from_a_lane_to_its_event(page, address, workspace, plant):
    page.goto(f"{address}/overview")
    marks = page.locator(".stPlotlyChart .scatterlayer .points path")
    expect(marks.first).to_be_visible()
    expect(page.locator(".ts-tiles")).to_contain_text("open events")
    settle(page)
    no_markup_in(page)
    told, opened = page.locator(".hoverlayer .hovertext"), re.compile(r"/investigate\?event=[0-9a-f]{16}")
    for _ in range(100):  # the axis makes room for long names, and the marks move with it
        box = marks.last.bounding_box()
        place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(*place)
        page.wait_for_timeout(100)
        if told.count():
            page.mouse.click(*place)
            with suppress(TimeoutError):  # they moved right then
                page.wait_for_url(opened, timeout=3000)
                break
        page.mouse.move(2, 2)
    expect(page).to_have_url(opened)


def test_a_job_is_paused_changed_refused_and_undone(page, address, workspace, plant):
    page.goto(f"{address}/jobs?job={plant}")
    button(page, "Pause").click()
    expect(button(page, "Resume")).to_be_visible()
    assert not workspace.jobs.get(plant).enabled
    button(page, "Resume").click()
    expect(button(page, "Pause")).to_be_visible()
    page.get_by_role("radio", name="Settings").click()
    before = workspace.jobs.get(plant).toml
    field = page.get_by_role("textbox", name="TOML")
    field.fill(before + '\n[threshold]\nbudjet = "1/day"\n')
    field.press("Control+Enter")
    settle(page)
    button(page, "Save").click()
    expect(page.get_by_test_id("stAlert")).to_contain_text(
        "line 7: threshold.budjet is not known here; did you mean budget?"
    )
    field.fill(before + '\n[threshold]\nbudget = "1/day"\n')
    field.press("Control+Enter")
    settle(page)
    button(page, "Save").click()
    expect(page.locator(".ts-facts")).to_contain_text("1 event a day")
    page.get_by_role("radio", name="Changes").click()
    button(page, "Undo the last change").click()
    expect(page.locator(".ts-facts")).to_contain_text("3 events a week")
    assert workspace.jobs.get(plant).toml == before
    page.get_by_role("radio", name="Runs").click()
    no_markup_in(page)


@pytest.fixture(scope="module")
def kept(workspace, judged_run, home):
    """The judged run, saved as a job with its model and scores."""
    import saving
    from runs import Runs

    return saving.save(Runs(home / "runs").open(judged_run), "1/day", workspace, "ada")


def test_the_studio_answers_while_the_slider_moves_and_its_threshold_can_be_applied(page, address, workspace, kept):
    page.goto(f"{address}/threshold?job={kept}")
    told = page.locator(".told")
    expect(told).to_contain_text("threshold (score)")
    settle(page)
    events = told.locator("b").first
    before = int(events.inner_text())
    slider = page.get_by_role("slider", name="Setting of the rule")
    slider.press("Home")
    expect(page.locator(".set output")).to_have_text("1 event a month")
    expect(page.get_by_text(re.compile(r"^Go: \d+ event"))).to_be_visible()
    assert int(events.inner_text()) < before
    assert float(page.locator(".studio").get_attribute("data-took")) < 300
    settle(page)
    button(page, "Apply").click()
    expect(page.locator(".ts-title")).to_contain_text("in force: 1 event a month")
    assert 'budget = "1/month"' in workspace.jobs.get(kept).toml
    settle(page)
    button(page, "Undo").click()
    expect(page.locator(".ts-title")).to_contain_text("in force: 1 event a day")


def test_a_line_drawn_by_hand_is_a_quantile(page, address, kept):
    page.goto(f"{address}/threshold?job={kept}")
    canvas = page.get_by_role("img", name="Score over time")
    expect(canvas).to_be_visible()
    settle(page)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 120, steps=3)
    expect(page.locator(".set output")).to_contain_text("by hand")
    told = page.locator(".told b").first.inner_text()
    page.mouse.up()
    expect(page).to_have_url(re.compile("threshold=quantile"))
    expect(page.locator(".set output")).to_contain_text("of rows stay below")
    expect(page.locator(".told b").first).to_have_text(told)


def test_a_model_shows_its_training_its_drift_and_takes_turns(page, address, workspace, kept):
    page.goto(f"{address}/models?job={kept}")
    expect(page.locator(".stPlotlyChart .main-svg").first).to_be_visible()
    expect(page.locator(".ts-facts")).to_contain_text("2: pressure, flow")
    page.get_by_role("radio", name="Drift since").click()
    expect(page.get_by_text("It learned from rows until")).to_be_visible()  # and none came after them
    expect(page.get_by_text("Kept: columns, step, units")).to_be_visible()
    page.get_by_role("radio", name="Compare with another").click()
    expect(page.get_by_text("There is no other version yet")).to_be_visible()


# --- an empty workspace ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "says"),
    [
        ("overview", "The workspace is empty."),
        ("investigate", "The workspace holds no events yet."),
        ("threshold", "There is nothing to lay a threshold on yet"),
        ("models", "No model is kept yet."),
        ("jobs", "No job is registered yet."),
    ],
)
def test_an_empty_view_says_what_to_do_next(page, empty_address, view, says):
    page.goto(f"{empty_address}/{view}")
    expect(page.get_by_text(re.compile(says))).to_be_visible()
    (page.get_by_role("button", name="New data").or_(page.get_by_role("link", name="New data").last)).last.click()
    expect(page.get_by_text("Find what is unusual in a time series")).to_be_visible()
