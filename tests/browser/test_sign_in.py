"""Sign-in as the documentation has it, with a provider of our own: strangers see nothing, readers judge nothing."""

import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from browser.journey import settle
from browser.serving import dashboard
from playwright.sync_api import expect

from tsanomaly.workspace import Outcome, SeriesResult, Workspace

pytestmark = pytest.mark.browser

pytest.importorskip("authlib", reason="sign-in needs Authlib: pip install 'tsanomaly[auth]'")
pytest.importorskip("httpx", reason="sign-in needs httpx: pip install 'tsanomaly[auth]'")

from browser.identity import CLIENT, SECRET, provider  # noqa: E402  (it needs what is asked for above)

PEOPLE = {
    "Ada": {"sub": "1", "email": "ada@example.org", "email_verified": True, "name": "<b>Ada</b>"},
    "Eve": {"sub": "2", "email": "eve@example.org", "email_verified": True, "name": "ada@example.org"},
    "Mallory": {"sub": "3", "email": "ada@example.org", "email_verified": False},
}

SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "a long random text, and no other"
client_id = "{client}"
client_secret = "{secret}"
server_metadata_url = "{provider}/.well-known/openid-configuration"

[access]
editors = ["ada@example.org"]
"""


@pytest.fixture(scope="module")
def identity():
    with provider(PEOPLE) as found:
        yield found


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, identity):
    """The address of a dashboard that asks for sign-in, and its workspace with an event."""
    home = tmp_path_factory.mktemp("guarded")
    (home / ".streamlit").mkdir()
    text = SECRETS.format(client=CLIENT, secret=SECRET, provider=identity.address)
    (home / ".streamlit" / "secrets.toml").write_text(text, encoding="utf-8")
    with Workspace.open(home / "workspace.db") as workspace:
        with_an_event(workspace)
        with dashboard(home) as address:
            yield address, workspace


def with_an_event(workspace):
    begin = datetime(2026, 5, 1, tzinfo=UTC)
    workspace.jobs.put("plant", 'name = "plant"\n[source]\nkind = "files"\npath = "plant/*.csv"\n')
    event = {"start": begin, "end": begin + timedelta(hours=1), "peak_time": begin, "severity": 20.0, "score": 2.0}
    event |= {"direction": "above", "kind": "spike", "threshold": 1.0}
    event["channels"] = [{"name": "flow", "share": 1.0, "direction": "above"}]
    run = workspace.runs.claim("plant", begin, "test", timedelta(minutes=1), begin)
    until = begin + timedelta(days=1)
    workspace.commit(run, [SeriesResult("boiler", Outcome.SUCCEEDED, "", begin, until, until, [event], 24)], begin)
    workspace.runs.finish(run, Outcome.SUCCEEDED, begin, counts={"series": 1, "rows": 24, "events": 1})


@pytest.fixture
def visitor(browser):
    """A page with cookies of its own, as another person's browser has."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(90_000)
    yield context.new_page()
    context.close()


def signed_in(page, address, name):
    page.goto(address)
    settle(page)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=name).click()
    expect(page.get_by_text(re.compile("^Signed in as"))).to_be_visible()


def at_the_event(page, address):
    page.goto(f"{address}/investigate?job=plant&show=all")
    expect(page.get_by_text("Event 1 of 1")).to_be_visible()
    expect(page.locator("tbody tr[aria-selected]")).to_be_visible()  # buttons and keys answer once all is there
    settle(page)


def verdict(page, name):
    return page.get_by_role("button", name=re.compile(f"^{name}"))


@pytest.mark.parametrize("view", ["", "overview", "investigate?job=plant", "jobs?job=plant", "models"])
def test_a_stranger_sees_the_way_in_and_nothing_else(visitor, guarded, view):
    address, _ = guarded
    visitor.goto(f"{address}/{view}")
    expect(visitor.get_by_role("button", name="Sign in")).to_be_visible()
    settle(visitor)
    body = visitor.inner_text("body")
    assert not re.search("boiler|plant|Investigate|Overview|Sign out", body), body
    assert visitor.locator("input[type=file]").count() == 0


def test_an_editor_judges_under_the_address_that_was_signed_in_with_and_signs_out(visitor, guarded, identity):
    address, workspace = guarded
    signed_in(visitor, address, "Ada")
    assert identity.signed_in[-1] == "Ada"
    expect(visitor.get_by_text("Signed in as ada@example.org.")).to_be_visible()
    at_the_event(visitor, address)
    verdict(visitor, "True").click()
    expect(verdict(visitor, "Apply: True")).to_be_visible()
    assert visitor.get_by_role("textbox", name="Your name").count() == 0
    settle(visitor)
    verdict(visitor, "Apply: True").click()
    expect(visitor.get_by_text(re.compile("^True, by ada@example.org"))).to_be_visible()
    [event] = workspace.events.list("plant")
    assert [said.author for said in workspace.verdicts.history(event.id)] == ["ada@example.org"]
    assert [entry.author for entry in workspace.audit.list(event.id)] == ["ada@example.org"]

    visitor.get_by_role("button", name="Sign out").click()
    expect(visitor.get_by_role("button", name="Sign in")).to_be_visible()
    visitor.goto(f"{address}/investigate?job=plant")
    expect(visitor.get_by_role("button", name="Sign in")).to_be_visible()


def test_who_signs_in_lands_on_the_link_they_came_by(visitor, guarded):
    address, workspace = guarded
    [event] = workspace.events.list("plant")
    link = f"{address}/investigate?event={event.id}&job=plant&show=all&zone=Asia%2FTokyo"
    signed_in(visitor, link, "Eve")
    expect(visitor.get_by_text(re.compile("boiler · 1 May 2026, 09:00, lasts"))).to_be_visible()  # Tokyo's clock
    landed, asked = urlsplit(visitor.url), urlsplit(link)
    assert (landed.netloc, landed.path, parse_qs(landed.query)) == (asked.netloc, asked.path, parse_qs(asked.query))
    visitor.goto(address)  # the link is taken up once
    expect(visitor.locator("input[type=file]")).to_have_count(1)


@pytest.mark.parametrize(
    "kept", ["//127.0.0.1:9/investigate?job=plant", "https://example.org/", "javascript:alert(1)?"]
)
def test_no_text_in_the_tab_leads_away_from_the_dashboard(visitor, guarded, kept):
    address, _ = guarded
    elsewhere = []
    visitor.on("request", lambda sent: elsewhere.append(sent.url) if address not in sent.url else None)
    visitor.goto(f"{address}/jobs?job=plant")
    settle(visitor)
    name = visitor.evaluate("Object.keys(sessionStorage).find(k => /tsanomaly/.test(k))")
    visitor.get_by_role("button", name="Sign in").click()
    expect(visitor.get_by_role("link", name="Eve")).to_be_visible()  # the door cannot write the link again from here on
    told = f"sessionStorage.setItem({json.dumps(name)}, {json.dumps(kept)})"
    visitor.add_init_script(f"if (location.origin === {json.dumps(address)}) {told}")
    visitor.get_by_role("link", name="Eve").click()
    expect(visitor.get_by_text(re.compile("^Signed in as"))).to_be_visible()
    settle(visitor)
    assert visitor.url.startswith(f"{address}/")
    assert not [url for url in elsewhere if re.search("example.org|:9/|javascript", url)]


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("Eve", "eve@example.org"),  # no editor, whatever name she goes by
        ("Mallory", "3"),  # who says that an editor's address is theirs, and has not proven it
    ],
)
def test_all_others_look_and_judge_nothing(visitor, guarded, name, known_as):
    address, workspace = guarded
    before = workspace.audit.list()
    signed_in(visitor, address, name)
    expect(visitor.get_by_text(f"Signed in as {known_as}, to look, not to change.")).to_be_visible()
    at_the_event(visitor, address)
    for judgement in ("True", "False alarm", "Maintenance", "Unclear", "New normal"):
        expect(verdict(visitor, judgement)).to_be_disabled()
    visitor.keyboard.press("f")
    settle(visitor)
    assert verdict(visitor, "Apply").count() == 0
    visitor.get_by_role("radio", name="History").click()
    settle(visitor)
    assert visitor.get_by_role("textbox", name="A note for others").count() == 0
    visitor.goto(f"{address}/jobs?job=plant")
    expect(verdict(visitor, "Pause")).to_be_disabled()
    expect(verdict(visitor, "Run now")).to_be_disabled()
    assert workspace.audit.list() == before


def test_a_cookie_that_somebody_made_up_opens_nothing(visitor, guarded):
    address, _ = guarded
    for name in ("_streamlit_user", "_streamlit_user_tokens"):
        visitor.context.add_cookies([{"name": name, "value": '{"email":"ada@example.org"}', "url": address}])
    visitor.goto(f"{address}/investigate?job=plant")
    expect(visitor.get_by_role("button", name="Sign in")).to_be_visible()
    assert "boiler" not in visitor.inner_text("body")
