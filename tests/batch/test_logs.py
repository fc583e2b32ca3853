"""Logs: what a line looks like, and what never gets into one."""

import io
import json
import logging
from datetime import UTC, datetime

import pytest

from tsanomaly.batch import logs
from tsanomaly.batch.logs import keep_out, redacted, start_logging

log = logging.getLogger("tsanomaly.batch.something")


@pytest.fixture
def lines(monkeypatch):
    """Start logging into a text; afterwards all is as it was."""
    root, own = logging.getLogger(), logging.getLogger("tsanomaly")
    before = root.handlers, root.level, own.level
    monkeypatch.setattr(logs, "_secret", set())
    stream = io.StringIO()

    def start(**settings):
        start_logging(stream=stream, **settings)
        return lambda: stream.getvalue().splitlines()

    yield start
    root.handlers, root.level, own.level = before


def test_a_plain_line(lines):
    written = lines()
    log.info("run finished", extra={"job": "pumps", "note": "a b", "seconds": 3.2})
    stamp, _, rest = written()[0].partition(" ")
    assert datetime.fromisoformat(stamp).tzinfo is not None
    assert rest == 'INFO run finished job=pumps note="a b" seconds=3.2'


def test_a_json_line_holds_what_the_record_was_given(lines):
    written = lines(as_json=True)
    until = datetime(2026, 3, 1, tzinfo=UTC)
    log.warning("late", extra={"job": "pumps", "until": until, "lag": 3, "worst": float("nan")})
    line = json.loads(written()[0], parse_constant=pytest.fail)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "tsanomaly.batch.something",
        "message": "late",
        "job": "pumps",
        "until": "2026-03-01T00:00:00+00:00",
        "lag": 3,
        "worst": "nan",
    }


def test_json_is_asked_for_by_the_environment(lines, monkeypatch):
    monkeypatch.setenv("TSANOMALY_LOG", "json")
    written = lines()
    log.info("x")
    assert json.loads(written()[0])["message"] == "x"


def test_starting_again_replaces_and_others_speak_from_warnings_on(lines):
    lines()
    written = lines()
    log.info("once")
    log.debug("never")
    logging.getLogger("urllib3").info("never")
    logging.getLogger("urllib3").warning("others")
    assert [line.split(" ", 2)[2] for line in written()] == ["once", "others"]


def test_a_message_is_one_line_and_drives_no_terminal(lines):
    written = lines()
    log.info("name\nINFO forged \x1b[2J\u202e")
    assert len(written()) == 1
    assert written()[0].endswith("INFO name\\nINFO forged \\x1b[2J\\u202e")


@pytest.mark.parametrize("as_json", [False, True])
def test_an_exception_is_one_line_without_secrets(lines, as_json):
    written = lines(as_json=as_json)
    try:
        raise OSError("postgresql://u:pa55word@db/x is away")
    except OSError:
        log.exception("run failed")
    assert "OSError: postgresql://***@db/x is away" in written()[0]
    assert len(written()) == 1


def test_where_an_exception_was_raised_is_shown_when_asked_for(lines, monkeypatch):
    monkeypatch.setenv("TSANOMALY_LOG", "json, debug")
    written = lines()
    try:
        raise OSError("password=hunter2")
    except OSError:
        log.exception("run failed")
    log.debug("detail")
    first, second = map(json.loads, written())
    assert "test_where_an_exception_was_raised" in first["error"]
    assert "hunter2" not in written()[0]
    assert second["message"] == "detail"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("no postgresql+psycopg://me:pa/55@w0rd@db:5432/x", "no postgresql+psycopg://***@db:5432/x"),
        ("password=hunter2 host=db", "password=*** host=db"),
        ("{'api_key': 'abc', 'n': 1}", "{'api_key': ***, 'n': 1}"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("https://example.org/a?token=abc&b=1", "https://example.org/a?token=***&b=1"),
        ("nothing hidden: 3 of 4", "nothing hidden: 3 of 4"),
    ],
)
def test_what_looks_secret_is_starred(said, shown):
    assert redacted(said) == shown


def test_a_known_secret_is_starred_whole_and_in_its_parts(lines):
    keep_out("slack://Tabcdef/Bghijkl/p%40ssword/?key=querysecret")
    said = redacted("POST /services/TABCDEF/Bghijkl with p@ssword or p%40ssword, querysecret")
    assert said == "POST /services/***/*** with *** or ***, ***"


@pytest.mark.parametrize("as_json", [False, True])
def test_secrets_are_kept_out_of_extras(lines, as_json):
    written = lines(as_json=as_json)
    keep_out('quo"te-secret')
    log.info("x", extra={"url": "json://u:pa55word@h/", "other": 'quo"te-secret'})
    assert "pa55word" not in written()[0]
    assert "te-secret" not in written()[0]
