"""Alerts from a run's end to a receiver: a real store on both databases, and a real HTTP server."""

import io
import json
import logging
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from receivers import serving

from tsanomaly.batch.alerts import alerts_of, deliver
from tsanomaly.batch.findings import EXPECTED, VALUE
from tsanomaly.batch.job_file import parse_job
from tsanomaly.detection.verdicts import Judgement
from tsanomaly.errors import LostRunError
from tsanomaly.workspace import AlertDraft, Outcome, SeriesResult, Workspace
from tsanomaly.workspace.calendars import Calendar

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def job(alerts="", name="pumps", channels='[[alerts.channels]]\nurl_env = "OPS"', rest=""):
    """A job that is due every hour."""
    return parse_job(
        f'name = "{name}"\n[source]\nkind = "files"\npath = "*.csv"\n'
        f'[schedule]\ncron = "0 * * * *"\nzone = "Europe/Berlin"\n{rest}\n[alerts]\n{alerts}\n{channels}\n'
    )


def event(start, hours, severity=50.0, channel="pressure"):
    end = start + timedelta(hours=hours)
    broke = [{"name": channel, "share": 0.8, "direction": "below"}, {"name": "flow", "share": 0.2, "direction": "both"}]
    found = {"start": start, "end": end, "peak_time": start, "severity": severity, "score": severity / 10}
    return found | {"direction": "below", "channels": broke, "kind": "level"}


class Plant:
    """Runs of a job, one an hour, as the runner makes them."""

    def __init__(self, workspace, job):
        self.workspace, self.job, self.at = workspace, job, NOON

    def run(self, found=None, outcome=None, message="", at=None, now=None, until=None, calendars=()):
        """Score all up to a time; what was found is ``{series: [events]}``, without series that had no data."""
        self.at = at or self.at + HOUR
        now = now or self.at
        run = self.workspace.runs.claim(self.job.name, self.at, "host:1", HOUR, now)
        until = until or self.at
        results = [
            SeriesResult(
                name,
                Outcome.SUCCEEDED if events else Outcome.FOUND_NOTHING,
                scored_from=NOON - DAY,
                scored_until=until,
                watermark=until,
                events=events,
                rows=10,
            )
            for name, events in (found or {}).items()
        ]
        self.workspace.commit(run, results, now, calendars=calendars)
        outcome = outcome or (Outcome.SUCCEEDED if any((found or {}).values()) else Outcome.FOUND_NOTHING)
        alerts = alerts_of(self.workspace, self.job, run, outcome, message, now)
        self.workspace.runs.finish(run, outcome, now, message=message, alerts=alerts)
        return deliver(self.workspace, now)


@pytest.fixture
def plant(workspace):
    return lambda *args, **settings: Plant(workspace, job(*args, **settings))


# --- what is told, and when again ---------------------------------------------------------------------------------


def test_a_new_event_is_told_once(plant, receiver):
    runs = plant('link_base = "https://anomalies.example.org"')
    found = {"pump-7": [event(NOON, 3, 62.4)]}
    assert runs.run(found).sent == 1
    assert runs.run(found).sent == 0
    assert receiver.titles == ["pumps: an anomaly, severity 62 of 100"]
    stored = runs.workspace.events.list("pumps")[0]
    key = receiver.keys[0]
    assert receiver.texts[0] == (
        "Run of 2 Mar 2026, 14:00 (Europe/Berlin)\n\n"
        "1. pump-7: severity 62 of 100, since 2 Mar 2026, 13:00, for 3 h so far\n"
        "   level: pressure 80 %, below expected; flow 20 %, above and below expected\n"
        f"   https://anomalies.example.org/investigate?job=pumps&event={stored.id}\n\n"
        f"alert {key[:12]}"
    )
    assert len(key) == 32


def test_all_of_a_run_is_one_message_and_the_worst_come_first(plant, receiver):
    runs = plant("most_events = 3")
    runs.run({f"pump-{n}": [event(NOON - HOUR, 0.5, 20 + n)] for n in range(8)})
    assert receiver.titles == ["pumps: 8 anomalies, the worst of severity 27 of 100"]
    assert [line.split(":")[0] for line in receiver.texts[0].splitlines() if "severity" in line] == [
        "1. pump-7",
        "2. pump-6",
        "3. pump-5",
    ]
    assert "And 5 more." in receiver.texts[0]


GROWING = (40, 49.9, 50.0, 59.9, 60)


def test_an_event_that_grows_is_told_again_and_one_that_hardly_does_is_not(plant, receiver):
    runs = plant()
    told = [runs.run({"pump": [event(NOON, hours, severity)]}).sent for hours, severity in enumerate(GROWING, start=1)]
    assert told == [1, 0, 1, 0, 1]
    assert "it has grown: severity was 40" in receiver.texts[1]
    assert "it has grown: severity was 50" in receiver.texts[2]


def test_an_event_that_lasts_is_told_again_after_the_interval(plant, receiver):
    runs = plant('repeat_after = "3h"')
    for hours in range(1, 8):
        runs.run({"pump": [event(NOON, hours)]})
    assert [text.splitlines()[0] for text in receiver.texts] == [
        f"Run of 2 Mar 2026, {hour}:00 (Europe/Berlin)" for hour in (14, 17, 20)
    ]
    assert all("it was told before, and lasts" in text for text in receiver.texts[1:])


def test_its_end_is_told_once_and_not_of_one_that_was_told_as_over(plant, receiver):
    runs = plant()
    found = {"a": [event(NOON, 1)], "b": [event(NOON - 3 * HOUR, 1)]}
    for _ in range(3):
        runs.run(found)
    assert receiver.titles == ["pumps: 2 anomalies, the worst of severity 50 of 100", "pumps: an anomaly is over"]
    assert "No longer going on:\n- a: over; 2 Mar 2026, 13:00, for 1 h, severity 50\n" in receiver.texts[1]


def test_an_event_that_late_data_take_back_is_told_as_withdrawn(plant, receiver):
    runs = plant()
    runs.run({"a": [event(NOON, 1)]})
    runs.run({"a": []})
    assert "- a: withdrawn;" in receiver.texts[1]


def test_recovery_can_be_left_out(plant, receiver):
    runs = plant("recovery = false")
    for _ in range(3):
        runs.run({"a": [event(NOON, 1)]})
    assert len(receiver.posts) == 1


def test_two_events_that_become_one_are_not_news(plant, receiver):
    runs = plant()
    runs.run({"a": [event(NOON, 0.25), event(NOON + HOUR / 2, 0.5)]})
    runs.run({"a": [event(NOON, 2)]})
    runs.run({"a": [event(NOON, 2)]})
    assert receiver.titles == ["pumps: 2 anomalies, the worst of severity 50 of 100", "pumps: an anomaly is over"]


@pytest.mark.parametrize(
    ("judgement", "messages"),
    [(Judgement.FALSE_ALARM, 1), (Judgement.MAINTENANCE, 1), (Judgement.NEW_NORMAL, 1), (Judgement.TRUE, 3)],
)
def test_a_verdict_that_it_was_no_anomaly_ends_the_talk_of_it(plant, receiver, judgement, messages):
    runs = plant()
    runs.run({"a": [event(NOON, 1)]})
    stored = runs.workspace.events.list("pumps")[0]
    runs.workspace.verdicts.give(stored.id, judgement, note="", author="a", now=NOON, seen_version=0)
    runs.run({"a": [event(NOON, 2, 90)]})
    runs.run({"a": [event(NOON, 2, 90)]})
    assert len(receiver.posts) == messages


def test_what_a_calendar_or_a_verdict_holds_back_is_told_when_it_is_shown(plant, receiver):
    runs = plant()
    cleaning = Calendar.once("cleaning", NOON - HOUR, NOON + HOUR / 2)
    for uid, entry in cleaning.to_entries().items():
        runs.workspace.calendars.put("works", uid, entry, author="a", now=NOON)
    assert runs.run({"a": [event(NOON, 0.25)]}, calendars=["works"]).sent == 0
    assert runs.run({"a": [event(NOON, 0.25)]}, calendars=["works"]).sent == 0
    assert runs.run({"a": [event(NOON, 3)]}, calendars=["works"]).sent == 1  # it went on after the cleaning


def test_each_channel_gets_what_is_severe_enough_for_it(plant, receiver, monkeypatch):
    with serving() as pager:
        monkeypatch.setenv("PAGER", pager.url)
        channels = '[[alerts.channels]]\nurl_env="OPS"\n[[alerts.channels]]\nurl_env="PAGER"\nmin_severity=60\n'
        runs = plant(channels=channels)
        for severity in (40, 55, 66):
            runs.run({"a": [event(NOON, 4, severity)]})
        assert (len(receiver.posts), pager.titles) == (3, ["pumps: an anomaly, severity 66 of 100"])
        assert not set(receiver.keys) & set(pager.keys)


def test_an_event_that_is_over_is_told_when_late_data_make_it_severe_enough(plant, receiver):
    runs = plant(channels='[[alerts.channels]]\nurl_env="OPS"\nmin_severity=60\n')
    told = [runs.run({"a": [event(NOON - 3 * HOUR, 1, severity)]}).sent for severity in (40, 55, 62, 65)]
    assert told == [0, 0, 1, 0]


# --- the alert budget ---------------------------------------------------------------------------------------------


def test_the_budget_lets_the_worst_through_and_the_next_message_counts_the_rest(plant, receiver):
    runs = plant('budget = "3/day"\nrecovery = false')
    runs.run({f"s{n}": [event(NOON - 2 * HOUR, 0.5, 30 + n)] for n in range(5)})
    assert receiver.titles == ["pumps: 3 anomalies, the worst of severity 34 of 100"]
    assert "2 events were held back by the budget of 3/day." in receiver.texts[0]
    assert runs.run({"other": [event(NOON - 2 * HOUR, 0.5, 99)]}).sent == 0  # the day's budget is used up
    runs.run({"late": [event(NOON + DAY, 0.5, 20)]}, at=NOON + DAY + 2 * HOUR)
    assert "1. late: severity 20" in receiver.texts[1]
    assert "1 event was held back by the budget of 3/day." in receiver.texts[1]


def test_an_event_that_the_budget_holds_back_is_counted_once_and_its_end_is_not_told(plant, receiver):
    runs = plant('budget = "1/day"')
    for hours in (1, 2, 3):
        runs.run({"a": [event(NOON, hours, 50)], "b": [event(NOON, hours, 40)]})
    runs.run({"a": [event(NOON, 3, 50)], "b": [event(NOON, 3, 40)]})
    assert receiver.titles == ["pumps: an anomaly, severity 50 of 100", "pumps: an anomaly is over"]
    assert "1 event was held back by the budget of 1/day." in receiver.texts[0]
    assert "held back" not in receiver.texts[1]
    assert "- a: over" in receiver.texts[1]


# --- silence ------------------------------------------------------------------------------------------------------


def test_three_runs_without_data_of_a_series_are_an_alert_and_its_return_is_told(plant, receiver):
    runs = plant()
    runs.run({"a": [], "b": []})
    for expected in (0, 0, 1, 0):
        assert runs.run({"a": []}).sent == expected
    assert receiver.titles == ["pumps: no data from one series"]
    assert "No data arrive:\n- b: nothing newer than 2 Mar 2026, 14:00, 3 h ago" in receiver.texts[0]
    runs.run({"a": [], "b": []})
    assert receiver.titles[1] == "pumps: data again from one series"
    assert "Data arrive again:\n- b" in receiver.texts[1]


def test_silence_is_counted_beyond_the_allowed_lateness(plant, receiver):
    runs = plant('no_data_after = "2h"', rest='[range]\nallowed_lateness = "90min"')
    runs.run({"a": []})
    assert [runs.run({}).sent for _ in range(5)] == [0, 0, 0, 1, 0]


def test_silence_that_goes_on_is_told_ever_more_rarely(plant, receiver):
    runs = plant('no_data_after = "1h"\nrepeat_after = "2h"')
    runs.run({"a": []})
    told = [hours for hours in range(1, 40) if runs.run({}).sent]
    assert told == [1, 3, 6, 12, 24]  # hours of silence; the interval is longer than twice the first


# --- failures -----------------------------------------------------------------------------------------------------


def test_a_failure_is_told_until_it_is_over_and_not_each_hour(plant, receiver):
    runs = plant('no_data_after = "30D"\nrepeat_after = "4h"')
    runs.run({"a": []})
    down = Outcome.SOURCE_UNREACHABLE
    told = [runs.run(outcome=down, message="postgresql://u:pa55word@db:5432 refused").sent for _ in range(6)]
    assert told == [1, 0, 0, 0, 1, 0]
    assert runs.run(outcome=Outcome.CRASHED, message="a fault").sent == 1  # another failure is news
    assert runs.run({"a": []}).sent == 1
    assert receiver.titles == [
        "pumps: source unreachable",
        "pumps: source unreachable",
        "pumps: crashed",
        "pumps: runs again, after 'crashed'",
    ]
    assert "Source unreachable: postgresql://***＠db:5432 refused." in receiver.texts[0]


def test_a_run_that_was_cancelled_says_nothing_and_ends_no_failure(plant, receiver):
    runs = plant()
    outcomes = (Outcome.CANCELLED, Outcome.CRASHED, Outcome.CANCELLED, Outcome.FOUND_NOTHING)
    assert [runs.run(outcome=outcome).sent for outcome in outcomes] == [0, 1, 0, 1]


# --- quiet hours --------------------------------------------------------------------------------------------------


def test_what_quiet_hours_held_leaves_as_one_message_without_what_is_over_by_then(plant, receiver):
    night = datetime(2026, 3, 2, 22, tzinfo=UTC)  # 23:00 in Berlin
    runs = plant('quiet_hours = [{ start = "22:00", end = "07:00" }]\nno_data_after = "30D"')
    runs.run({"a": [event(night, 1, 40)], "b": []}, at=night + HOUR)
    runs.run({"a": [event(night, 2, 70)], "b": [event(night, 0.5, 30)]})
    runs.run(outcome=Outcome.SOURCE_UNREACHABLE)
    runs.run({"a": [event(night, 2, 70)], "b": []})
    assert receiver.posts == []
    assert deliver(runs.workspace, datetime(2026, 3, 3, 5, 59, tzinfo=UTC)).sent == 0
    assert deliver(runs.workspace, datetime(2026, 3, 3, 6, tzinfo=UTC)).sent == 1
    assert deliver(runs.workspace, datetime(2026, 3, 3, 6, tzinfo=UTC)).sent == 0
    (text,) = receiver.texts
    assert text.startswith("4 runs, 3 Mar 2026, 00:00 to 3 Mar 2026, 03:00 (Europe/Berlin)")
    assert "It runs again; before, the outcome was: source unreachable." in text
    assert "1. a: severity 70 of 100, 2 Mar 2026, 23:00, for 2 h\n" in text
    assert "grown" not in text
    assert "- b: withdrawn" not in text or "1. b" not in text


BOTH = """
[[alerts.channels]]
url_env = "OPS"
[[alerts.channels]]
url_env = "OPS"
name = "on call"
quiet_hours = []
[[alerts.channels]]
url_env = "OPS"
name = "late shift"
quiet_hours = [{ start = "20:00", end = "23:30" }]
"""


def test_a_channel_s_own_quiet_hours_take_the_place_of_the_job_s(plant, receiver):
    night = datetime(2026, 3, 2, 22, tzinfo=UTC)  # 23:00 in Berlin
    runs = plant('quiet_hours = [{ start = "22:00", end = "07:00" }]', channels=BOTH)
    runs.run({"a": [event(night - HOUR, 1, 40)]}, at=night)
    due = {message.channel: message.due_at for message in runs.workspace.outbox.list("pumps")}
    assert len(receiver.posts) == 1
    assert due == {
        "OPS": datetime(2026, 3, 3, 6, tzinfo=UTC),
        "late shift": night + HOUR / 2,
        "on call": due["on call"],
    }
    assert deliver(runs.workspace, night + HOUR / 2).sent == 1
    assert deliver(runs.workspace, datetime(2026, 3, 3, 6, tzinfo=UTC)).sent == 1


# --- delivery -----------------------------------------------------------------------------------------------------


def test_what_does_not_leave_is_tried_again_ever_later_with_the_same_key(plant, receiver):
    runs = plant()
    receiver.status = 503
    assert runs.run({"a": [event(NOON, 1)]}).failed == 1
    (message,) = runs.workspace.outbox.list("pumps")
    assert "the receiver in OPS did not take the message" in message.error
    pauses, now = [], runs.at
    for _ in range(12):
        due = runs.workspace.outbox.list("pumps")[0].due_at
        assert deliver(runs.workspace, due - MINUTE / 2).failed == 0
        assert deliver(runs.workspace, due).failed == 1
        pauses.append((due - now) / MINUTE)
        now = due
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    receiver.status = 200
    assert deliver(runs.workspace, now + DAY).sent == 1
    assert receiver.keys == [message.key]


def test_a_sender_that_dies_after_sending_sends_the_same_key_again(plant, receiver):
    runs = plant()
    runs.run({"a": [event(NOON, 1)]})
    other = Plant(runs.workspace, job(name="others"))
    run = other.workspace.runs.claim("others", NOON, "host:1", HOUR, NOON)
    other.workspace.commit(
        run, [SeriesResult("a", Outcome.SUCCEEDED, "", NOON - DAY, NOON, NOON, [event(NOON, 1)])], NOON
    )
    alerts = alerts_of(other.workspace, other.job, run, Outcome.SUCCEEDED, "", NOON)
    other.workspace.runs.finish(run, Outcome.SUCCEEDED, NOON, alerts=alerts)
    (taken,) = other.workspace.outbox.take(NOON, HOUR)  # and dies
    assert deliver(other.workspace, NOON + MINUTE).sent == 0
    assert deliver(other.workspace, NOON + HOUR).sent == 1
    assert receiver.keys[-1] == taken.key


def test_one_receiver_that_is_down_holds_up_no_other(plant, receiver, monkeypatch):
    with serving() as down:
        monkeypatch.setenv("DOWN", down.url)
    channels = '[[alerts.channels]]\nurl_env="DOWN"\n[[alerts.channels]]\nurl_env="OPS"\n'
    assert vars(plant(channels=channels).run({"a": [event(NOON, 1)]})) == {"sent": 1, "failed": 1}
    assert len(receiver.posts) == 1


def test_a_run_that_was_taken_over_tells_what_an_undisturbed_one_does(tmp_path, receiver):
    found = {f"s{n}": [event(NOON, 1, 30 + n)] for n in range(4)}
    bodies = []
    for interrupted in (False, True):
        with Workspace.open(tmp_path / f"{interrupted}.sqlite") as store:
            own, at = job(), NOON + HOUR
            run = store.runs.claim(own.name, at, "one", HOUR, at)
            results = [
                SeriesResult(name, Outcome.SUCCEEDED, "", NOON - DAY, at, at, events) for name, events in found.items()
            ]
            if interrupted:
                store.commit(run, results[:2], at)
                lost, at = run, at + 2 * HOUR
                run = store.runs.claim(own.name, NOON + HOUR, "two", HOUR, at)
                with pytest.raises(LostRunError):
                    store.commit(lost, results[2:], at)
            store.commit(run, results, at)
            alerts = alerts_of(store, own, run, Outcome.SUCCEEDED, "", at)
            store.runs.finish(run, Outcome.SUCCEEDED, at, alerts=alerts)
            bodies.append([(message.key, message.body) for message in store.outbox.list()])
    assert bodies[0] == bodies[1]
    assert len(bodies[0][0][1]["content"]["events"]) == 4


def test_a_message_that_cannot_be_read_waits_and_harms_no_other(plant, receiver):
    runs = plant()
    runs.workspace.outbox.put("pumps", [AlertDraft("k", "OPS", {"of": "a later version"})], NOON)
    assert vars(runs.run({"a": [event(NOON, 1)]})) == {"sent": 1, "failed": 1}
    assert "cannot be read" in runs.workspace.outbox.list()[-1].error


# --- secrets and hostile names ------------------------------------------------------------------------------------


def test_no_secret_reaches_the_store_a_log_or_an_error(plant, receiver, caplog, capfd):
    runs = plant()
    with caplog.at_level(logging.DEBUG):
        runs.run({"a": [event(NOON, 1)]})
        receiver.status = 500
        runs.run({"a": [event(NOON, 2, 99)]})
        receiver.shutdown()
        receiver.server_close()
        deliver(runs.workspace, runs.at + DAY)
    stored = json.dumps([[dict(m.body), m.error] for m in runs.workspace.outbox.list()], default=str)
    said = caplog.text + "".join(str(vars(record)) for record in caplog.records) + stored + "".join(capfd.readouterr())
    for secret in ("hunter2secret", "T0KENT0KEN", "B0TB0TB0T"):
        assert secret not in said
    assert "did not take the message" in said
    assert not [record for record in caplog.records if record.name == "apprise"]  # whatever it may say one day


def test_no_part_of_an_address_is_in_an_error_though_apprise_names_it(plant, receiver, monkeypatch):
    monkeypatch.setenv("OPS", f"json://LocalHost:{receiver.server_port}/x")  # where services have their tokens
    runs = plant()
    receiver.status = 500
    runs.run({"a": [event(NOON, 1)]})
    receiver.shutdown()
    receiver.server_close()
    deliver(runs.workspace, runs.at + DAY)
    error = runs.workspace.outbox.list("pumps")[0].error
    assert "notification to ***" in error


@pytest.mark.parametrize("address", ["", "nonsense", "slack://", "json://"])
def test_an_address_that_cannot_be_used_is_named_by_its_variable(plant, receiver, monkeypatch, address):
    monkeypatch.setenv("OPS", address)
    runs = plant()
    assert runs.run({"a": [event(NOON, 1)]}).failed == 1
    assert "OPS" in runs.workspace.outbox.list("pumps")[0].error


def test_names_from_files_neither_call_people_nor_hide(plant, receiver):
    hostile = ["@everyone <!channel>", "=cmd()|'x'", "\u202egnihton", "x" * 10_000, "two\nlines"]
    plant().run({name: [event(NOON, 1, channel=name)] for name in hostile})
    text = receiver.texts[0]
    assert "@" not in text
    assert "\u202e" not in text
    assert len(text) < 3000
    assert "two\ufffdlines" in text


# --- the picture --------------------------------------------------------------------------------------------------


def store_scores(store, series, channel):
    times = pd.date_range(NOON - 6 * HOUR, NOON + HOUR, freq="5min", tz="UTC", inclusive="left")
    expected = np.sin(np.arange(len(times)) / 9)
    actual = expected + 3.0 * (times >= pd.Timestamp(NOON))
    actual[5:9] = math.nan
    columns = {"time": times, "score": np.abs(actual - expected), "threshold": 1.0}
    columns |= {VALUE + channel: actual, EXPECTED + channel: expected}
    frames = [pd.DataFrame({"series": name, **columns}) for name in (series, "b", "c", "d")]
    together = pd.concat(frames, ignore_index=True)
    return store.scores.write("pumps", together.assign(series=together["series"].astype("category")))


def test_the_worst_event_is_pictured(plant, receiver):
    runs = plant()
    run = runs.workspace.runs.claim("pumps", NOON - HOUR, "host:1", HOUR, NOON)
    runs.workspace.commit(run, [], NOON, parts=store_scores(runs.workspace, "a", "pressure"))
    runs.workspace.runs.finish(run, Outcome.SUCCEEDED, NOON)
    runs.run({"a": [event(NOON, 1)], "b": [event(NOON, 1, 20)]})
    (png,) = receiver.pictures(0)
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.size) == ("PNG", (900, 420))
    colours = np.asarray(image.convert("RGB")).reshape(-1, 3)
    for colour in ((0, 114, 178), (246, 217, 196), (213, 94, 0)):  # the measured line, the event's shade, the threshold
        assert (np.abs(colours.astype(int) - colour).max(axis=1) < 12).sum() > 100


def test_without_scores_the_message_leaves_without_a_picture(plant, receiver):
    plant().run({"a": [event(NOON, 1)]})
    assert receiver.pictures(0) == []
