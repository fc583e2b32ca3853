"""Labels come back from every format as they were, as far as the format can say it; hostile text stays text."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.detection.verdicts import Judgement
from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.series import Series
from tsanomaly.workspace.labels import Label, LabelFormat, read_labels, write_labels

START = datetime(2026, 3, 28, 18, 10, tzinfo=UTC)
HOSTILE = [
    "=cmd|'/c calc'!A0",
    "'=x",
    "'",
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    'a,"b"\n;c\r\nd',
    "x" * 10_000,
]

text = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))
labels = st.builds(
    lambda series, start, lasting, judgement, note, author, channels: Label(
        series, start, start + lasting, judgement, note, author, tuple(channels)
    ),
    text.filter(bool),
    moments,
    st.timedeltas(timedelta(0), timedelta(days=30)),
    st.sampled_from(Judgement),
    text,
    text,
    st.lists(text, max_size=3),
)


def pump(rows=40, channels=("flow, m³/h", "=heat")):
    times = np.datetime64("2026-03-28T18:00", "ns") + np.arange(rows) * np.timedelta64(300 * 10**9, "ns")
    values = np.arange(rows * len(channels), dtype=float).reshape(rows, -1) / 7
    return Series(times, values, channels, np.timedelta64(300 * 10**9, "ns"), "Europe/Berlin", None, "pump")


@settings(deadline=None)
@given(st.lists(labels, max_size=4))
def test_our_own_formats_bring_back_everything(given_labels):
    for format in (LabelFormat.JSON, LabelFormat.CSV):
        assert read_labels(write_labels(given_labels, format), format) == tuple(given_labels)


@settings(deadline=None)
@given(st.lists(labels, min_size=1, max_size=4))
def test_our_own_formats_are_recognised(given_labels):
    for format in (LabelFormat.JSON, LabelFormat.CSV):
        assert read_labels(write_labels(given_labels, format).encode()) == tuple(given_labels)


@settings(deadline=None)
@given(st.lists(labels, max_size=4))
def test_nab_brings_back_true_anomalies_with_series_and_times(given_labels):
    true = [label for label in given_labels if label.judgement is Judgement.TRUE]
    expected = [Label(label.series, label.start, label.end) for label in true]
    back = read_labels(write_labels(given_labels, "nab"), "nab")
    assert sorted(back, key=repr) == sorted(expected, key=repr)


@settings(deadline=None)
@given(st.lists(labels, max_size=4))
def test_label_studio_brings_back_everything(given_labels):
    back = read_labels(write_labels(given_labels, "label-studio"), "label-studio")
    assert sorted(back, key=repr) == sorted(given_labels, key=repr)


@settings(deadline=None)
@given(st.lists(labels, max_size=4))
def test_lookout_brings_back_the_times_of_true_anomalies(given_labels):
    true = [label for label in given_labels if label.judgement is Judgement.TRUE]
    back = read_labels(write_labels(given_labels, "lookout"), "lookout", series="pump")
    assert back == tuple(Label("pump", label.start, label.end) for label in true)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 39), min_size=2, max_size=6, unique=True).map(sorted),
    st.lists(st.sampled_from([(), ("=heat",), ("flow, m³/h",)]), min_size=3, max_size=3),
    st.lists(st.sampled_from(Judgement), min_size=3, max_size=3),
)
def test_trainset_brings_back_rows_judgements_and_channels(edges, channels, judgements):
    series = pump()
    step = timedelta(minutes=5)
    first = datetime(2026, 3, 28, 18, tzinfo=UTC)
    spans = [(edges[k], edges[k + 1] - 1) for k in range(0, len(edges) - 1, 2)]
    given_labels = [
        Label("pump", first + a * step, first + b * step, judgement, "", "", chosen)
        for (a, b), chosen, judgement in zip(spans, channels, judgements, strict=False)
        if b > a
    ]
    written = write_labels(given_labels, "trainset", [series])
    assert read_labels(written, series="pump") == tuple(given_labels)
    assert len(written.split("\r\n")) == 2 + 2 * 40


def test_trainset_needs_the_readings():
    with pytest.raises(DataError, match="holds the readings of one series; 0 were given"):
        write_labels([], "trainset")


def test_rows_of_a_series_without_a_clock_come_back_as_rows():
    given_labels = (Label("array", 10, 20), Label("array", 0, 3))
    for format in (LabelFormat.JSON, LabelFormat.CSV, LabelFormat.NAB, LabelFormat.LABEL_STUDIO):
        assert read_labels(write_labels(given_labels, format), format) == given_labels


def test_nab_s_own_file_is_read():
    file = """{
      "artificialNoAnomaly/art_daily_no_noise.csv": [],
      "realKnownCause/machine_temperature_system_failure.csv": [
        ["2013-12-10 06:25:00.000000", "2013-12-12 05:35:00.000000"],
        ["2013-12-15 17:50:00.000000", "2013-12-17 17:00:00.000000"]
      ]}"""
    first, second = read_labels(file)
    assert first.series == "realKnownCause/machine_temperature_system_failure.csv"
    assert (first.start, first.end) == (
        datetime(2013, 12, 10, 6, 25, tzinfo=UTC),
        datetime(2013, 12, 12, 5, 35, tzinfo=UTC),
    )
    assert second.judgement is Judgement.TRUE


def test_label_studio_s_own_exports_are_read_without_predictions_and_cancelled_ones():
    region = {"value": {"start": 1591149900, "end": "2020-06-03 03:05", "instant": False, "timeserieslabels": ["Run"]}}
    region |= {"id": "a", "from_name": "label", "to_name": "ts", "type": "timeserieslabels"}
    other = {"value": {"choices": ["good"]}, "type": "choices"}
    task = {
        "id": 1,
        "data": {"csv_url": "http://localhost/data/upload/1/abc-pump.csv?d=1", "csv": "/data/upload/1/abc-pump.csv"},
        "annotations": [
            {"result": [region, other], "was_cancelled": False, "completed_by": {"email": "a@example.org"}},
            {"result": [region], "was_cancelled": True},
        ],
        "predictions": [{"result": [region]}],
    }
    expected = Label(
        "abc-pump.csv",
        datetime(2020, 6, 3, 2, 5, tzinfo=UTC),
        datetime(2020, 6, 3, 3, 5, tzinfo=UTC),
        Judgement.TRUE,
        "Run",
        "a@example.org",
    )
    assert read_labels(json.dumps([task])) == (expected,)
    short = {"id": 1, "csv": "/data/upload/1/abc-pump.csv", "label": [region["value"]], "annotator": 1}
    assert read_labels(json.dumps([short])) == (replace(expected, author=""),)


def test_lookout_s_own_file_is_read_on_the_clock_of_a_zone():
    file = "2019-03-31T01:00:00.000000,2019-03-31T04:00:00.000000\n2019-04-01T10:00:00,2019-04-01T11:00:00,fault,note\n"
    first, second = read_labels(file, zone="Europe/Berlin", series="pump")
    assert first.end - first.start == timedelta(hours=2)  # the clock was put forward in that night
    assert second == Label("pump", datetime(2019, 4, 1, 8, tzinfo=UTC), datetime(2019, 4, 1, 9, tzinfo=UTC))


def test_a_cell_that_a_spreadsheet_would_run_is_written_after_an_apostrophe():
    written = write_labels([Label("=1+1", START, START, note="@cmd", author="-2")], "csv")
    assert written.splitlines()[1].startswith("'=1+1,2026-03-28T18:10:00+00:00,")
    assert ",'@cmd,'-2," in written


def test_another_tool_s_label_becomes_a_note():
    file = "series,timestamp,value,label\nflow,2026-01-01T00:00:00Z,1,valve stuck\nflow,2026-01-01T00:05:00Z,1,\n"
    [label] = read_labels(file, series="pump")
    assert (label.judgement, label.note) == (Judgement.TRUE, "valve stuck")
    assert label.end - label.start == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("content", "format", "sentence"),
    [
        (b"\xff\xfe\x00", None, "'labels' is not in UTF-8; save it so"),
        ("", None, "'labels' is in no format of labels that is known: json, csv, nab, "),
        ("[1, 2", None, "'labels' is no JSON; mend it, or say which format it is in"),
        ("[" * 100_000, None, "'labels' is no JSON"),
        ('{"labels": [{"start": "never"}], "format": 1}', None, "'labels' cannot be read as json: 'never' is no time"),
        ('{"labels": [{}], "format": 1}', None, "'labels' is not written as json is"),
        ('{"a": [["2026-01-02", "2026-01-01"]]}', None, "expected its end after its start"),
        ('{"a": [[1, "2026-01-01"]]}', None, "expected its end after its start"),
        ("a,b\n", "lookout", "'labels' cannot be read as lookout: 'a' is no time"),
        ('"a', "csv", "'labels' is no CSV: unexpected end of data"),
        ("{}", "label-studio", None),
        ('[{"annotations": [{"result": 5}]}]', None, "'labels' is not written as label-studio is"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(content, format, sentence):
    if sentence is None:
        assert read_labels(content, format) == ()
        return
    with pytest.raises(DataError) as raised:
        read_labels(content, format, name="labels")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_format_is_named():
    with pytest.raises(ConfigurationError, match="the format of labels is 'xml'; expected one of json, csv, nab"):
        read_labels("", "xml")
